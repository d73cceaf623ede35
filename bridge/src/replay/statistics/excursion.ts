/** Maximum adverse excursion (the term is John Sweeney's): how far the price went against a trade while it was open. */

export interface Excursion {
  /** Mean over trades, each counting once; null without trades. */
  readonly plain: number | null;
  /** Mean weighted by stake × leverage; null without stake. */
  readonly weighted: number | null;
}

/**
 * Worst move against the average entry rate, as a ratio ≥ 0 of the price (leverage not included); null when the extreme rates are not known.
 */
export function adverseExcursion(trade: {
  readonly side: "long" | "short";
  readonly open_rate: number;
  readonly min_rate: number | null;
  readonly max_rate: number | null;
}): number | null {
  const worst = trade.side === "long" ? trade.min_rate : trade.max_rate;
  if (worst === null) return null;
  const move = trade.side === "long" ? trade.open_rate - worst : worst - trade.open_rate;
  return Math.max(0, move / trade.open_rate);
}

/**
 * Averages over the trades that are taken (weight above 0).
 * @param items excursion of each trade (null: not known, left out) and its stake × leverage
 */
export function averageExcursion(
  items: readonly { readonly excursion: number | null; readonly weight: number }[],
): Excursion {
  let count = 0;
  let sum = 0;
  let weight = 0;
  let weighted = 0;
  for (const item of items) {
    if (item.excursion === null || !(item.weight > 0)) continue;
    count += 1;
    sum += item.excursion;
    weight += item.weight;
    weighted += item.excursion * item.weight;
  }
  return { plain: count === 0 ? null : sum / count, weighted: weight === 0 ? null : weighted / weight };
}
