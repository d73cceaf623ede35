/**
 * What the gate changed, figure by figure, each with an interval: the trades, and the days of the account, are drawn again a thousand times by the
 * stationary bootstrap, the account with and without the gate from the same draw. Percentile intervals of the change.
 */
import { optimalBlockLength } from "./block_length.js";
import { type DailyFigures, dailyFigures } from "./daily.js";
import { quantile } from "./quantile.js";
import { uniform } from "./random.js";
import { resample } from "./stationary_bootstrap.js";
import { type TradeFigures, TradeSample } from "./trade_figures.js";

export const RESAMPLES = 1000;
export const CONFIDENCE = 0.95;
/** Fewer observations than this are not drawn again: an interval would pretend to know. */
export const MIN_OBSERVATIONS = 30;
const SEED = 7;

/** In order of showing; `better` says which way the figure improves. */
export const FIGURES = [
  { figure: "profit_abs", basis: "trades", better: "higher" },
  { figure: "profit_factor", basis: "trades", better: "higher" },
  { figure: "cvar95_trades", basis: "trades", better: "lower" },
  { figure: "drawdown_closed", basis: "trades", better: "lower" },
  { figure: "sharpe", basis: "trades", better: "higher" },
  { figure: "sortino", basis: "trades", better: "higher" },
  { figure: "calmar", basis: "trades", better: "higher" },
  { figure: "cvar95_daily", basis: "days", better: "lower" },
  { figure: "drawdown_daily", basis: "days", better: "lower" },
  { figure: "ulcer_daily", basis: "days", better: "lower" },
  { figure: "sharpe_daily", basis: "days", better: "higher" },
  { figure: "sortino_daily", basis: "days", better: "higher" },
  { figure: "calmar_daily", basis: "days", better: "higher" },
] as const;
export type FigureName = (typeof FIGURES)[number]["figure"];
type Figures = TradeFigures & DailyFigures;
type Basis = "trades" | "days";

export interface Effect {
  readonly figure: FigureName;
  readonly basis: Basis;
  readonly better: "higher" | "lower";
  readonly without: number | null;
  readonly with: number | null;
  readonly change: number | null;
  /** Of the change; null when there are too few observations, or too few draws have the figure. */
  readonly low: number | null;
  readonly high: number | null;
}

export interface Drawn {
  readonly observations: number;
  /** Mean block length, in observations; null: not drawn. */
  readonly block: number | null;
}

export interface EffectInput {
  readonly starting_balance: number;
  readonly days: number;
  /** Trades in order of closing; `taken` is 1 for those the gate let open. */
  readonly trades: { readonly without: Float64Array; readonly with: Float64Array; readonly taken: Uint8Array };
  /** Relative changes of the account per day; null when it was ever at or below 0. */
  readonly daily: { readonly without: Float64Array; readonly with: Float64Array } | null;
}

/** Every figure with and without the gate, and the interval of its change. */
export function effects(input: EffectInput): {
  readonly effects: Effect[];
  readonly trades: Drawn;
  readonly daily: Drawn;
} {
  const trades = tradeDraws(input);
  const daily = dailyDraws(input);
  const found = FIGURES.map(({ figure, basis, better }): Effect => {
    const draws = basis === "trades" ? trades : daily;
    const without = draws?.point.without[figure] ?? null;
    const withGate = draws?.point.with[figure] ?? null;
    const change = difference(withGate, without);
    const interval = change === null || draws === null ? null : intervalOf(draws.drawn, figure);
    return {
      figure,
      basis,
      better,
      without,
      with: withGate,
      change,
      low: interval?.low ?? null,
      high: interval?.high ?? null,
    };
  });
  const none = { observations: 0, block: null };
  return { effects: found, trades: trades?.how ?? none, daily: daily?.how ?? none };
}

interface Pair {
  readonly without: Partial<Figures>;
  readonly with: Partial<Figures>;
}

interface Draws {
  readonly point: Pair;
  readonly drawn: readonly Pair[];
  readonly how: Drawn;
}

function tradeDraws({ trades, starting_balance, days }: EffectInput): Draws {
  const n = trades.without.length;
  const without = new TradeSample(trades.without, new Uint8Array(n).fill(1), starting_balance, days);
  const withGate = new TradeSample(trades.with, trades.taken, starting_balance, days);
  return draws(n, [trades.without, trades.with], (index) => ({
    without: without.figures(index),
    with: withGate.figures(index),
  }));
}

function dailyDraws({ daily }: EffectInput): Draws | null {
  if (daily === null || daily.without.length === 0) return null;
  const scratch = new Float64Array(daily.without.length);
  return draws(daily.without.length, [daily.without, daily.with], (index) => ({
    without: dailyFigures(daily.without, index, scratch),
    with: dailyFigures(daily.with, index, scratch),
  }));
}

/** The longest of the block lengths that the series with, without and their difference ask for. */
function draws(
  n: number,
  [without, withGate]: readonly [Float64Array, Float64Array],
  figures: (index: Int32Array | null) => Pair,
): Draws {
  const point = figures(null);
  if (n < MIN_OBSERVATIONS) return { point, drawn: [], how: { observations: n, block: null } };
  const change = without.map((value, row) => (withGate[row] ?? value) - value);
  const block = Math.max(...[without, withGate, change].map(optimalBlockLength));
  const random = uniform(SEED);
  const index = new Int32Array(n);
  const drawn = Array.from({ length: RESAMPLES }, () => {
    resample(index, block, random);
    return figures(index);
  });
  return { point, drawn, how: { observations: n, block } };
}

function intervalOf(drawn: readonly Pair[], figure: FigureName): { low: number; high: number } | null {
  const changes = drawn.flatMap((pair) => difference(pair.with[figure] ?? null, pair.without[figure] ?? null) ?? []);
  // A figure that many draws do not have (no loss, no day of fall) has no honest interval.
  if (changes.length < 0.9 * RESAMPLES) return null;
  const sorted = Float64Array.from(changes).sort();
  return { low: quantile(sorted, (1 - CONFIDENCE) / 2), high: quantile(sorted, (1 + CONFIDENCE) / 2) };
}

function difference(a: number | null, b: number | null): number | null {
  return a === null || b === null ? null : a - b;
}
