/** Price collar: an entry's rate against the close of the candle it was decided on. A wrong digit or a stale book shows here. */

/**
 * Distance of a rate from a close, as a share of the close.
 * @returns infinity when either is not a price: what cannot be judged is as far as can be
 */
export function deviation(rate: number, close: number): number {
  if (!(rate > 0 && close > 0)) return Number.POSITIVE_INFINITY;
  const share = Math.abs(rate - close) / close;
  return Number.isFinite(share) ? share : Number.POSITIVE_INFINITY;
}
