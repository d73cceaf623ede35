/**
 * A price for every pair at every time, as a pure function of (seed, pair, time): no state, so that a restarted stub, a second bot
 * and a test all see the same market.
 *
 * The logarithm of the price is a sum of octaves of value noise whose amplitude grows with the square root of their wavelength,
 * which moves like a random walk up to the longest octave (about a week) and returns to its level beyond it.
 */

/** Prices are defined on a grid of this many milliseconds; a minute holds six steps. */
export const STEP_MS = 10_000;

const OCTAVES = 17;
/** Amplitude of the shortest octave (one step), in log price: about 0.1 % a minute in all. */
const FINEST = 0.0003;

/** 32-bit mix of a seed and a position: integer operations only, equal on every machine. */
export function mix(seed: number, a: number, b: number): number {
  let h = seed ^ Math.imul(a | 0, 0x9e3779b1) ^ Math.imul(b | 0, 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 16), 0x7feb352d);
  h = Math.imul(h ^ (h >>> 15), 0x846ca68b);
  return (h ^ (h >>> 16)) >>> 0;
}

/** FNV-1a of a text, mixed with the seed. */
export function pairSeed(seed: number, pair: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < pair.length; i++) h = Math.imul(h ^ pair.charCodeAt(i), 0x01000193);
  return mix(h, seed, 1);
}

/** Uniform in [0, 1). */
export function uniform(seed: number, a: number, b: number): number {
  return mix(seed, a, b) / 2 ** 32;
}

/**
 * @param seed of the pair, from {@link pairSeed}
 * @param step time in units of {@link STEP_MS}, an integer
 * @returns price, quote per base; between about 0.5 and 1,000 depending on the pair
 */
export function priceAt(seed: number, step: number): number {
  let log = 0;
  let amplitude = FINEST;
  for (let octave = 0; octave < OCTAVES; octave++) {
    const wavelength = 2 ** octave;
    const cell = Math.floor(step / wavelength);
    const within = step / wavelength - cell;
    const left = uniform(seed, octave, cell) * 2 - 1;
    const right = uniform(seed, octave, cell + 1) * 2 - 1;
    log += amplitude * (left + (right - left) * within);
    amplitude *= Math.SQRT2;
  }
  const level = 0.7 * 10 ** (uniform(seed, -1, 0) * 3);
  return level * Math.exp(log);
}
