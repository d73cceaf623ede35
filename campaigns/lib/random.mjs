/** Seeded randomness: the same seed gives the same campaign, as far as the clock and the scheduler let it. */

/** @typedef {{ below: (n: number) => number, between: (low: number, high: number) => number, chance: (p: number) => boolean, pick: <T>(items: readonly T[]) => T }} Random */

/** @param {number} seed @returns {Random} mulberry32 */
export function seeded(seed) {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (/** @type {number} */ n) => Math.floor(next() * n);
  return {
    below,
    between: (low, high) => low + next() * (high - low),
    chance: (p) => next() < p,
    pick: (items) => {
      const item = items[below(items.length)];
      if (item === undefined) throw new Error("nothing to pick from");
      return item;
    },
  };
}
