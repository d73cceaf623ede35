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
  const column = (): Float32Array => new Float32Array(count).fill(Number.NaN);
  const [high, low, close] = [column(), column(), column()];
  const [adverse_long, adverse_short, size] = [column(), column(), column()];
  for (let row = first_row; row < candles.rows; row++) {
    const at = Math.floor((row - first_row) / candles_per_bucket);
    fold(high, at, candles.high[row], Math.max);
    fold(low, at, candles.low[row], Math.min);
    close[at] = candles.close[row] ?? Number.NaN;
    fold(adverse_long, at, risk.adverse_long[row], Math.max);
    fold(adverse_short, at, risk.adverse_short[row], Math.max);
    // A size of 0 while warming up is no verdict on the candle.
    if (Number.isFinite(risk.adverse_long[row])) fold(size, at, risk.size[row], Math.min);
  }
  return {
    pair,
    from_ms: candles.t_ms[first_row] ?? Number.NaN,
    step_ms: candles_per_bucket * timeframe_ms,
    candles_per_bucket,
    ...{ high, low, close, adverse_long, adverse_short, size },
  };
}

/** NaN is no value: it neither wins nor stays once there is one. */
function fold(
  column: Float32Array,
  at: number,
  value: number | undefined,
  choose: (a: number, b: number) => number,
): void {
  if (value === undefined || Number.isNaN(value)) return;
  const held = column[at];
  column[at] = held === undefined || Number.isNaN(held) ? value : choose(held, value);
}
