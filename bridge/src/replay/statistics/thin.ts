/** Fewer points for a chart without losing what is looked for in it: extremes. */

/**
 * Row numbers to keep, ascending: of each of up to `buckets` equal stretches the first row and the rows of the lowest and highest value of every
 * series; always the first and last row.
 * @param series equally long
 */
export function thin(series: readonly Float64Array[], buckets: number): number[] {
  const rows = series[0]?.length ?? 0;
  const keep = new Set<number>();
  if (rows === 0) return [];
  const count = Math.min(buckets, rows);
  for (let bucket = 0; bucket < count; bucket++) {
    const from = Math.floor((bucket * rows) / count);
    const to = Math.floor(((bucket + 1) * rows) / count);
    keep.add(from);
    for (const values of series) {
      let low = from;
      let high = from;
      for (let row = from + 1; row < to; row++) {
        const value = values[row] ?? Number.NaN;
        if (value < (values[low] ?? Number.NaN)) low = row;
        if (value > (values[high] ?? Number.NaN)) high = row;
      }
      keep.add(low);
      keep.add(high);
    }
  }
  keep.add(rows - 1);
  return [...keep].sort((a, b) => a - b);
}
