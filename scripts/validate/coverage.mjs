/** How a VaR and ES forecast did on one series, by half, side and level. */

import { z2 } from "../../bridge/dist/replay/statistics/acerbi_szekely.js";
import { christoffersen } from "../../bridge/dist/replay/statistics/christoffersen.js";
import { pinball } from "../../bridge/dist/replay/statistics/pinball.js";
import { at, WARM_UP } from "./series.mjs";
import { tails } from "./tail.mjs";

export const SIDES = /** @type {const} */ (["long", "short"]);
export const LEVELS = /** @type {const} */ (["99", "95"]);
export const HALVES = /** @type {const} */ (["first", "second", "whole"]);
export const PROBABILITY = { 99: 0.01, 95: 0.05 };
export const GROUPS = 10;

/**
 * @typedef {object} Coverage one side and level of one series over one half
 * @property {number} forecasts
 * @property {number} exceedances
 * @property {number} coverage_p Kupiec
 * @property {number} joint_p Christoffersen
 * @property {number} z2
 * @property {number} pinball
 * @property {number[]} deciles share exceeded after forecasts in each tenth of σ, lowest first
 */
/** @typedef {Record<string, Coverage>} Coverages by `${half} ${side} ${level}` */
/** @typedef {{ sigma: Float64Array, long: Record<string, Float64Array>, short: Record<string, Float64Array> }} Forecasts known at the close of each row: var99, es99, var95, es95 as log losses */

/**
 * @param {import("./series.mjs").Series} series
 * @param {Float64Array} sigma
 * @param {number} rows of the tail window
 * @returns {Forecasts}
 */
export function forecast(series, sigma, rows) {
  const z = series.returns.map((r, t) => r / at(sigma, t - 1));
  const empty = () => ({ var99: nans(series), es99: nans(series), var95: nans(series), es95: nans(series) });
  const [long, short] = [empty(), empty()];
  tails(z, rows, (t, down, up) => {
    const s = at(sigma, t);
    for (const key of /** @type {const} */ (["var99", "es99", "var95", "es95"])) {
      long[key][t] = s * down[key];
      short[key][t] = s * up[key];
    }
  });
  return { sigma, long, short };
}

/** @param {import("./series.mjs").Series} series */
function nans(series) {
  return new Float64Array(series.rows).fill(Number.NaN);
}

/**
 * @param {import("./series.mjs").Series} series
 * @param {Forecasts} forecasts
 * @returns {Coverages}
 */
export function judge(series, forecasts) {
  const end = series.rows - 1;
  const middle = WARM_UP + Math.floor((end - WARM_UP) / 2);
  const spans = { first: [WARM_UP, middle], second: [middle, end], whole: [WARM_UP, end] };
  const tenth = tenths(forecasts.sigma.subarray(WARM_UP, end));
  /** @type {Coverages} */
  const out = {};
  for (const half of HALVES) {
    const [from = 0, to = 0] = spans[half];
    for (const side of SIDES) {
      const sign = side === "long" ? -1 : 1;
      const losses = series.returns.slice(from + 1, to + 1).map((r) => sign * r);
      for (const level of LEVELS) {
        const vars = at2(forecasts, side, `var${level}`).subarray(from, to);
        const exceeded = Uint8Array.from(losses, (loss, i) => (loss > at(vars, i) ? 1 : 0));
        const test = christoffersen(exceeded, PROBABILITY[level]);
        const groups = Array.from({ length: GROUPS }, () => ({ forecasts: 0, exceedances: 0 }));
        exceeded.forEach((hit, i) => {
          const group = groups[at(tenth, from - WARM_UP + i)];
          if (group === undefined) return;
          group.forecasts += 1;
          group.exceedances += hit;
        });
        out[`${half} ${side} ${level}`] = {
          forecasts: losses.length,
          exceedances: test.exceedances,
          coverage_p: test.coverage.p_value,
          joint_p: test.joint.p_value,
          z2: z2(losses, vars, at2(forecasts, side, `es${level}`).subarray(from, to), PROBABILITY[level]),
          pinball: pinball(losses, vars, PROBABILITY[level]),
          deciles: groups.map((group) => group.exceedances / group.forecasts),
        };
      }
    }
  }
  return out;
}

/**
 * @param {Forecasts} forecasts
 * @param {"long" | "short"} side
 * @param {string} key
 */
function at2(forecasts, side, key) {
  const values = forecasts[side][key];
  if (values === undefined) throw new Error(`no forecast ${key}`);
  return values;
}

/**
 * @param {Float64Array} values
 * @returns {Uint8Array} which tenth each value is in, 0 the lowest
 */
function tenths(values) {
  const order = Uint32Array.from(values, (_, i) => i).sort((a, b) => at(values, a) - at(values, b) || a - b);
  const out = new Uint8Array(values.length);
  order.forEach((i, rank) => {
    out[i] = Math.floor((rank * GROUPS) / values.length);
  });
  return out;
}
