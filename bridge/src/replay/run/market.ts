/** Candles of every pair traded, annotated once by the engine: the candle verdicts, and prices to value positions at. */
import type { Resolution } from "../../config/resolve.js";
import type { Engine } from "../../engine/types.js";
import { type CandleSource, readCandles, slice } from "../read/candles.js";
import { ReplayInputError } from "../read/error.js";
import { annotate } from "./annotate.js";
import { type Coverage, coverageOf } from "./coverage.js";
import type { MarketPair } from "./market_pair.js";
import { type PairSeries, pairSeries } from "./series.js";

/** What the engine says of one closed candle. */
export interface CandleVerdict {
  readonly candle_open_ms: number;
  readonly size: number;
  readonly reason: number;
  readonly value: number;
}

/** How deep the engine expects a trade to go, known at a closed candle; log-losses, NaN when not known. */
export interface DepthForecast {
  readonly es99: number;
  /** Quantile of the worst move within the horizon. */
  readonly adverse: number;
}

export interface PairMarket {
  readonly pair: string;
  readonly first_ms: number;
  readonly rows: number;
  /** Rows before the backtest begins: fewer than the engine's memory means that its first candles cannot be judged. */
  readonly rows_before_start: number;
  /** From the start of the backtest on; null when no chart is wanted. */
  readonly series: PairSeries | null;
  /** Forecasts of loss against what came, over the candles of the backtest. */
  readonly coverage: readonly Coverage[];
  /** Verdict of the last candle that had closed at a time; null when there is none. */
  verdictAt(t_ms: number): CandleVerdict | null;
  /** Forecast of the last candle that had closed at a time. */
  depthAt(t_ms: number, side: "long" | "short"): DepthForecast;
  /** Worst move against `rate` in the candle a time falls into and those after it, `candles` in all, as a log-loss ≥ 0; NaN when they are not all there. */
  worstMove(t_ms: number, rate: number, side: "long" | "short", candles: number): number;
  /** Close of the last candle that had closed at a time; NaN when there is none. */
  closeAt(t_ms: number): number;
  /** Open of the candle a time falls into; NaN outside the data. */
  openAt(t_ms: number): number;
  /** Whether a price lies within the candle a time falls into, rounding of the exchange's price steps allowed. */
  traded(t_ms: number, price: number): boolean;
}

export type Resolved = Extract<Resolution, { ok: true }>;

/** Prices may be rounded to the exchange's step after freqtrade clamped them to the candle. */
const PRICE_TOLERANCE = 1e-3;

/** What is wanted of a pair beside its verdicts. */
export interface Wanted {
  /** The pair that stands for the market; null: none, and its measures stay undefined. */
  readonly market: MarketPair | null;
  /** Which sides were traded: only their forecasts are kept. */
  readonly sides: readonly ("long" | "short")[];
  /** Most points of its {@link PairMarket.series}; 0: none is made. */
  readonly chart_buckets: number;
}

/**
 * Reads and annotates one pair.
 * Only the engine's memory before the start is kept: rows do not depend on older candles, and a gated backtest loads no more either.
 * @throws ReplayInputError when candles are absent, do not cover the backtest, or are not valid
 */
export async function loadMarket(
  pair: string,
  source: CandleSource,
  span: { readonly start_ms: number; readonly end_ms: number },
  resolved: Resolved,
  engine: Engine,
  wanted: Partial<Wanted> = {},
): Promise<PairMarket> {
  const { market = null, sides = ["long"], chart_buckets = 0 } = wanted;
  const all = await readCandles(pair, source);
  const { timeframe_ms } = source;
  const origin = all.t_ms[0] ?? Number.NaN;
  const start = Math.ceil((span.start_ms - origin) / timeframe_ms);
  const end = Math.floor((span.end_ms - origin) / timeframe_ms) + 1;
  const candles = slice(all, start - resolved.memory_rows, end);
  if (candles.rows === 0) {
    throw new ReplayInputError(
      `The candles of ${pair} in ${source.datadir} do not cover the backtest (${day(span.start_ms)} to ${day(span.end_ms)}). Give the directory the backtest ran on with --datadir.`,
    );
  }
  const closes = market === null ? null : market.pair === pair ? candles.close : market.beside(candles);
  const annotated = await annotate(pair, candles, closes, resolved, engine);
  const { size, reason, value } = annotated;
  const rows_before_start = Math.max(0, Math.min(start, resolved.memory_rows));
  const coverage = sides.flatMap((side) => coverageOf(side, annotated[side], candles, rows_before_start));
  // Single precision is enough for a forecast, and a year of many pairs has to fit.
  const keep = (values: Float64Array): Float32Array => Float32Array.from(values);
  const depth = new Map(
    sides.map((side) => [side, { es99: keep(annotated[side].es99), adverse: keep(annotated[side].adverse) }]),
  );
  const first_ms = candles.t_ms[0] ?? Number.NaN;
  const rowOf = (t_ms: number): number => Math.floor((t_ms - first_ms) / timeframe_ms);
  return {
    pair,
    first_ms,
    rows: candles.rows,
    rows_before_start,
    series:
      chart_buckets === 0
        ? null
        : pairSeries(
            pair,
            candles,
            { size, adverse_long: annotated.long.adverse, adverse_short: annotated.short.adverse },
            { first_row: rows_before_start, timeframe_ms, max_buckets: chart_buckets },
          ),
    coverage,
    verdictAt(t_ms) {
      const row = rowOf(t_ms) - 1;
      const candle_open_ms = candles.t_ms[row];
      const [rowSize, rowReason, rowValue] = [size[row], reason[row], value[row]];
      if (candle_open_ms === undefined || rowSize === undefined || rowReason === undefined || rowValue === undefined) {
        return null;
      }
      return { candle_open_ms, size: rowSize, reason: rowReason, value: rowValue };
    },
    depthAt(t_ms, side) {
      const row = rowOf(t_ms) - 1;
      const forecasts = depth.get(side);
      return { es99: forecasts?.es99[row] ?? Number.NaN, adverse: forecasts?.adverse[row] ?? Number.NaN };
    },
    worstMove(t_ms, rate, side, count) {
      const from = rowOf(t_ms);
      if (from < 0 || from + count > candles.rows) return Number.NaN;
      const extremes = (side === "long" ? candles.low : candles.high).subarray(from, from + count);
      return extremes.reduce((worst, price) => {
        return Math.max(worst, side === "long" ? Math.log(rate / price) : Math.log(price / rate));
      }, 0);
    },
    closeAt: (t_ms) => candles.close[rowOf(t_ms) - 1] ?? Number.NaN,
    openAt: (t_ms) => candles.open[rowOf(t_ms)] ?? Number.NaN,
    traded(t_ms, price) {
      const row = rowOf(t_ms);
      const high = candles.high[row] ?? Number.NaN;
      const low = candles.low[row] ?? Number.NaN;
      return price <= high * (1 + PRICE_TOLERANCE) && price >= low * (1 - PRICE_TOLERANCE);
    },
  };
}

function day(t_ms: number): string {
  return new Date(t_ms).toISOString().slice(0, 10);
}
