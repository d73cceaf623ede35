/** Numbers and times as the report and the terminal show them. Minus is U+2212, units follow a no-break space, numbers that do not exist are "–". */

const NONE = "–";

/** 1234.5 -> "1,234.50"; small amounts keep four significant digits (stakes in coins). */
export function money(value: number | null): string {
  if (!isNumber(value)) return NONE;
  const digits = value === 0 || Math.abs(value) >= 1 ? 2 : Math.min(8, 3 - Math.floor(Math.log10(Math.abs(value))));
  return minus(
    value.toLocaleString("en-US", { minimumFractionDigits: Math.min(2, digits), maximumFractionDigits: digits }),
  );
}

/** With an explicit plus. */
export function signedMoney(value: number | null): string {
  return isNumber(value) && value > 0 ? `+${money(value)}` : money(value);
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
