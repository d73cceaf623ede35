/**
 * The tail forecast of docs/method.md written a second time, for candidate filters; on the shipped filter it must give the engine's columns.
 */

import { replace } from "./filters.mjs";
import { at } from "./series.mjs";

const MIN_EXCEEDANCES = 30;
/** Rows before the first residual: σ needs at most as many candles. */
const FIRST = 90;
/** Room for the exceedances of one fit. */
const EXCESSES = new Float64Array(128);

/** @typedef {{ var95: number, var99: number, es95: number, es99: number }} StandardTail in units of σ */

/**
 * @param {Float64Array} z residuals; those before row 90 are not used
 * @param {number} rows W
 * @param {(t: number, long: StandardTail, short: StandardTail) => void} each called at every row whose window is full
 */
export function tails(z, rows, each) {
  const k = rows / 10;
  const window = z.slice(FIRST, FIRST + rows).sort();
  /** @type {StandardTail | null} */
  let long = null;
  /** @type {StandardTail | null} */
  let short = null;
  for (let t = FIRST + rows - 1; t < z.length; t++) {
    if (t >= FIRST + rows) {
      const [low, high] = replace(window, at(z, t - rows), at(z, t));
      if (low <= k) long = null;
      if (high + k + 1 >= rows) short = null;
    }
    long ??= standardTail((i) => -at(window, i), rows);
    short ??= standardTail((i) => at(window, rows - 1 - i), rows);
    each(t, long, short);
  }
}

/**
 * @param {(i: number) => number} top loss number i, 0 the greatest
 * @param {number} rows
 * @returns {StandardTail}
 */
function standardTail(top, rows) {
  const k = rows / 10;
  const u = top(k);
  let n = 0;
  for (let i = k - 1; i >= 0; i--) if (top(i) > u) EXCESSES[n++] = top(i) - u;
  const y = EXCESSES.subarray(0, n);
  const var95 = quantile(top, rows, 0.05);
  if (n < MIN_EXCEEDANCES || n / rows <= 0.05) {
    const var99 = Math.max(0, quantile(top, rows, 0.01));
    const levels = { var95: Math.max(0, var95), var99 };
    return {
      ...levels,
      es95: Math.max(levels.var95, meanAbove(top, rows, 0.05)),
      es99: Math.max(var99, meanAbove(top, rows, 0.01)),
    };
  }
  let { xi, beta } = zhangStephens(y);
  const limited = Math.min(0.95, Math.max(0.1, xi));
  if (limited !== xi) {
    xi = limited;
    beta = (y.reduce((a, b) => a + b, 0) / n) * (1 - xi);
  }
  const var99 = Math.max(var95, u + (beta / xi) * (((rows / n) * 0.01) ** -xi - 1));
  /** @param {number} level */
  const beyond = (level) => (level + beta - xi * u) / (1 - xi);
  const levels = { var95: Math.max(0, var95), var99: Math.max(0, var99) };
  return { ...levels, es95: Math.max(levels.var95, beyond(var95)), es99: Math.max(levels.var99, beyond(var99)) };
}

/**
 * @param {(i: number) => number} top
 * @param {number} rows
 * @param {number} p
 */
function quantile(top, rows, p) {
  const position = Math.max(0, (rows + 1) * p - 1);
  const i = Math.floor(position);
  return top(i) + (top(i + 1) - top(i)) * (position - i);
}

/**
 * @param {(i: number) => number} top
 * @param {number} rows
 * @param {number} p
 */
function meanAbove(top, rows, p) {
  const mass = rows * p;
  const whole = Math.floor(mass);
  let sum = 0;
  for (let i = 0; i < whole; i++) sum += top(i);
  return (sum + (mass - whole) * top(whole)) / mass;
}

/**
 * Zhang & Stephens 2009.
 * @param {Float64Array} y ascending, above 0
 */
function zhangStephens(y) {
  const n = y.length;
  const m = 20 + Math.floor(Math.sqrt(n));
  const [greatest, quartile] = [at(y, n - 1), at(y, Math.floor(n / 4 + 0.5) - 1)];
  const mean = y.reduce((a, b) => a + b, 0) / n;
  const thetas = new Float64Array(m);
  const likelihoods = new Float64Array(m);
  let highest = Number.NEGATIVE_INFINITY;
  for (let j = 0; j < m; j++) {
    const theta = 1 / greatest + (1 - Math.sqrt(m / (j + 0.5))) / (3 * quartile);
    const kappa = meanLog(theta, y);
    const likelihood = n * (Math.log(kappa === 0 ? 1 / mean : -theta / kappa) - kappa - 1);
    thetas[j] = theta;
    likelihoods[j] = likelihood;
    highest = Math.max(highest, likelihood);
  }
  let [weights, weighted] = [0, 0];
  for (let j = 0; j < m; j++) {
    const weight = Math.exp(at(likelihoods, j) - highest);
    weights += weight;
    weighted += weight * at(thetas, j);
  }
  const theta = weighted / weights;
  const xi = meanLog(theta, y);
  return { xi, beta: xi === 0 ? mean : -xi / theta };
}

/**
 * Mean of ln(1 − θy), one logarithm for eight factors: residuals of real candles are far from overflowing their product.
 * @param {number} theta
 * @param {Float64Array} y
 */
function meanLog(theta, y) {
  let [sum, product] = [0, 1];
  for (let i = 0; i < y.length; i++) {
    product *= 1 - theta * at(y, i);
    if ((i & 7) === 7) {
      sum += Math.log(product);
      product = 1;
    }
  }
  return (sum + Math.log(product)) / y.length;
}
