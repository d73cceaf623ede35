/** Limits on how a strategy trades, rather than on what it holds: losses in a row, entries in a time, the price asked for. */
import { entriesSince } from "../../portfolio/entry_rate.js";
import { streakPause } from "../../portfolio/loss_streak.js";
import { deviation } from "../../portfolio/price_collar.js";
import { REASON } from "../../protocol/codes.js";
import { denial, type Limit } from "../limit.js";

const HOUR_MS = 3_600_000;

export const lossStreak: Limit = (state, policy, { now_ms }) => {
  const { loss_streak_trades, loss_streak_pause_hours } = policy.limits;
  if (!policy.portfolio_limits || loss_streak_trades === null) return null;
  const until_ms = streakPause(state.outcomes, loss_streak_trades, loss_streak_pause_hours);
  if (until_ms === null || now_ms >= until_ms) return null;
  return denial(REASON.loss_streak, loss_streak_trades, loss_streak_trades);
};

export const entryRate: Limit = (state, policy, request) => {
  const { max_entries, max_entries_hours } = policy.limits;
  if (!policy.portfolio_limits || max_entries === null || request.kind !== "entry") return null;
  const count = entriesSince(state.entries, request.now_ms - max_entries_hours * HOUR_MS, request);
  return count < max_entries ? null : denial(REASON.entry_rate, count + 1, max_entries);
};

export const priceCollar: Limit = (_state, policy, { rate, facts }) => {
  const { max_rate_deviation } = policy.limits;
  if (max_rate_deviation === null) return null;
  const away = deviation(rate, facts.close);
  return away <= max_rate_deviation ? null : denial(REASON.price_collar, away, max_rate_deviation);
};
