/**
 * Resampling that keeps dependence: Politis & Romano (1994), *The Stationary Bootstrap*, JASA 89(428):1303–1313. Blocks of geometric length begin
 * anywhere and wrap around at the end.
 */

/** Fills `index` with rows 0 … length − 1. @param block mean block length, at least 1 */
export function resample(index: Int32Array, block: number, random: () => number): void {
  const n = index.length;
  const restart = 1 / Math.max(1, block);
  let row = 0;
  for (let i = 0; i < n; i++) {
    row = i === 0 || random() < restart ? Math.floor(random() * n) : (row + 1) % n;
    index[i] = row;
  }
}
