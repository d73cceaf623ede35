/** Times and spans as people read and write them. */
import { FIXED } from "../limits.js";
import { UsageError } from "./usage.js";

const UNITS_MS = { m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
/** A state that is to last longer than this is meant to last until it is changed. */
const MAX_AHEAD_MS = FIXED.halt_ahead_ms;

/** "90m", "4h" or "2d" in milliseconds. */
export function parseDuration(text: string): number {
  const match = /^(\d{1,5})([mhd])$/.exec(text);
  const unit = match?.[2];
  if (match === null || (unit !== "m" && unit !== "h" && unit !== "d") || Number(match[1]) === 0) {
    throw new UsageError(`--for was "${text}"; must be a number of minutes, hours or days such as 90m, 4h or 2d`);
  }
  return Number(match[1]) * UNITS_MS[unit];
}

/** "2026-11-23T08:00Z" in ms since 1970. With its zone, so that nobody's clock is guessed. */
export function parseInstant(text: string, now_ms: number): number {
  const at_ms = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d)$/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(at_ms)) {
    throw new UsageError(`--until was "${text}"; must be a time with its zone, such as 2026-11-23T08:00Z`);
  }
  if (at_ms <= now_ms) throw new UsageError(`--until ${text} is past`);
  return at_ms;
}

/** When a state ends: by `--for` or `--until`, 0 when neither is given. */
export function endOf(options: { for?: string | undefined; until?: string | undefined }, now_ms: number): number {
  if (options.for !== undefined && options.until !== undefined) throw new UsageError("--for or --until, not both");
  const at_ms =
    options.for !== undefined
      ? now_ms + parseDuration(options.for)
      : options.until !== undefined
        ? parseInstant(options.until, now_ms)
        : 0;
  if (at_ms > now_ms + MAX_AHEAD_MS) {
    throw new UsageError(
      "that is more than a year ahead: leave the end out, the state then lasts until `talebridge resume`",
    );
  }
  return at_ms;
}

/** "2026-11-22 21:05 UTC". */
export function showInstant(t_ms: number): string {
  return `${new Date(t_ms).toISOString().slice(0, 16).replace("T", " ")} UTC`;
}

/** "45 s", "12 min", "5 h" or "3 d": the largest unit that fits twice. */
export function showSpan(span_ms: number): string {
  const span = Math.max(0, span_ms);
  if (span < 2 * UNITS_MS.m) return `${Math.round(span / 1000)} s`;
  if (span < 2 * UNITS_MS.h) return `${Math.round(span / UNITS_MS.m)} min`;
  if (span < 2 * UNITS_MS.d) return `${Math.round(span / UNITS_MS.h)} h`;
  return `${Math.round(span / UNITS_MS.d)} d`;
}
