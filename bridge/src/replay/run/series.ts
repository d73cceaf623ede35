/** Prices and risk of one pair, drawn together into buckets of equal time: what a price chart shows. No figure is made from it. */
import type { Candles } from "../read/candles.js";

/** One value per bucket in every column. */
export interface PairSeries {
  readonly pair: string;
  /** When bucket 0 begins; bucket i begins `i × step_ms` later. */
  readonly from_ms: number;
  readonly step_ms: number;
  readonly candles_per_bucket: number;
  readonly high: Float32Array;
  readonly low: Float32Array;
  readonly close: Float32Array;
  /** Largest forecast of the worst move against a long, and against a short (log-loss); NaN while warming up. */
  readonly adverse_long: Float32Array;
  readonly adverse_short: Float32Array;
  /** Smallest candle size, 0 … 1; NaN while warming up. */
  readonly size: Float32Array;
}

/** The engine's columns a chart needs, one value per candle. */
export interface RiskColumns {
  readonly size: ArrayLike<number>;
  readonly adverse_long: ArrayLike<number>;
  readonly adverse_short: ArrayLike<number>;
}

/**
 * Draws the candles from `first_row` on together.
 * @param max_buckets at most so many; a candle each when they suffice
 */
export function pairSeries(
  pair: string,
  candles: Candles,
  risk: RiskColumns,
  range: { readonly first_row: number; readonly timeframe_ms: number; readonly max_buckets: number },
): PairSeries {
  const { first_row, timeframe_ms, max_buckets } = range;
  const rows = Math.max(0, candles.rows - first_row);
  const candles_per_bucket = Math.max(1, Math.ceil(rows / max_buckets));
  const count = Math.ceil(rows / candles_per_bucket);
  const column = (): Float32Array => new Float32Array(count);
  const [high, low, close] = [column(), column(), column()];
  const [adverse_long, adverse_short, size] = [column(), column(), column()];
  for (let at = 0; at < count; at++) {
    const from = first_row + at * candles_per_bucket;
    const to = Math.min(candles.rows, from + candles_per_bucket);
    high[at] = largest(candles.high, from, to);
    low[at] = smallest(candles.low, candles.low, from, to);
    close[at] = candles.close[to - 1] ?? Number.NaN;
    adverse_long[at] = largest(risk.adverse_long, from, to);
    adverse_short[at] = largest(risk.adverse_short, from, to);
    // A size of 0 while warming up is no verdict on the candle.
    size[at] = smallest(risk.size, risk.adverse_long, from, to);
  }
  return {
    pair,
    from_ms: candles.t_ms[first_row] ?? Number.NaN,
    step_ms: candles_per_bucket * timeframe_ms,
    candles_per_bucket,
    ...{ high, low, close, adverse_long, adverse_short, size },
  };
}

/** Rows `from` to `to`; NaN is no value, and comes out only where there is no other. */
function largest(values: ArrayLike<number>, from: number, to: number): number {
  let found = Number.NaN;
  for (let row = from; row < to; row++) {
    const value = values[row] ?? Number.NaN;
    if (!(value <= found)) found = Number.isNaN(value) ? found : value;
  }
  return found;
}

/** The same, of the rows where `known` has a value. */
function smallest(values: ArrayLike<number>, known: ArrayLike<number>, from: number, to: number): number {
  let found = Number.NaN;
  for (let row = from; row < to; row++) {
    const value = Number.isFinite(known[row]) ? (values[row] ?? Number.NaN) : Number.NaN;
    if (!(value >= found)) found = Number.isNaN(value) ? found : value;
  }
  return found;
}
