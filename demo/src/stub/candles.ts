/** Candles cut from {@link priceAt}, in the form of Binance's `/api/v3/klines`. */

import { pairSeed, priceAt, STEP_MS, uniform } from "./price.js";

/** Timeframes offered, in ms. Longer ones would take too many price steps for one request. */
export const INTERVALS: ReadonlyMap<string, number> = new Map([
  ["1m", 60_000],
  ["3m", 180_000],
  ["5m", 300_000],
  ["15m", 900_000],
  ["30m", 1_800_000],
  ["1h", 3_600_000],
]);

export const MAX_CANDLES = 1000;
const DEFAULT_CANDLES = 500;

export interface Candle {
  readonly open_ms: number;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  /** Base units. */
  readonly volume: number;
}

/**
 * One candle as it looks at a time. A finished candle is a pure function of (seed, pair, open time).
 * @param open_ms multiple of interval_ms
 * @param now_ms a candle that is still open holds the prices up to here
 */
export function candleAt(seed: number, pair: string, open_ms: number, interval_ms: number, now_ms: number): Candle {
  const key = pairSeed(seed, pair);
  const first = open_ms / STEP_MS;
  const last = Math.min((open_ms + interval_ms) / STEP_MS, Math.max(first, Math.floor(now_ms / STEP_MS)));
  const open = priceAt(key, first);
  let high = open;
  let low = open;
  let close = open;
  let volume = 0;
  for (let step = first + 1; step <= last; step++) {
    const price = priceAt(key, step);
    high = Math.max(high, price);
    low = Math.min(low, price);
    const moved = Math.abs(price / close - 1);
    volume += ((0.5 + uniform(key, -2, step)) * (1 + moved / FINE_MOVE) * STEP_TURNOVER) / price;
    close = price;
  }
  return { open_ms, open, high, low, close, volume };
}

/** A move per step above which volume more than doubles. */
const FINE_MOVE = 0.0005;
/** Quiet turnover per step, in quote units. */
const STEP_TURNOVER = 5_000;

export interface KlineQuery {
  readonly interval_ms: number;
  readonly start_ms?: number | undefined;
  readonly end_ms?: number | undefined;
  readonly limit?: number | undefined;
}

/**
 * Open times of the candles a query asks for, ascending. With a start: the first `limit` from there. Without: the last `limit`. The
 * candle that is open at now_ms is the last there can be.
 */
export function openTimes(query: KlineQuery, now_ms: number): readonly number[] {
  const { interval_ms } = query;
  const limit = Math.min(query.limit ?? DEFAULT_CANDLES, MAX_CANDLES);
  const newest = Math.floor(Math.min(query.end_ms ?? now_ms, now_ms) / interval_ms) * interval_ms;
  const oldest =
    query.start_ms === undefined
      ? newest - (limit - 1) * interval_ms
      : Math.ceil(query.start_ms / interval_ms) * interval_ms;
  const count = Math.max(0, Math.min(limit, Math.floor((newest - oldest) / interval_ms) + 1));
  return Array.from({ length: count }, (_, i) => oldest + i * interval_ms);
}

/** One row of Binance's klines: times are numbers, prices and volumes decimal strings. */
export function klineRow(candle: Candle, interval_ms: number): readonly (number | string)[] {
  const text = (value: number): string => value.toFixed(8);
  const turnover = candle.volume * candle.close;
  return [
    candle.open_ms,
    text(candle.open),
    text(candle.high),
    text(candle.low),
    text(candle.close),
    text(candle.volume),
    candle.open_ms + interval_ms - 1,
    text(turnover),
    Math.max(1, Math.round(turnover / 500)),
    text(candle.volume / 2),
    text(turnover / 2),
    "0",
  ];
}
