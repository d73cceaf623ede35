/**
 * Clusters: pairs joined by chains of correlations above a threshold (single linkage, by union-find), and the exposure of the one an entry is in.
 *
 * What counts is the entry's own side. A position on the other side in a pair that moves along is neither added nor subtracted: at a correlation
 * of 0.7 a hedge of equal size still leaves √(2·0.3) = 0.77 of the risk of one leg, and less of it when correlations change, which is when it is needed.
 */
import type { Position, Side } from "../gate/types.js";
import { correlation, type Dependence } from "./dependence.js";

/** A cluster's number per pair; pairs of which too little is known are missing. */
export type Clusters = ReadonlyMap<string, number>;

/** @param threshold correlation above which two pairs are joined */
export function clustersOf(pairs: Iterable<string>, dependence: Dependence, threshold: number): Clusters {
  const places = new Map<string, number>();
  for (const pair of pairs) {
    const place = dependence.places.get(pair);
    if (place !== undefined) places.set(pair, place);
  }
  const members = [...places.values()];
  const parent = new Map(members.map((place) => [place, place]));
  const rootOf = (place: number): number => {
    let root = place;
    for (let above = parent.get(root); above !== undefined && above !== root; above = parent.get(root)) root = above;
    parent.set(place, root);
    return root;
  };
  members.forEach((a, i) => {
    for (const b of members.slice(0, i)) {
      // Two pairs that share too few returns count as one.
      if (!(correlation(dependence, a, b) <= threshold)) parent.set(rootOf(a), rootOf(b));
    }
  });
  return new Map([...places].map(([pair, place]) => [pair, rootOf(place)]));
}

/**
 * Exposure, in stake currency, of the positions that would move with an entry. A pair of which too little is known is taken to move with every other,
 * up or down: it counts whole, whichever its side.
 */
export function clusterExposure(
  positions: readonly Position[],
  pair: string,
  side: Side,
  dependence: Dependence,
  threshold: number,
): number {
  const clusters = clustersOf([pair, ...positions.map((position) => position.pair)], dependence, threshold);
  const own = clusters.get(pair);
  let sum = 0;
  for (const position of positions) {
    const theirs = clusters.get(position.pair);
    const same_side = position.side === side;
    const unknown = position.pair !== pair && (own === undefined || theirs === undefined);
    if (unknown || (same_side && theirs === own)) sum += position.stake * position.leverage;
  }
  return sum;
}
