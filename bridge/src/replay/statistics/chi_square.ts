/** Upper tail of the χ² distribution for one and two degrees of freedom: what likelihood-ratio tests of forecasts are compared with. */

/**
 * P(X > x) for X ~ χ²(degrees): erfc(√(x/2)) for one degree, e^(−x/2) for two.
 * @param x statistic ≥ 0 (below 0 by rounding counts as 0)
 */
export function chiSquareTail(x: number, degrees: 1 | 2): number {
  const half = Math.max(0, x) / 2;
  return degrees === 2 ? Math.exp(-half) : erfc(Math.sqrt(half));
}

/** Complementary error function for x ≥ 0: the series of erf below 2, the continued fraction of erfc above (Abramowitz & Stegun 7.1.6, 7.1.14). */
function erfc(x: number): number {
  if (x < 2) {
    let term = x;
    let sum = x;
    for (let n = 1; n < 60; n++) {
      term *= (2 * x * x) / (2 * n + 1);
      sum += term;
    }
    return 1 - (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
  }
  let fraction = 0;
  for (let n = 60; n > 0; n--) fraction = n / 2 / (x + fraction);
  return Math.exp(-x * x) / (Math.sqrt(Math.PI) * (x + fraction));
}
