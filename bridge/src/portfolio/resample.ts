/** Bootstrap samples (Efron 1979) that are the same in every process: how often each of n observations is drawn, for a fixed seed. */

export const RESAMPLES = 100;
const SEED = 20_251_123;

/** The samples last made: sizes change once per closed trade. */
let last: { readonly n: number; readonly counts: Float64Array } = { n: 0, counts: new Float64Array() };

/** RESAMPLES rows of n counts, as floats to be multiplied with; each row adds up to n. */
export function resampled(n: number): Float64Array {
  if (last.n === n) return last.counts;
  const counts = new Float64Array(RESAMPLES * n);
  const draw = mulberry32(SEED);
  for (let row = 0; row < RESAMPLES; row++) {
    for (let i = 0; i < n; i++) {
      const at = row * n + Math.floor((draw() * n) / 2 ** 32);
      counts[at] = (counts[at] ?? 0) + 1;
    }
  }
  last = { n, counts };
  return counts;
}

/** Tommy Ettinger's generator: whole numbers below 2³². */
function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
}
