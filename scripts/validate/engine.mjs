/** The engine's own columns beside the second implementation. */

import { loadEngine } from "../../bridge/dist/engine/engine.js";
import { toBlock } from "../../bridge/dist/replay/read/candles.js";
import { at, WARM_UP } from "./series.mjs";

const engine = loadEngine();

/**
 * @param {import("./series.mjs").Series} series
 * @param {"standard" | "compact"} window_set
 * @param {readonly [string, Float64Array][]} columns names, and what they must be
 * @returns {Promise<number>} largest relative difference over these columns and all rows
 */
export async function largestDifference(series, window_set, columns) {
  const timeframe_s = (at(series.candles.t_ms, 1) - at(series.candles.t_ms, 0)) / 1000;
  const params = { profile: /** @type {const} */ ("aggressive"), window_set, timeframe_s };
  const reply = await engine.annotate(params, toBlock(series.candles), series.rows);
  if (!reply.ok) throw new Error(`${series.pair} ${series.timeframe}: ${reply.message}`);
  const values = new DataView(reply.block.buffer, reply.block.byteOffset, reply.block.byteLength);
  let largest = 0;
  for (const [name, expected] of columns) {
    const place = engine.columns.findIndex((column) => column.name === name);
    if (place < 0) throw new Error(`the engine has no column ${name}`);
    for (let t = WARM_UP; t < series.rows; t++) {
      const got = values.getFloat64(8 * (place * series.rows + t), true);
      const difference = Math.abs(got - at(expected, t)) / Math.max(Math.abs(at(expected, t)), 1e-9);
      // NaN must not pass for agreement.
      if (!(difference <= largest)) largest = difference;
    }
  }
  return largest;
}

/**
 * @param {import("./coverage.mjs").Forecasts} forecasts
 * @returns {[string, Float64Array][]}
 */
export function tailColumns(forecasts) {
  const sides = /** @type {const} */ (["long", "short"]);
  return [
    ["risk_sigma", forecasts.sigma],
    ...sides.flatMap((side) =>
      Object.entries(forecasts[side]).map(
        ([name, values]) => /** @type {[string, Float64Array]} */ ([`risk_${name}_${side}`, values]),
      ),
    ),
  ];
}
