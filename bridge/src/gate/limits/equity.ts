/** Limits on what equity has lost: drawdown, day, week, soft drawdown, barbell. */
import { atRisk, cushionOf, lossPerStake } from "../../portfolio/barbell.js";
import { dailyLossBreach } from "../../portfolio/daily_loss.js";
import { drawdownBreach } from "../../portfolio/drawdown.js";
import { softDrawdown } from "../../portfolio/soft_drawdown.js";
import { weeklyLossBreach } from "../../portfolio/weekly_loss.js";
import { REASON } from "../../protocol/codes.js";
import { accountOf, denial, type Limit } from "../limit.js";

export const drawdown: Limit = (state, policy, { now_ms }) => {
  const { max_drawdown, drawdown_window_days } = policy.limits;
  const account = accountOf(state, policy);
  if (account === null || max_drawdown === null) return null;
  const breach = drawdownBreach(state.equity, account.equity, now_ms, drawdown_window_days, max_drawdown);
  return breach === null ? null : denial(REASON.drawdown, breach.value, breach.limit);
};

export const dailyLoss: Limit = (state, policy, { now_ms }) => {
  const { max_daily_loss } = policy.limits;
  const account = accountOf(state, policy);
  if (account === null || max_daily_loss === null) return null;
  const newest = { t_ms: account.at_ms, equity: account.equity };
  const breach = dailyLossBreach(state.equity, newest, now_ms, max_daily_loss);
  return breach === null ? null : denial(REASON.daily_loss, breach.value, breach.limit);
};

export const weeklyLoss: Limit = (state, policy, { now_ms }) => {
  const { max_weekly_loss } = policy.limits;
  const account = accountOf(state, policy);
  if (account === null || max_weekly_loss === null) return null;
  const newest = { t_ms: account.at_ms, equity: account.equity };
  const breach = weeklyLossBreach(state.equity, newest, now_ms, max_weekly_loss);
  return breach === null ? null : denial(REASON.weekly_loss, breach.value, breach.limit);
};

export const drawdownDamping: Limit = (state, policy, { now_ms }, stake) => {
  const { soft_drawdown, soft_drawdown_window_days } = policy.limits;
  const account = accountOf(state, policy);
  if (account === null || soft_drawdown === null) return null;
  const damping = softDrawdown(state.equity, account.equity, now_ms, soft_drawdown_window_days, soft_drawdown);
  if (damping === null || damping.size >= 1) return null;
  return { reason: REASON.drawdown_soft, stake: stake * damping.size, value: damping.drawdown, limit: soft_drawdown };
};

export const barbell: Limit = (state, policy, { now_ms, leverage }, stake) => {
  const { barbell_loss, barbell_window_days, barbell_worst_loss } = policy.limits;
  const account = accountOf(state, policy);
  if (account === null || barbell_loss === null) return null;
  const { cushion } = cushionOf(state.equity, account.equity, now_ms, barbell_window_days, barbell_loss);
  const taken = atRisk(account.positions, barbell_worst_loss);
  const per_stake = lossPerStake(leverage, barbell_worst_loss);
  const room = Math.max(0, (cushion - taken) / per_stake);
  if (room >= stake) return null;
  return { reason: REASON.barbell, stake: room, value: taken + stake * per_stake, limit: cushion };
};
