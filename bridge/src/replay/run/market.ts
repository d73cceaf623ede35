/** Candles of a pair, annotated once by the engine. */
import type { Resolution } from "../../config/resolve.js";
import type { Engine } from "../../engine/types.js";
import { type CandleSource, candlesHash, readCandles, slice } from "../read/candles.js";
import { ReplayInputError } from "../read/error.js";
import { annotate } from "./annotate.js";
import { coverageOf } from "./coverage.js";
import type { MarketPair } from "./market_pair.js";
import { type PairMarket, pairMarket } from "./pair_market.js";
import { pairSeries } from "./series.js";

export type { CandleVerdict, PairMarket } from "./pair_market.js";
export type Resolved = Extract<Resolution, { ok: true }>;

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
  const rows_before_start = Math.max(0, Math.min(start, resolved.memory_rows));
  const forecasts = new Map(sides.map((side) => [side, annotated.side(side)]));
  const coverage = [...forecasts].flatMap(([side, of]) => coverageOf(side, of, candles, rows_before_start));
  const series =
    chart_buckets === 0
      ? null
      : pairSeries(
          pair,
          candles,
          {
            size: annotated.size,
            adverse_long: annotated.side("long").adverse,
            adverse_short: annotated.side("short").adverse,
          },
          { first_row: rows_before_start, timeframe_ms, max_buckets: chart_buckets },
        );
  return pairMarket({
    pair,
    timeframe_ms,
    candles,
    rows_before_start,
    candles_sha256: candlesHash(candles),
    series,
    coverage,
    verdicts: annotated,
    forecasts,
  });
}

function day(t_ms: number): string {
  return new Date(t_ms).toISOString().slice(0, 10);
}
