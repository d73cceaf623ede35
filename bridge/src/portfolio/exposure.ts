/** Exposure: sum of stake × leverage over open positions and pending entry orders, both sides added. */
import type { Position, Side } from "../gate/types.js";

/** @param pair count this pair only; null: all. In stake currency. */
export function exposure(positions: readonly Position[], pair: string | null): number {
  let sum = 0;
  for (const position of positions) {
    if (pair === null || position.pair === pair) sum += position.stake * position.leverage;
  }
  return sum;
}

/**
 * The most a new entry may stake under an exposure limit.
 * @param taken exposure already there, in stake currency
 * @param equity mark-to-market account value
 * @param max largest exposure as a multiple of equity
 * @returns stake without leverage, 0 when there is no room or a number is not finite
 */
export function stakeWithin(taken: number, equity: number, max: number, leverage: number): number {
  const stake = (max * equity - taken) / leverage;
  return stake > 0 && Number.isFinite(stake) ? stake : 0;
}

/** Longs less shorts for a long, shorts less longs for a short; below 0 when the other side is larger. In stake currency. */
export function netExposure(positions: readonly Position[], side: Side): number {
  let sum = 0;
  for (const position of positions) {
    const value = position.stake * position.leverage;
    sum += position.side === side ? value : -value;
  }
  return sum;
}
