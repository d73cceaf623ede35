/**
 * Barbell with a ratchet: only what equity stands above a floor may be at risk, and the floor rises with the high-water mark, never falls within
 * its window. Geman, Geman & Taleb (2015), *Tail Risk Constraints and Maximum Entropy*; the cushion rule is CPPI (Perold & Sharpe 1988; Black &
 * Perold 1992), its ratchet TIPP (Estep & Kritzman 1988). With a worst loss of 1 and a floor of 0.9 it is a 90/10 barbell.
 */
import type { Position } from "../gate/types.js";
import { DAY_MS, type EquityTrack, highWaterMark } from "./equity.js";

/** Money that may be lost, and the floor it stands on. In stake currency. */
export interface Cushion {
  readonly floor: number;
  /** Below 0 when equity is under its floor. */
  readonly cushion: number;
}

/**
 * @param equity mark-to-market account value, open trades included
 * @param loss share of the high-water mark that may be lost in all
 */
export function cushionOf(
  track: EquityTrack,
  equity: number,
  now_ms: number,
  window_days: number,
  loss: number,
): Cushion {
  const mark = highWaterMark(track, now_ms - window_days * DAY_MS);
  const floor = (1 - loss) * Math.max(mark?.equity ?? equity, equity);
  return { floor, cushion: equity - floor };
}

/**
 * Largest share of a stake that is lost when the price moves by `worst_loss` against it. With isolated margin, and on spot, never more than the stake.
 * @param worst_loss share of the price, e.g. 0.5
 */
export function lossPerStake(leverage: number, worst_loss: number): number {
  return Math.min(1, leverage * worst_loss);
}

/** What open positions and pending entry orders can lose at worst, in stake currency. */
export function atRisk(positions: readonly Position[], worst_loss: number): number {
  let sum = 0;
  for (const { stake, leverage } of positions) sum += stake * lossPerStake(leverage, worst_loss);
  return sum;
}
