/** Numbers and times as the report and the terminal show them. Minus is U+2212, units follow a no-break space, numbers that do not exist are "–". */

const NONE = "–";

/** Amounts of one currency, all with the same number of digits after the point, so that a column of them can be read. */
export interface MoneyFormat {
  /** 1234.5 -> "1,234.50". */
  money(value: number | null): string;
  /** With an explicit plus. */
  signedMoney(value: number | null): string;
}

/** Cents for an account of 50 or more of its currency; the smaller the account (one held in coins), the more digits, up to eight. */
export function moneyIn({ starting_balance }: { readonly starting_balance: number }): MoneyFormat {
  const digits =
    starting_balance >= 50 ? 2 : Math.min(8, 3 + Math.ceil(Math.log10(50 / Math.max(starting_balance, 1e-9))));
  const money = (value: number | null): string =>
    isNumber(value)
      ? minus(value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits }))
      : NONE;
  return {
    money,
    signedMoney: (value) =>
      isNumber(value) && value > 0 && /[1-9]/.test(money(value)) ? `+${money(value)}` : money(value),
  };
}

/** A difference of two counts. */
export function signedCount(value: number): string {
  return `${value > 0 ? "+" : ""}${minus(value.toLocaleString("en-US"))}`;
}

/** 0.1234 -> "12.3 %". */
export function percent(value: number | null, digits = 1): string {
  return isNumber(value) ? minus(`${(value * 100).toFixed(digits)}\u00a0%`) : NONE;
}

/** A difference of two shares, in percentage points: 0.1234 -> "+12.3 pp". */
export function points(value: number | null, digits = 1): string {
  if (!isNumber(value)) return NONE;
  const text = minus(`${(value * 100).toFixed(digits)}`);
  return `${value > 0 && !/^[0.]*$/.test(text) ? "+" : ""}${text}\u00a0pp`;
}

/** A measure: three significant digits, no exponent. */
export function measure(value: number | null): string {
  return isNumber(value) ? minus(value.toLocaleString("en-US", { maximumSignificantDigits: 3 })) : NONE;
}

/** A price: six significant digits, every digit before the point. */
export function price(value: number | null): string {
  if (!isNumber(value)) return NONE;
  const digits = Math.max(6, Math.ceil(Math.log10(Math.abs(value) + 1)));
  return minus(value.toLocaleString("en-US", { maximumSignificantDigits: Math.min(21, digits) }));
}

/** "2025-10-10 21:15", UTC. */
export function time(t_ms: number): string {
  return new Date(t_ms).toISOString().slice(0, 16).replace("T", " ");
}

/** "2025-10-10", UTC. */
export function day(t_ms: number): string {
  return new Date(t_ms).toISOString().slice(0, 10);
}

/** "1 entry", "2 entries". */
export function counted(count: number, one: string, many: string): string {
  return `${count.toLocaleString("en-US")} ${count === 1 ? one : many}`;
}

function isNumber(value: number | null): value is number {
  return value !== null && Number.isFinite(value);
}

function minus(text: string): string {
  return /^-[0.,]*(\u00a0%)?$/.test(text) ? text.slice(1) : text.replace("-", "−");
}
