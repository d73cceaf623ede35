/**
 * What the book would lose if every position and pending entry order went to its stop-loss at once: the largest loss of the day a market falls as
 * one. Losses are added, so dependence is not estimated: for expected shortfall the sum is an upper bound (subadditivity; Artzner et al. 1999).
 */
import type { Position } from "../gate/types.js";

/** In stake currency; a position without a known stop-loss counts whole. */
export function lossAtStops(positions: readonly Position[]): number {
  let sum = 0;
  for (const position of positions) {
    sum += position.stake * position.leverage * position.loss;
  }
  return sum;
}
