/** The candle series that forecasts are judged on, with what every forecast is made of. */

import { readdirSync } from "node:fs";
import { readCandles } from "../../bridge/dist/replay/read/candles.js";
import { timeframeMs } from "../../bridge/dist/replay/read/timeframe.js";

export const TIMEFRAMES = ["1h", "5m"];
/** Rows before a series is judged: the longest memory of the engine. */
export const WARM_UP = 990;
/** Variance of a Brownian path per squared range (Parkinson 1980). */
const PARKINSON = 1 / (4 * Math.LN2);

/**
 * @typedef {object} Series
 * @property {string} pair
 * @property {string} timeframe
 * @property {import("../../bridge/dist/replay/read/candles.js").Candles} candles
 * @property {number} rows
 * @property {Float64Array} returns log returns; 0 in the first row
 * @property {Float64Array} ranges ln(high/low)
 * @property {Float64Array} variances of each candle by its range
 */

/**
 * @param {string} datadir
 * @param {(line: string) => void} say progress
 * @returns {Promise<Series[]>} spot pairs, by timeframe, then name
 */
export async function readAll(datadir, say) {
  const files = readdirSync(datadir).sort();
  const all = [];
  for (const timeframe of TIMEFRAMES) {
    const ending = `-${timeframe}.feather`;
    for (const file of files.filter((name) => name.endsWith(ending))) {
      const pair = file.slice(0, -ending.length).replace("_", "/");
      say(`reading ${pair} ${timeframe}`);
      const source = {
        datadir,
        trading_mode: /** @type {const} */ ("spot"),
        timeframe,
        timeframe_ms: timeframeMs(timeframe),
      };
      all.push(derive(pair, timeframe, await readCandles(pair, source)));
    }
  }
  return all;
}

/**
 * @param {string} pair
 * @param {string} timeframe
 * @param {Series["candles"]} candles
 * @returns {Series}
 */
export function derive(pair, timeframe, candles) {
  const { rows, high, low, close } = candles;
  const returns = new Float64Array(rows);
  const ranges = new Float64Array(rows);
  for (let t = 0; t < rows; t++) {
    if (t > 0) returns[t] = Math.log(at(close, t) / at(close, t - 1));
    ranges[t] = Math.log(at(high, t) / at(low, t));
  }
  return {
    pair,
    timeframe,
    candles,
    rows,
    returns,
    ranges,
    variances: ranges.map((range) => range * range * PARKINSON),
  };
}

/**
 * @param {ArrayLike<number>} values
 * @param {number} i
 * @returns {number} NaN beyond the end
 */
export function at(values, i) {
  return values[i] ?? Number.NaN;
}
