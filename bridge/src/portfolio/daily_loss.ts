/** Daily loss limit: mark-to-market equity against its value at the start of the UTC day. */
import type { Breach } from "./drawdown.js";
import { dayBase, type EquityTrack } from "./equity.js";

/**
 * Breached when equity is more than `max` below the day's start. Ends at the next UTC midnight: the base is then the newest sample.
 * @param equity mark-to-market account value, open trades included
 * @param max largest share that may be lost in a day, e.g. 0.05
 */
export function dailyLossBreach(track: EquityTrack, equity: number, now_ms: number, max: number): Breach | null {
  const base = dayBase(track, now_ms);
  if (base === null || base.equity <= 0) return null;
  const lost = base.equity - equity;
  return lost > max * base.equity ? { value: lost / base.equity, limit: max } : null;
}
