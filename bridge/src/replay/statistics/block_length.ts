/**
 * How long must blocks be for a bootstrap to keep a series' dependence? Politis & White (2004), *Automatic Block-Length Selection for the Dependent
 * Bootstrap*, Econometric Reviews 23(1):53–70, with the correction of Patton, Politis & White (2009), ibid. 28(4):372–375, for the stationary
 * bootstrap. Autocorrelations and the longest block as in the `arch` package, which is the oracle.
 */

/**
 * Mean block length that minimises the mean squared error of the bootstrap's variance of a mean.
 * @returns 1 for series that are constant, too short (under 10 values) or without dependence; not rounded
 */
export function optimalBlockLength(series: Float64Array): number {
  const n = series.length;
  if (n < 10) return 1;
  const mean = series.reduce((sum, value) => sum + value, 0) / n;
  const centred = series.map((value) => value - mean);
  const longest = Math.ceil(Math.min(3 * Math.sqrt(n), n / 3));
  const run = Math.max(5, Math.floor(Math.log10(n)));
  const most = Math.min(n - 1, Math.ceil(Math.sqrt(n)) + run);
  const significant = 2 * Math.sqrt(Math.log10(n) / n);
  const covariances = new Float64Array(most + 1);
  let [quiet, lag] = [0, most];
  for (let k = 0, found = false; k <= most; k++) {
    // A run of insignificant autocorrelations ends before this lag, not with it.
    if (!found && k >= run && quiet >= run) {
      lag = Math.min(most, 2 * Math.max(k - run, 1));
      found = true;
    }
    const { cross, correlation } = lagged(centred, k);
    covariances[k] = cross / n;
    quiet = Math.abs(correlation) < significant ? quiet + 1 : 0;
  }
  let spread = 0;
  let variance = covariances[0] ?? 0;
  for (let k = 1; k <= lag; k++) {
    const weight = k / lag <= 0.5 ? 1 : 2 * (1 - k / lag);
    spread += 2 * weight * k * (covariances[k] ?? 0);
    variance += 2 * weight * (covariances[k] ?? 0);
  }
  const length = Math.cbrt((spread * spread) / (variance * variance)) * Math.cbrt(n);
  return Number.isFinite(length) ? Math.max(1, Math.min(length, longest)) : 1;
}

/** Sum of the products at a distance of `k`, and their correlation over the rows that `arch` takes (one fewer at each end). */
function lagged(centred: Float64Array, k: number): { cross: number; correlation: number } {
  const n = centred.length;
  let [cross, late, early] = [0, 0, 0];
  for (let t = 0; t < n; t++) {
    const value = centred[t] ?? 0;
    if (t >= k) cross += value * (centred[t - k] ?? 0);
    if (t > k) late += value * value;
    if (t < n - k - 1) early += value * value;
  }
  return { cross, correlation: cross / Math.sqrt(late * early) };
}
