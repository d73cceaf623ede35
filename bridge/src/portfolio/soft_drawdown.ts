/** Soft drawdown control: stakes shrink as equity nears the drawdown breaker, instead of stopping at once. */
import { DAY_MS, type EquityTrack, highWaterMark } from "./equity.js";

/** How much of a stake is left, and the drawdown it follows from. */
export interface Damping {
  /** In [0, 1]. */
  readonly size: number;
  /** Share of the high-water mark lost. */
  readonly drawdown: number;
}

/**
 * Grossman & Zhou (1993), *Optimal Investment Strategies for Controlling Drawdowns*: the risky amount is proportional to the cushion W − α·M over the floor
 * α = 1 − max of the high-water mark M. Relative to equity, and 1 without a drawdown: size = (1 − α/(1 − DD)) / (1 − α); 0 from DD = max on.
 * @param equity mark-to-market account value, open trades included
 * @param max drawdown at which nothing is left, in (0, 1]
 * @returns null without a mark or a drawdown
 */
export function softDrawdown(
  track: EquityTrack,
  equity: number,
  now_ms: number,
  window_days: number,
  max: number,
): Damping | null {
  const mark = highWaterMark(track, now_ms - window_days * DAY_MS);
  if (mark === null || mark.equity <= 0 || equity >= mark.equity) return null;
  const drawdown = (mark.equity - equity) / mark.equity;
  if (!(equity > 0)) return { size: 0, drawdown };
  // In this form every operation is monotone in equity, rounding included: less equity never gets a larger size.
  const size = (1 - ((1 - max) * mark.equity) / equity) / max;
  return { size: Math.max(size, 0), drawdown };
}
