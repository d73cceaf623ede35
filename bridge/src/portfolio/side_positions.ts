/** Same-side count: many positions on one side are one bet more often than their number suggests. */
import type { Position, Side } from "../gate/types.js";

/** Pairs with an open position or a pending entry order on `side`, but for `pair` itself: adding to a position opens no new one. */
export function otherPairsOn(positions: readonly Position[], side: Side, pair: string): number {
  const pairs = new Set<string>();
  for (const position of positions) if (position.side === side && position.pair !== pair) pairs.add(position.pair);
  return pairs.size;
}
