/** Was the forecast quantile of the worst move right? Every candle taken for an entry at its close. */
import type { Candles } from "../read/candles.js";
import { kupiec } from "../statistics/kupiec.js";

export interface AdverseCoverage {
  readonly side: "long" | "short";
  readonly forecasts: number;
  readonly exceeded: number;
  readonly expected: number;
  /** Of every h-th candle only: stretches that overlap are exceeded together, and no test of independent trials holds for them. */
  readonly apart: { readonly forecasts: number; readonly exceeded: number; readonly kupiec_p: number | null };
}

/** @param range rows, from (inclusive) to (exclusive) */
export function adverseCoverage(
  side: "long" | "short",
  forecast: Float64Array,
  candles: Candles,
  range: { readonly from: number; readonly to: number },
  settings: { readonly adverse_horizon_candles: number; readonly adverse_quantile: number },
): AdverseCoverage {
  const { adverse_horizon_candles: horizon, adverse_quantile } = settings;
  const probability = 1 - adverse_quantile;
  let [forecasts, exceeded, far, far_exceeded] = [0, 0, 0, 0];
  for (let row = range.from; row < Math.min(range.to, candles.rows - horizon); row++) {
    const limit = forecast[row] ?? Number.NaN;
    if (!Number.isFinite(limit)) continue;
    const hit = worstMove(side, candles, row, horizon) > limit ? 1 : 0;
    forecasts += 1;
    exceeded += hit;
    if ((row - range.from) % horizon !== 0) continue;
    far += 1;
    far_exceeded += hit;
  }
  const kupiec_p = far === 0 ? null : kupiec(far_exceeded, far, probability).p_value;
  return {
    side,
    forecasts,
    exceeded,
    expected: forecasts * probability,
    apart: { forecasts: far, exceeded: far_exceeded, kupiec_p },
  };
}

function worstMove(side: "long" | "short", candles: Candles, row: number, horizon: number): number {
  const entry = candles.close[row] ?? Number.NaN;
  let extreme = entry;
  for (let at = row + 1; at <= row + horizon; at++) {
    const price = (side === "long" ? candles.low[at] : candles.high[at]) ?? Number.NaN;
    extreme = side === "long" ? Math.min(extreme, price) : Math.max(extreme, price);
  }
  return Math.abs(Math.log(entry / extreme));
}
