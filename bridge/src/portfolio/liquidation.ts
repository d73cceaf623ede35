/**
 * Liquidation price of an isolated-margin position and the largest leverage that keeps it out of reach. freqtrade's own formula
 * (`Binance.dry_run_liquidation_price`, isolated; the one for Gate and OKX is the same with the taker fee added to the rate and no amount):
 *   price = (wallet + amount_mm − s · N) / (q · rate − s · q),  s = 1 long, −1 short,  N = q · entry,  wallet = N / leverage
 */
import type { Side } from "../gate/types.js";

/** Maintenance margin of the tier a position falls into. */
export interface Maintenance {
  /** Share of the position's value. */
  readonly rate: number;
  /** Deducted from the maintenance margin, in stake currency. */
  readonly amount: number;
}

/**
 * Liquidation price, without freqtrade's safety buffer.
 * @param entry price of the entry
 * @param stake the position's own margin, in stake currency
 */
export function liquidationPrice(
  side: Side,
  entry: number,
  stake: number,
  leverage: number,
  maintenance: Maintenance,
): number {
  const sign = side === "long" ? 1 : -1;
  const quantity = (stake * leverage) / entry;
  return (stake + maintenance.amount - sign * quantity * entry) / (quantity * maintenance.rate - sign * quantity);
}

/**
 * How far the price may move against the position before it is closed, as a share of the entry price.
 * @param buffer share of the distance by which freqtrade closes earlier (`liquidation_buffer`)
 * @returns below 0 when the position is liquidated at once
 */
export function liquidationDistance(
  side: Side,
  stake: number,
  leverage: number,
  maintenance: Maintenance,
  buffer: number,
): number {
  const price = liquidationPrice(side, 1, stake, leverage, maintenance);
  return (side === "long" ? 1 - price : price - 1) * (1 - buffer);
}

/**
 * Largest leverage whose liquidation distance is at least `distance`, buffer included.
 * From the formula above: (1 + amount/stake) / leverage = distance/(1 − buffer) · (1 ∓ rate) + rate.
 * @returns at least 0; below 1 no leverage is enough
 */
export function largestLeverage(
  side: Side,
  stake: number,
  distance: number,
  maintenance: Maintenance,
  buffer: number,
): number {
  const sign = side === "long" ? 1 : -1;
  const needed = (distance / (1 - buffer)) * (1 - sign * maintenance.rate) + maintenance.rate;
  return (1 + maintenance.amount / stake) / needed;
}
