/**
 * Mean of the worst outcomes (CVaR, expected shortfall): Acerbi & Tasche (2002), *On the Coherence of Expected Shortfall*, Journal of Banking & Finance
 * 26:1487–1503. The outcome at the edge counts with the part of it that is needed, so exactly `share` of the sample is averaged.
 */

/**
 * @param sorted outcomes, worst (lowest) first
 * @param counts how often each outcome counts; absent: once
 * @returns mean loss, positive when it is one; null without outcomes
 */
export function expectedShortfall(
  sorted: ArrayLike<number>,
  share: number,
  counts: ArrayLike<number> | null = null,
): number | null {
  let total = 0;
  for (let i = 0; i < sorted.length; i++) total += counts === null ? 1 : (counts[i] ?? 0);
  if (total === 0) return null;
  const wanted = share * total;
  let [taken, sum] = [0, 0];
  for (let i = 0; i < sorted.length && taken < wanted; i++) {
    const weight = Math.min(counts === null ? 1 : (counts[i] ?? 0), wanted - taken);
    taken += weight;
    sum += weight * (sorted[i] ?? Number.NaN);
  }
  // Zero minus, so that no loss is 0 and not −0.
  return 0 - sum / wanted;
}
