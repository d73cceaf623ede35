/** What the replay keeps of a pair: the candle verdicts, forecasts, and prices to value positions at. */
import type { Candles } from "../read/candles.js";
import type { SideForecasts } from "./annotate.js";
import type { Coverage } from "./coverage.js";
import type { PairSeries } from "./series.js";

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
  /** Of the candles from the engine's memory before the start on. */
  readonly candles_sha256: string;
  /** From the start of the backtest on; null when no chart is wanted. */
  readonly series: PairSeries | null;
  /** Forecasts of loss against what came, over the candles of the backtest. */
  readonly coverage: readonly Coverage[];
  /** Verdict of the last candle that had closed at a time; null when there is none. */
  verdictAt(t_ms: number): CandleVerdict | null;
  /** Forecast of the last candle that had closed at a time. */
  depthAt(t_ms: number, side: "long" | "short"): DepthForecast;
  /** Rank of volatility, in (0, 1), at the last candle that had closed at a time; NaN when not known. */
  sigmaRankAt(t_ms: number): number;
  /** Worst move against `rate` in the candle a time falls into and those after it, `candles` in all, as a log-loss ≥ 0; NaN when they are not all there. */
  worstMove(t_ms: number, rate: number, side: "long" | "short", candles: number): number;
  /** Close of the last candle that had closed at a time; NaN when there is none. */
  closeAt(t_ms: number): number;
  /** Open of the candle a time falls into; NaN outside the data. */
  openAt(t_ms: number): number;
  /** Whether a price lies within the candle a time falls into, rounding of the exchange's price steps allowed. */
  traded(t_ms: number, price: number): boolean;
}

/** Prices may be rounded to the exchange's step after freqtrade clamped them to the candle. */
const PRICE_TOLERANCE = 1e-3;

type Side = "long" | "short";

export interface PairInput
  extends Pick<PairMarket, "pair" | "rows_before_start" | "candles_sha256" | "series" | "coverage"> {
  readonly timeframe_ms: number;
  readonly candles: Candles;
  readonly verdicts: Readonly<Record<"size" | "reason" | "value" | "sigma_rank", Float64Array>>;
  readonly forecasts: ReadonlyMap<Side, SideForecasts>;
}

/**
 * Copies what is needed and lets go of the rest, which is ten times as much: verdicts, exact in single precision, forecasts, for which it is enough,
 * and prices. A function of its own, because what its closures see is kept for as long as they are.
 */
export function pairMarket(input: PairInput): PairMarket {
  const kept = {
    size: single(input.verdicts.size),
    reason: single(input.verdicts.reason),
    value: single(input.verdicts.value),
    sigma_rank: single(input.verdicts.sigma_rank),
    open: input.candles.open.slice(),
    high: input.candles.high.slice(),
    low: input.candles.low.slice(),
    close: input.candles.close.slice(),
    depth: depthOf(input.forecasts),
  };
  const { pair, rows_before_start, candles_sha256, series, coverage } = input;
  const first_ms = input.candles.t_ms[0] ?? Number.NaN;
  return view({ pair, first_ms, rows_before_start, candles_sha256, series, coverage }, input.timeframe_ms, kept);
}

interface Kept extends Record<"size" | "reason" | "value" | "sigma_rank", Float32Array> {
  readonly open: Float64Array;
  readonly high: Float64Array;
  readonly low: Float64Array;
  readonly close: Float64Array;
  readonly depth: ReadonlyMap<Side, { readonly es99: Float32Array; readonly adverse: Float32Array }>;
}

function single(values: Float64Array): Float32Array {
  return Float32Array.from(values);
}

function depthOf(forecasts: ReadonlyMap<Side, SideForecasts>): Kept["depth"] {
  return new Map([...forecasts].map(([side, of]) => [side, { es99: single(of.es99), adverse: single(of.adverse) }]));
}

function view(
  facts: Pick<PairMarket, "pair" | "first_ms" | "rows_before_start" | "candles_sha256" | "series" | "coverage">,
  timeframe_ms: number,
  kept: Kept,
): PairMarket {
  const { first_ms } = facts;
  const rows = kept.close.length;
  const rowOf = (t_ms: number): number => Math.floor((t_ms - first_ms) / timeframe_ms);
  return {
    ...facts,
    rows,
    verdictAt(t_ms) {
      const row = rowOf(t_ms) - 1;
      const [size, reason, value] = [kept.size[row], kept.reason[row], kept.value[row]];
      if (size === undefined || reason === undefined || value === undefined) return null;
      return { candle_open_ms: first_ms + row * timeframe_ms, size, reason, value };
    },
    depthAt(t_ms, side) {
      const row = rowOf(t_ms) - 1;
      const known = kept.depth.get(side);
      return { es99: known?.es99[row] ?? Number.NaN, adverse: known?.adverse[row] ?? Number.NaN };
    },
    sigmaRankAt: (t_ms) => kept.sigma_rank[rowOf(t_ms) - 1] ?? Number.NaN,
    worstMove(t_ms, rate, side, candles) {
      const from = rowOf(t_ms);
      if (from < 0 || from + candles > rows) return Number.NaN;
      const extremes = (side === "long" ? kept.low : kept.high).subarray(from, from + candles);
      return extremes.reduce((worst, price) => {
        return Math.max(worst, side === "long" ? Math.log(rate / price) : Math.log(price / rate));
      }, 0);
    },
    closeAt: (t_ms) => kept.close[rowOf(t_ms) - 1] ?? Number.NaN,
    openAt: (t_ms) => kept.open[rowOf(t_ms)] ?? Number.NaN,
    traded(t_ms, price) {
      const row = rowOf(t_ms);
      const high = kept.high[row] ?? Number.NaN;
      const low = kept.low[row] ?? Number.NaN;
      return price <= high * (1 + PRICE_TOLERANCE) && price >= low * (1 - PRICE_TOLERANCE);
    },
  };
}
