/** Weekly loss limit: mark-to-market equity against its value at the start of the UTC week, Monday 00:00. */
import type { EquitySample } from "../gate/types.js";
import type { Breach } from "./drawdown.js";
import { type EquityTrack, weekBase, weekOf } from "./equity.js";

/**
 * Breached when equity is more than `max` below the week's start. Ends on the next Monday 00:00 UTC: the base is then the newest sample, and an
 * account valued in an earlier week has lost nothing yet.
 * @param newest mark-to-market account value, open trades included, and when it was taken
 * @param max largest share that may be lost in a week, e.g. 0.1
 */
export function weeklyLossBreach(track: EquityTrack, newest: EquitySample, now_ms: number, max: number): Breach | null {
  if (weekOf(newest.t_ms) < weekOf(now_ms)) return null;
  const base = weekBase(track, now_ms);
  if (base === null || base.equity <= 0) return null;
  const lost = base.equity - newest.equity;
  return lost > max * base.equity ? { value: lost / base.equity, limit: max } : null;
}
