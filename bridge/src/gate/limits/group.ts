/** Limits that the bots of a group have in common. What they are judged by is given: the group's other sessions are none of this one's state. */
import { drawdownBreach } from "../../portfolio/drawdown.js";
import { stakeWithin } from "../../portfolio/exposure.js";
import { REASON } from "../../protocol/codes.js";
import { denial, type Limit } from "../limit.js";
import type { GroupSummary } from "../types.js";

export const groupDrawdown: Limit = (_state, policy, { now_ms }, _stake, group) => {
  if (group === null || !policy.portfolio_limits) return null;
  const breach = groupBreach(group, now_ms);
  return breach === null ? null : denial(REASON.group_drawdown, breach.value, breach.limit);
};

/** Whether a group is below its high-water mark by more than it may be. */
export function groupBreach({ limits, marks, worth }: GroupSummary, now_ms: number) {
  const { max_drawdown, drawdown_window_days } = limits;
  if (max_drawdown === null || worth === null) return null;
  return drawdownBreach(marks, worth, now_ms, drawdown_window_days, max_drawdown);
}

export const groupExposure: Limit = (_state, policy, { leverage }, stake, group) => {
  if (group === null || !policy.portfolio_limits) return null;
  const { max_gross_exposure } = group.limits;
  if (max_gross_exposure === null) return null;
  const room = stakeWithin(group.exposure, group.equity, max_gross_exposure, leverage);
  if (room >= stake) return null;
  const value = group.equity > 0 ? (group.exposure + stake * leverage) / group.equity : Number.NaN;
  return { reason: REASON.group_exposure, stake: room, value, limit: max_gross_exposure };
};
