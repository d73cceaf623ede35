/** Volatility filters: the one the engine ships and the candidates it was chosen from. */

import { loadEngine } from "../../bridge/dist/engine/engine.js";
import { at } from "./series.mjs";

export const TAPS = 64;
const FLOOR_SHARE = 0.25;
const SIGMA_MIN = 1e-6;
const PARKINSON_ROOT = 1 / (2 * Math.sqrt(Math.LN2));

/** Candles of the median range under the floor: the memory of the engine's σ. */
const FLOOR_ROWS = loadEngine().columns.find(({ name }) => name === "risk_sigma")?.memory_rows.standard ?? 0;

/**
 * @typedef {object} Filter
 * @property {string} name
 * @property {Float64Array} weights newest first, with the sum 1
 * @property {"squares" | "ranges" | "returns"} of what is averaged: squared ranges, ranges, or squared returns
 * @property {number} median share of the variance (`squares`) or volatility (`ranges`) that the floor's median range contributes
 */

/** @param {number} lambda */
const exponential = (lambda) => normalised((age) => lambda ** age);
/** @param {number} exponent */
const power = (exponent) => normalised((age) => (age + 1) ** -exponent);
/**
 * @param {number} fast
 * @param {number} slow
 * @param {number} share of the slow one
 */
const blend = (fast, slow, share) => {
  const [a, b] = [exponential(fast), exponential(slow)];
  return a.map((weight, age) => (1 - share) * weight + share * at(b, age));
};

/** @param {(age: number) => number} of */
function normalised(of) {
  const weights = Float64Array.from({ length: TAPS }, (_, age) => of(age));
  const sum = weights.reduce((a, b) => a + b, 0);
  return weights.map((weight) => weight / sum);
}

/** The engine's. */
export const SHIPPED = "range, power 1.5";

/** @type {readonly Filter[]} */
export const FILTERS = [
  { name: "squared returns, λ .94", weights: exponential(0.94), of: "returns", median: 0 },
  ...[0.65, 0.7, 0.75, 0.8].map((lambda) => ({
    name: `range, λ ${String(lambda).slice(1)}`,
    weights: exponential(lambda),
    of: /** @type {const} */ ("squares"),
    median: 0,
  })),
  { name: "range, power 1.3", weights: power(1.3), of: "squares", median: 0 },
  { name: SHIPPED, weights: power(1.5), of: "squares", median: 0 },
  { name: "range, power 1.7", weights: power(1.7), of: "squares", median: 0 },
  { name: "range, power 2", weights: power(2), of: "squares", median: 0 },
  { name: "range, power 1.5, 20 % median", weights: power(1.5), of: "squares", median: 0.2 },
  { name: "range, 60 % λ .5 + 40 % λ .9", weights: blend(0.5, 0.9, 0.4), of: "squares", median: 0 },
  { name: "range, 40 % λ .2 + 60 % λ .85", weights: blend(0.2, 0.85, 0.6), of: "squares", median: 0 },
  {
    name: "mean range, 40 % λ .2 + 60 % λ .85, 20 % median",
    weights: blend(0.2, 0.85, 0.6),
    of: "ranges",
    median: 0.2,
  },
];

/** Those also run with the short tail window. */
export const COMPACT_FILTERS = FILTERS.filter(({ name }) =>
  [SHIPPED, "range, power 1.7", "range, λ .7", "range, λ .75", "range, λ .8"].includes(name),
);

/**
 * @param {Filter} filter
 * @param {import("./series.mjs").Series} series
 * @param {Float64Array} medians from {@link medianRanges}
 * @returns {Float64Array} σ known at the close of each row, for the next; NaN where its memory is not full
 */
export function sigmas(filter, series, medians) {
  const source = {
    squares: series.variances,
    ranges: series.ranges,
    returns: series.returns.map((r) => r * r),
  }[filter.of];
  const sigma = new Float64Array(series.rows).fill(Number.NaN);
  for (let t = FLOOR_ROWS - 1; t < series.rows; t++) {
    let kernel = 0;
    for (let age = 0; age < TAPS; age++) kernel += at(filter.weights, age) * at(source, t - age);
    const typical = at(medians, t) * PARKINSON_ROOT;
    // In a window of real candles the mean squared range is about 1.5 times the squared median, the mean about 1.2 times the median.
    const level =
      filter.of === "ranges"
        ? (1 - filter.median) * kernel * PARKINSON_ROOT + filter.median * 1.2 * typical
        : Math.sqrt((1 - filter.median) * kernel + filter.median * 1.5 * typical * typical);
    sigma[t] = Math.max(level, FLOOR_SHARE * typical, SIGMA_MIN);
  }
  return sigma;
}

/**
 * @param {import("./series.mjs").Series} series
 * @returns {Float64Array} median range of the floor's candles
 */
export function medianRanges(series) {
  const medians = new Float64Array(series.rows).fill(Number.NaN);
  const sorted = series.ranges.slice(0, FLOOR_ROWS).sort();
  for (let t = FLOOR_ROWS - 1; t < series.rows; t++) {
    if (t >= FLOOR_ROWS) replace(sorted, at(series.ranges, t - FLOOR_ROWS), at(series.ranges, t));
    medians[t] = (at(sorted, (FLOOR_ROWS - 1) >> 1) + at(sorted, FLOOR_ROWS >> 1)) / 2;
  }
  return medians;
}

/**
 * Replaces a value of an ascending array.
 * @param {Float64Array} sorted
 * @param {number} old
 * @param {number} value
 * @returns {[number, number]} lowest and highest place that may have changed
 */
export function replace(sorted, old, value) {
  const from = lowerBound(sorted, old);
  if (old <= value) {
    const to = Math.max(lowerBound(sorted, value), from + 1) - 1;
    sorted.copyWithin(from, from + 1, to + 1);
    sorted[to] = value;
    return [from, to];
  }
  const to = lowerBound(sorted, value);
  sorted.copyWithin(to + 1, to, from);
  sorted[to] = value;
  return [to, from];
}

/**
 * @param {Float64Array} sorted
 * @param {number} value
 * @returns {number} first place whose value is not below `value`
 */
function lowerBound(sorted, value) {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (at(sorted, middle) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
