/** Random numbers that are the same in every run: resampling has to be repeatable, and nothing here has to be secret. */

/** Uniform numbers in [0, 1): Mulberry32 (Tommy Ettinger, public domain), period 2³². */
export function uniform(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
