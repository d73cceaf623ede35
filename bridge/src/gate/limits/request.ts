/** Limits on the question itself, before the account is looked at: manual switch, numbers, age, candle verdict. */
import { REASON } from "../../protocol/codes.js";
import { denial, isPositive, type Limit } from "../limit.js";
import { statusAt } from "../session.js";

export const manualSwitch: Limit = (state, _policy, request) => {
  const status = statusAt(state, request.now_ms);
  if (status === "ACTIVE") return null;
  return denial(status === "HALTED" ? REASON.halted : REASON.reducing);
};

export const requestNumbers: Limit = (_state, _policy, { stake, min_stake, leverage }) => {
  if (!isPositive(stake)) return denial(REASON.bad_stake, stake);
  if (!Number.isFinite(min_stake) || min_stake < 0) return denial(REASON.bad_stake, min_stake);
  if (!Number.isFinite(leverage) || leverage < 1) return denial(REASON.bad_stake, leverage);
  return null;
};

export const staleness: Limit = (_state, policy, request) => {
  const timeframe_ms = policy.timeframe_s * 1000;
  const since_open = (request.now_ms - request.candle_open_ms) / timeframe_ms;
  const age = since_open - 1;
  const limit = policy.limits.max_verdict_age_candles;
  // A candle the exchange has published a moment before our clock closed it is fresh; one that has not begun is not a candle.
  return since_open >= 0 && age <= limit ? null : denial(REASON.stale, age, limit);
};

export const candleVerdict: Limit = (_state, policy, request, stake) => {
  const { candle_size: size, candle_reason: reason, candle_value: value } = request;
  if (!(size >= 0 && size <= 1)) return denial(REASON.bad_input, size);
  if (reason === REASON.warming_up || reason === REASON.bad_input) return denial(reason, value);
  if (size === 1) return null;
  if (reason === REASON.ok) return denial(REASON.bad_input, size);
  const levels = policy.candle_limits.get(reason);
  const deny_above = levels?.deny_above ?? Number.POSITIVE_INFINITY;
  const limit = value > deny_above ? deny_above : (levels?.from ?? Number.NaN);
  return { reason, stake: stake * size, value, limit };
};

export const portfolioKnown: Limit = (state, policy) =>
  policy.portfolio_limits && state.portfolio === null ? denial(REASON.stale_portfolio) : null;
