/** Candles of every pair traded, annotated once by the engine: the candle verdicts, and prices to value positions at. */
import type { Resolution } from "../../config/resolve.js";
import type { Engine } from "../../engine/types.js";
import { type CandleSource, type Candles, readCandles, slice, toBlock } from "../read/candles.js";
import { ReplayInputError } from "../read/error.js";
import { type PairSeries, pairSeries } from "./series.js";

/** What the engine says of one closed candle. */
export interface CandleVerdict {
  readonly candle_open_ms: number;
  readonly size: number;
  readonly reason: number;
  readonly value: number;
}

export interface PairMarket {
  readonly pair: string;
  readonly first_ms: number;
  readonly rows: number;
  /** Rows before the backtest begins: fewer than the engine's memory means that its first candles cannot be judged. */
  readonly rows_before_start: number;
  /** From the start of the backtest on; null when no chart is wanted. */
  readonly series: PairSeries | null;
  /** Verdict of the last candle that had closed at a time; null when there is none. */
  verdictAt(t_ms: number): CandleVerdict | null;
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

/**
 * Reads and annotates one pair.
 * Only the engine's memory before the start is kept: rows do not depend on older candles, and a gated backtest loads no more either.
 * @param chart_buckets most points of its {@link PairMarket.series}; 0: none is made
 * @throws ReplayInputError when candles are absent, do not cover the backtest, or are not valid
 */
export async function loadMarket(
  pair: string,
  source: CandleSource,
  span: { readonly start_ms: number; readonly end_ms: number },
  resolved: Resolved,
  engine: Engine,
  chart_buckets = 0,
): Promise<PairMarket> {
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
  const column = await annotate(pair, candles, resolved, engine);
  const [size, reason, value] = [column("risk_size"), column("risk_reason"), column("risk_value")];
  const first_ms = candles.t_ms[0] ?? Number.NaN;
  const rows_before_start = Math.max(0, Math.min(start, resolved.memory_rows));
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
            { size, adverse_long: column("risk_adverse_q_long"), adverse_short: column("risk_adverse_q_short") },
            { first_row: rows_before_start, timeframe_ms, max_buckets: chart_buckets },
          ),
    verdictAt(t_ms) {
      const row = rowOf(t_ms) - 1;
      const candle_open_ms = candles.t_ms[row];
      const [rowSize, rowReason, rowValue] = [size[row], reason[row], value[row]];
      if (candle_open_ms === undefined || rowSize === undefined || rowReason === undefined || rowValue === undefined) {
        return null;
      }
      return { candle_open_ms, size: rowSize, reason: rowReason, value: rowValue };
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

/** Values of one of the engine's columns, by its name. */
type ColumnOf = (name: string) => Float64Array;

async function annotate(pair: string, candles: Candles, resolved: Resolved, engine: Engine): Promise<ColumnOf> {
  const result = await engine.annotate(resolved.params, toBlock(candles), candles.rows);
  if (!result.ok) {
    const at = candles.t_ms[result.row];
    const where = at === undefined ? "" : ` at ${new Date(at).toISOString()} (${result.column})`;
    throw new ReplayInputError(`The candles of ${pair}${where} cannot be judged: ${result.message}.`);
  }
  const bytes = new DataView(result.block.buffer, result.block.byteOffset, result.block.byteLength);
  return (name) => {
    const at = engine.columns.findIndex((spec) => spec.name === name);
    if (at < 0) throw new Error(`the engine addon has no column ${name}: run \`npm run build\``);
    return Float64Array.from({ length: candles.rows }, (_, row) =>
      bytes.getFloat64((at * candles.rows + row) * 8, true),
    );
  };
}

function day(t_ms: number): string {
  return new Date(t_ms).toISOString().slice(0, 10);
}
