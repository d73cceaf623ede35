/**
 * What a unit of a position can lose: to its stop-loss, or by the expected shortfall over a horizon. Sources: McNeil, Frey & Embrechts (2005),
 * *Quantitative Risk Management*, §2.3 (scaling with time) and §7.2.3 (ES of a generalised Pareto tail).
 */
import type { Side } from "../gate/types.js";
import { adverseMove } from "./adverse_move.js";

/**
 * Expected shortfall over `candles` candles as a share of the price. ES_h ≈ ES_1 · h^max(½, ξ): the square root of time where the tail is thin,
 * Feller's power where it is heavier. An approximation: it holds for independent candles far out in the tail.
 * @param es mean log-loss beyond VaR over one candle
 * @param xi shape of the tail
 * @returns share of the price; NaN when a number is missing or not above 0
 */
export function shortfallOver(es: number, xi: number, candles: number, side: Side): number {
  if (!(es > 0) || !Number.isFinite(xi)) return Number.NaN;
  return adverseMove(es * candles ** Math.max(0.5, xi), side);
}

/** The smaller of two distances, either of which may be unknown; infinity when both are. */
export function smallerKnown(stop: number, shortfall: number): number {
  const known = [stop, shortfall].filter((distance) => distance > 0);
  return Math.min(...known);
}
