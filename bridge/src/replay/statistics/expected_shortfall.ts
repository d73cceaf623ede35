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

/** The same of outcomes in any order, each counting once; they are rearranged. Selects instead of sorting: placebos ask a thousand times. */
export function expectedShortfallOf(outcomes: Float64Array, share: number): number | null {
  const worst = Math.min(outcomes.length, Math.ceil(share * outcomes.length));
  if (worst === 0) return null;
  select(outcomes, worst - 1);
  const edge = outcomes[worst - 1] ?? Number.NaN;
  let sum = 0;
  for (let i = 0; i < worst - 1; i++) sum += outcomes[i] ?? Number.NaN;
  const wanted = share * outcomes.length;
  return 0 - (sum + (wanted - (worst - 1)) * edge) / wanted;
}

/** Puts the value of rank `k` in its place, the lower ones before it (Hoare 1961, *Algorithm 65: Find*). */
function select(values: Float64Array, k: number): void {
  let [left, right] = [0, values.length - 1];
  while (left < right) {
    const pivot = values[k] ?? Number.NaN;
    let [low, high] = [left, right];
    while (low <= high) {
      while ((values[low] ?? Number.NaN) < pivot) low += 1;
      while ((values[high] ?? Number.NaN) > pivot) high -= 1;
      if (low > high) break;
      const swapped = values[low] ?? Number.NaN;
      values[low] = values[high] ?? Number.NaN;
      values[high] = swapped;
      low += 1;
      high -= 1;
    }
    if (high < k) left = low;
    if (k < low) right = high;
  }
}
