/** Numbers, times and spans as people read them. Times are UTC, as everywhere in freqtrade. */

const NONE = "–";

/** "12.5 %". @param ratio null: not known */
export function percent(ratio: number | null, digits = 1): string {
  return ratio === null ? NONE : `${(ratio * 100).toFixed(digits)} %`;
}

/** Stake currency: as many digits as matter. */
export function money(value: number | null): string {
  if (value === null) return NONE;
  const size = Math.abs(value);
  const digits = size >= 1000 ? 0 : size >= 1 ? 2 : 6;
  return value.toLocaleString("en-US", { maximumFractionDigits: digits, minimumFractionDigits: Math.min(digits, 2) });
}

export function count(value: number): string {
  return value.toLocaleString("en-US");
}

/** A measure or its limit: four digits are enough to compare them. */
export function measure(value: number | null): string {
  return value === null ? NONE : String(Number(value.toPrecision(4)));
}

/** "0.33 ×". */
export function multiple(value: number | null): string {
  return value === null ? NONE : `${value.toFixed(2)} ×`;
}

/** "21:05:12". */
export function clock(at_ms: number): string {
  return new Date(at_ms).toISOString().slice(11, 19);
}

/** "11-22 21:05". */
export function minute(at_ms: number): string {
  return new Date(at_ms).toISOString().slice(5, 16).replace("T", " ");
}

/** "45 s", "12 min", "5 h" or "3 d": the largest unit that fits twice. */
export function span(span_ms: number): string {
  const s = Math.max(0, Math.round(span_ms / 1000));
  if (s < 120) return `${s} s`;
  if (s < 7200) return `${Math.round(s / 60)} min`;
  if (s < 172_800) return `${Math.round(s / 3600)} h`;
  return `${Math.round(s / 86_400)} d`;
}

/** "50 µs", "2 ms" or "1 s". */
export function seconds(s: number): string {
  if (s < 0.001) return `${Number((s * 1e6).toPrecision(3))} µs`;
  return s < 1 ? `${Number((s * 1000).toPrecision(3))} ms` : `${Number(s.toPrecision(3))} s`;
}

/** Upper bound of a quantile. */
export function bound(of: { readonly s: number; readonly above: boolean } | null): string {
  return of === null ? NONE : `${of.above ? ">" : "≤"} ${seconds(of.s)}`;
}

export function mebibytes(bytes: number): string {
  return `${Math.round(bytes / 1_048_576)} MiB`;
}
