/** Daily loss limit: mark-to-market equity against its value at the start of the UTC day. */
import type { EquitySample } from "../gate/types.js";
import type { Breach } from "./drawdown.js";
import { dayBase, dayOf, type EquityTrack } from "./equity.js";

/**
 * Breached when equity is more than `max` below the day's start. Ends at the next UTC midnight: the base is then the newest sample, and an account
 * valued on an earlier day has lost nothing yet.
 * @param newest mark-to-market account value, open trades included, and when it was taken
 * @param max largest share that may be lost in a day, e.g. 0.05
 */
export function dailyLossBreach(track: EquityTrack, newest: EquitySample, now_ms: number, max: number): Breach | null {
  if (dayOf(newest.t_ms) < dayOf(now_ms)) return null;
  const base = dayBase(track, now_ms);
  if (base === null || base.equity <= 0) return null;
  const lost = base.equity - newest.equity;
  return lost > max * base.equity ? { value: lost / base.equity, limit: max } : null;
}
