/** Sample quantiles. */

/** Linear interpolation between order statistics (Hyndman & Fan 1996, type 7; numpy's and R's default); `sorted` ascending and not empty. */
export function quantile(sorted: ArrayLike<number>, p: number): number {
  const at = (sorted.length - 1) * p;
  const low = sorted[Math.floor(at)] ?? Number.NaN;
  const high = sorted[Math.ceil(at)] ?? Number.NaN;
  return low + (high - low) * (at - Math.floor(at));
}
