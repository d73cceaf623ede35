/** Drawdown breaker: mark-to-market equity against its rolling high-water mark. */
import { DAY_MS, highWaterMark, type Marks } from "./equity.js";

/** A limit that was exceeded: the measure and its limit, both ratios. */
export interface Breach {
  readonly value: number;
  readonly limit: number;
}

/**
 * Breached when equity is more than `max` below the highest equity of the window. Ends by time: once the old mark leaves the window, a flat
 * account is at its own high-water mark.
 * @param equity mark-to-market account value, open trades included
 * @param max largest share that may be lost, e.g. 0.2
 */
export function drawdownBreach(
  marks: Marks,
  equity: number,
  now_ms: number,
  window_days: number,
  max: number,
): Breach | null {
  const mark = highWaterMark(marks, now_ms - window_days * DAY_MS);
  if (mark === null || mark.equity <= 0) return null;
  const lost = mark.equity - equity;
  // Compared as amounts: the ratio's rounding would deny at the limit itself for some marks (1 − 700/1000 > 0.3).
  return lost > max * mark.equity ? { value: lost / mark.equity, limit: max } : null;
}
