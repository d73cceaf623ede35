/** The adverse excursion: fitting its scale and shape on some pairs, and judging it on others. */

import { reliability } from "../../bridge/dist/replay/statistics/reliability.js";
import { at, WARM_UP } from "./series.mjs";

/** Windows of the slower two scales. The fast one is the engine's volatility filter. */
export const MEDIUM = 96;
export const LONG = 576;
/** How much of the distance to the typical volatility is taken back, and the largest distance that counts (both in ln of variance). */
export const PULL = 0.2;
export const PULL_LIMIT = 2.2;
/** Horizons of the table in candles; between them it is linear in ln h. */
export const HORIZONS = [1, 3, 12, 48, 144, 288];
/** Quantiles of the table; between them it is linear in −ln(1 − q). */
export const QUANTILES = [
  ...[0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.925, 0.95, 0.97, 0.98, 0.99, 0.995, 0.999],
];
/** Smallest variance: the square of the engine's smallest σ. */
const VARIANCE_MIN = 1e-12;
export const SIDES = /** @type {const} */ (["long", "short"]);

/**
 * @typedef {object} Shape
 * @property {number} typical ln of the variance per second a series of the pool typically has
 * @property {number[]} fast weight of ln(fast/medium) per horizon
 * @property {number[]} medium weight of ln(medium/long) per horizon
 * @property {{ long: number[][], short: number[][] }} quantiles of the worst move over scale · √h, by horizon, then quantile
 */
/** @typedef {{ series: import("./series.mjs").Series, seconds: number, fast: Float64Array, medium: Float64Array, long: Float64Array }} Scales logarithms of variances, NaN where the windows are not full */

/**
 * @param {import("./series.mjs").Series} series
 * @param {Float64Array} sigma the engine's volatility forecast
 * @returns {Scales}
 */
export function scales(series, sigma) {
  return {
    series,
    seconds: (at(series.candles.t_ms, 1) - at(series.candles.t_ms, 0)) / 1000,
    fast: sigma.map((s) => 2 * Math.log(s)),
    medium: logMeans(series.variances, MEDIUM),
    long: logMeans(series.variances, LONG),
  };
}

/**
 * @param {Float64Array} variances
 * @param {number} rows
 */
function logMeans(variances, rows) {
  const out = new Float64Array(variances.length).fill(Number.NaN);
  for (let t = rows - 1, sum = 0; t < variances.length; t++) {
    // Summed anew now and then: a sum that slides collects rounding errors.
    if (t === rows - 1 || t % 1000 === 0) sum = variances.subarray(t - rows + 1, t + 1).reduce((a, b) => a + b, 0);
    else sum += at(variances, t) - at(variances, t - rows);
    out[t] = Math.log(Math.max(sum / rows, VARIANCE_MIN));
  }
  return out;
}

/**
 * Worst log move against an entry at the close of each row within the next `horizon` candles, at least 0; NaN where that is not known.
 * @param {import("./series.mjs").Series} series
 * @param {number} horizon
 * @param {"long" | "short"} side
 */
export function worstMoves(series, horizon, side) {
  const { high, low, close } = series.candles;
  const out = new Float64Array(series.rows).fill(Number.NaN);
  const price = side === "long" ? low : high;
  /** @param {number} a @param {number} b */
  const worse = (a, b) => (side === "long" ? a <= b : a >= b);
  // Places whose price is not beaten by a later one, the worst first.
  const queue = new Int32Array(series.rows);
  let [head, tail] = [0, 0];
  for (let t = 1; t < series.rows; t++) {
    while (tail > head && worse(at(price, t), at(price, at(queue, tail - 1)))) tail--;
    queue[tail++] = t;
    const entry = t - horizon;
    if (entry < 0) continue;
    while (at(queue, head) <= entry) head++;
    const worst = at(price, at(queue, head));
    const move = side === "long" ? Math.log(at(close, entry) / worst) : Math.log(worst / at(close, entry));
    out[entry] = Math.max(0, move);
  }
  return out;
}

/**
 * ln of the scale of a move over `horizon` candles without the factor √h.
 * @param {Scales} s
 * @param {number} t
 * @param {{ typical: number, fast: number, medium: number }} weights
 */
export function logScale(s, t, weights) {
  const distance = at(s.long, t) - (weights.typical + Math.log(s.seconds));
  const pulled = Math.max(-PULL_LIMIT, Math.min(PULL_LIMIT, distance));
  const fast = weights.fast * (at(s.fast, t) - at(s.medium, t));
  const medium = weights.medium * (at(s.medium, t) - at(s.long, t));
  return 0.5 * (at(s.long, t) - PULL * pulled + fast + medium);
}

/**
 * Least squares of the ln range of the next `horizon` candles (worst moves of both sides added) on the scales; each series counts the same within its
 * timeframe, and each timeframe the same.
 * @param {readonly Scales[]} pool
 * @param {number} horizon
 * @param {number} typical
 */
function fitWeights(pool, horizon, typical) {
  const normal = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
  for (const s of pool) {
    const [long, short] = SIDES.map((side) => worstMoves(s.series, horizon, side));
    const alike = pool.filter((other) => other.series.timeframe === s.series.timeframe).length;
    const weight = 1 / (alike * s.series.rows);
    for (let t = WARM_UP; t < s.series.rows - horizon; t++) {
      const x = [at(s.fast, t) - at(s.medium, t), at(s.medium, t) - at(s.long, t), 1];
      const base = 2 * logScale(s, t, { typical, fast: 0, medium: 0 });
      const y = 2 * Math.log(Math.max(at(long ?? [], t) + at(short ?? [], t), 1e-8)) - base;
      for (let i = 0; i < 3; i++) {
        for (let j = 0; j < 3; j++) normal[4 * i + j] = at(normal, 4 * i + j) + weight * at(x, i) * at(x, j);
        normal[4 * i + 3] = at(normal, 4 * i + 3) + weight * at(x, i) * y;
      }
    }
  }
  const [fast = 0, medium = 0] = solve(normal, 3);
  return { fast, medium };
}

/**
 * @param {number[]} a n rows of n coefficients and a right-hand side; changed
 * @param {number} n
 */
function solve(a, n) {
  const width = n + 1;
  for (let i = 0; i < n; i++) {
    for (let row = 0; row < n; row++) {
      if (row === i) continue;
      const factor = at(a, row * width + i) / at(a, i * width + i);
      for (let j = i; j < width; j++) a[row * width + j] = at(a, row * width + j) - factor * at(a, i * width + j);
    }
  }
  return Array.from({ length: n }, (_, i) => at(a, i * width + n) / at(a, i * width + i));
}

/**
 * @param {readonly Scales[]} pool
 * @param {(line: string) => void} say
 * @returns {Shape}
 */
export function fitShape(pool, say) {
  const typical = median(pool.map((s) => median([...s.long.subarray(WARM_UP)]) - Math.log(s.seconds)));
  /** @type {Shape} */
  const shape = { typical, fast: [], medium: [], quantiles: { long: [], short: [] } };
  for (const horizon of HORIZONS) {
    say(`shape over ${horizon} candles`);
    const weights = fitWeights(pool, horizon, typical);
    shape.fast.push(round(weights.fast));
    shape.medium.push(round(weights.medium));
    for (const side of SIDES) shape.quantiles[side].push(pooledQuantiles(pool, horizon, side, { typical, ...weights }));
  }
  shape.typical = round(typical);
  return shape;
}

/** Standardised moves of each series are thinned to this many quantiles before they are pooled, so that each series counts the same. */
const PER_SERIES = 4000;

/**
 * @param {readonly Scales[]} pool
 * @param {number} horizon
 * @param {"long" | "short"} side
 * @param {{ typical: number, fast: number, medium: number }} weights
 */
function pooledQuantiles(pool, horizon, side, weights) {
  const all = new Float64Array(pool.length * PER_SERIES);
  pool.forEach((s, number) => {
    const moves = worstMoves(s.series, horizon, side);
    const to = s.series.rows - horizon;
    const standardised = new Float64Array(to - WARM_UP);
    for (let t = WARM_UP; t < to; t++) {
      standardised[t - WARM_UP] = at(moves, t) / (Math.exp(logScale(s, t, weights)) * Math.sqrt(horizon));
    }
    standardised.sort();
    for (let i = 0; i < PER_SERIES; i++) all[number * PER_SERIES + i] = quantile(standardised, (i + 0.5) / PER_SERIES);
  });
  all.sort();
  return QUANTILES.map((q) => round(quantile(all, q)));
}

/** @param {number} x six decimals, as the table is committed */
function round(x) {
  return Number(x.toFixed(6));
}

/** @param {readonly number[]} values */
function median(values) {
  return quantile(Float64Array.from(values).sort(), 0.5);
}

/**
 * @param {Float64Array} sorted
 * @param {number} q
 */
function quantile(sorted, q) {
  const position = (sorted.length - 1) * q;
  const i = Math.min(Math.floor(position), sorted.length - 2);
  return at(sorted, i) + (at(sorted, i + 1) - at(sorted, i)) * (position - i);
}

/**
 * The table at one horizon.
 * @param {Shape} shape
 * @param {number} horizon
 */
export function atHorizon(shape, horizon) {
  let i = 0;
  while (i < HORIZONS.length - 2 && at(HORIZONS, i + 1) < horizon) i++;
  const [from, to] = [Math.log(at(HORIZONS, i)), Math.log(at(HORIZONS, i + 1))];
  const part = (Math.log(horizon) - from) / (to - from);
  /** @param {readonly number[]} values */
  const between = (values) => at(values, i) + part * (at(values, i + 1) - at(values, i));
  /** @param {"long" | "short"} side */
  const quantiles = (side) =>
    QUANTILES.map((_, j) => Math.sqrt(horizon) * between(shape.quantiles[side].map((row) => at(row, j))));
  return {
    typical: shape.typical,
    fast: between(shape.fast),
    medium: between(shape.medium),
    quantiles: { long: quantiles("long"), short: quantiles("short") },
  };
}

/** The quantile the engine's columns are compared at: the defaults of its settings. */
const [DEFAULT_HORIZON, DEFAULT_QUANTILE] = [48, 0.95];

/**
 * What the engine's columns must be with its default settings.
 * @param {Scales} s
 * @param {Shape} shape the committed one
 * @returns {[string, Float64Array][]}
 */
export function defaultColumns(s, shape) {
  const weights = atHorizon(shape, DEFAULT_HORIZON);
  const place = QUANTILES.indexOf(DEFAULT_QUANTILE);
  const scale = Float64Array.from(s.long, (_, t) => Math.exp(logScale(s, t, weights)));
  return SIDES.map((side) => {
    const quantile = at(weights.quantiles[side], place);
    return [`risk_adverse_q_${side}`, scale.map((value) => value * quantile)];
  });
}

/**
 * P(worst move > scale · x) by the table: linear in −ln(1 − q) between its quantiles, exponential beyond the last.
 * @param {readonly number[]} table quantiles over the scale
 * @param {number} x
 */
export function exceeded(table, x) {
  const last = table.length - 1;
  if (x <= at(table, 0)) return 1 - (at(QUANTILES, 0) * Math.max(0, x)) / Math.max(at(table, 0), 1e-12);
  let i = 0;
  while (i < last - 1 && at(table, i + 1) < x) i++;
  const [from, to] = [-Math.log(1 - at(QUANTILES, i)), -Math.log(1 - at(QUANTILES, i + 1))];
  const width = at(table, i + 1) - at(table, i);
  const part = width > 0 ? (x - at(table, i)) / width : 1;
  return Math.exp(-(from + part * (to - from)));
}

/**
 * @typedef {object} Judged one series, side, horizon and threshold
 * @property {string} pair
 * @property {string} timeframe
 * @property {"long" | "short"} side
 * @property {number} horizon
 * @property {number} threshold fall (long) or rise (short) of the price
 * @property {number} events in windows that do not overlap
 * @property {number} base_rate
 * @property {number} mean_forecast
 * @property {number | null} skill
 * @property {number | null} slope
 * @property {number} beyond95 share of moves beyond the 95 % quantile
 */

/**
 * @param {Scales} s
 * @param {Shape} shape fitted without this pair
 * @param {number} horizon
 * @param {readonly number[]} thresholds
 * @returns {Judged[]}
 */
export function judgeShape(s, shape, horizon, thresholds) {
  const weights = atHorizon(shape, horizon);
  const to = s.series.rows - horizon;
  const q95 = QUANTILES.indexOf(0.95);
  return SIDES.flatMap((side) => {
    const moves = worstMoves(s.series, horizon, side).subarray(WARM_UP, to);
    const scale = Float64Array.from(moves, (_, i) => Math.exp(logScale(s, WARM_UP + i, weights)));
    const table = weights.quantiles[side];
    const beyond95 = moves.filter((move, i) => move > at(scale, i) * at(table, q95)).length / moves.length;
    return thresholds.map((threshold) => {
      const loss = side === "long" ? -Math.log(1 - threshold) : Math.log(1 + threshold);
      const happened = Uint8Array.from(moves, (move) => (move > loss ? 1 : 0));
      const forecasts = Float64Array.from(scale, (value) => exceeded(table, loss / value));
      const { base_rate, mean_forecast, skill, slope } = reliability(forecasts, happened);
      const events = happened.filter((hit, i) => hit === 1 && i % horizon === 0).length;
      const { pair, timeframe } = s.series;
      return { pair, timeframe, side, horizon, threshold, events, base_rate, mean_forecast, skill, slope, beyond95 };
    });
  });
}
