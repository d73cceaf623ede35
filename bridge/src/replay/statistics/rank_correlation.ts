/** Do two quantities rise together, whatever their shape? Spearman (1904): correlation of the ranks, ties sharing their mean rank. */

/** @returns in −1 … 1; null for fewer than three pairs, or when either does not vary */
export function rankCorrelation(x: ArrayLike<number>, y: ArrayLike<number>): number | null {
  if (x.length < 3) return null;
  const [a, b] = [ranks(x), ranks(y)];
  const mean = (x.length + 1) / 2;
  let [ab, aa, bb] = [0, 0, 0];
  a.forEach((rank, row) => {
    const [da, db] = [rank - mean, (b[row] ?? mean) - mean];
    ab += da * db;
    aa += da * da;
    bb += db * db;
  });
  return aa > 0 && bb > 0 ? ab / Math.sqrt(aa * bb) : null;
}

function ranks(values: ArrayLike<number>): Float64Array {
  const valueAt = (row: number): number => values[row] ?? Number.NaN;
  const order = Int32Array.from({ length: values.length }, (_, row) => row).sort((a, b) => valueAt(a) - valueAt(b));
  const out = new Float64Array(values.length);
  for (let from = 0; from < order.length; ) {
    let to = from;
    while (to + 1 < order.length && valueAt(order[to + 1] ?? 0) === valueAt(order[from] ?? 0)) to += 1;
    for (let at = from; at <= to; at++) out[order[at] ?? 0] = (from + to) / 2 + 1;
    from = to + 1;
  }
  return out;
}
