/** What the gate changed, with intervals, and what trying several gates does to it. */
import type { ReadResult } from "../read/backtest.js";
import { dailyCloses, dailyReturns } from "../statistics/daily.js";
import { expectedBestSharpe, moments, probabilisticSharpe } from "../statistics/deflated_sharpe.js";
import { CONFIDENCE, effects, RESAMPLES } from "../statistics/effect_intervals.js";
import { precision } from "../statistics/precision.js";
import { wholeDays } from "../statistics/ratios.js";
import type { ReplayResult } from "./result.js";
import type { TakenTrade } from "./totals.js";
import type { Curves, JudgedLeg } from "./walk.js";

/** Returns per day with and without the gate; null when the account was ever at or below 0, or there is only one day. */
export interface DailyPair {
  readonly without: Float64Array;
  readonly with: Float64Array;
}

/** @param start value before the first day, so that the first day counts too */
export function dailyPair(curves: Curves, start: number): DailyPair | null {
  const returnsOf = (values: Float64Array): Float64Array | null =>
    dailyReturns(Float64Array.of(start, ...dailyCloses(curves.t_ms, values).close));
  const [without, withGate] = [returnsOf(curves.without), returnsOf(curves.with)];
  return without === null || withGate === null ? null : { without, with: withGate };
}

export function effectOf(
  backtest: Pick<ReadResult, "starting_balance" | "start_ms" | "end_ms">,
  judged: readonly JudgedLeg[],
  trades: { readonly without: readonly TakenTrade[]; readonly with: readonly TakenTrade[] },
  daily: DailyPair | null,
): ReplayResult["effect"] {
  let avoided = 0;
  let foregone = 0;
  let proposed = 0;
  let allowed = 0;
  for (const { leg, share } of judged) {
    const cut = leg.profit * (1 - share);
    if (cut < 0) avoided -= cut;
    else foregone += cut;
    proposed += leg.stake * leg.trade.leverage;
    allowed += leg.stake * leg.trade.leverage * share;
  }
  const stake_share = proposed > 0 ? allowed / proposed : 1;
  const profit_abs = trades.without.reduce((sum, { profit }) => sum + profit, 0);
  const closing = Array.from(trades.without.keys()).sort(
    (a, b) => (trades.without[a]?.trade.close_ms ?? 0) - (trades.without[b]?.trade.close_ms ?? 0),
  );
  const drawn = effects({
    starting_balance: backtest.starting_balance,
    days: wholeDays(backtest.start_ms, backtest.end_ms),
    trades: {
      without: Float64Array.from(closing, (row) => trades.without[row]?.profit ?? 0),
      with: Float64Array.from(closing, (row) => trades.with[row]?.profit ?? 0),
      taken: Uint8Array.from(closing, (row) => (trades.with[row]?.taken === true ? 1 : 0)),
    },
    daily,
  });
  return {
    profit_change_abs: avoided - foregone,
    loss_avoided_abs: avoided,
    profit_foregone_abs: foregone,
    stake_share,
    constant_size_change_abs: -(1 - stake_share) * profit_abs,
    precision: precision(judged.map(({ leg, share }) => ({ stake: leg.stake, profit: leg.profit, share }))),
    figures: drawn.effects,
    bootstrap: { confidence: CONFIDENCE, resamples: RESAMPLES, trades: drawn.trades, days: drawn.daily },
  };
}

/**
 * Deflated Sharpe ratio of the gate's daily contribution. The spread of the ratio among the gates tried is taken as that of its estimate under the
 * null, 1 / (days − 1): their own is not known.
 */
export function selectionOf(daily: DailyPair | null, gates_tried: number): ReplayResult["selection"] {
  if (daily === null) return null;
  const found = moments(daily.with.map((value, day) => value - (daily.without[day] ?? value)));
  if (found === null) return null;
  const expected_best = expectedBestSharpe(gates_tried, 1 / (found.observations - 1));
  return {
    gates_tried,
    observations: found.observations,
    sharpe_per_day: found.sharpe,
    skewness: found.skewness,
    kurtosis: found.kurtosis,
    probabilistic: probabilisticSharpe(found, 0),
    expected_best,
    deflated: probabilisticSharpe(found, expected_best),
  };
}
