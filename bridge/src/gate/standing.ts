/** How a session stands against its account limits, whoever asks: for `status`, `explain` and the metrics. Pure, and made of the functions that decide. */
import { dailyLossBreach } from "../portfolio/daily_loss.js";
import { drawdownBreach } from "../portfolio/drawdown.js";
import { DAY_MS, dayBase, dayOf, highWaterMark } from "../portfolio/equity.js";
import { exposure } from "../portfolio/exposure.js";
import { nextMidnight, windowEnds } from "../portfolio/release.js";
import { softDrawdown } from "../portfolio/soft_drawdown.js";
import type { ReasonName } from "../protocol/codes.js";
import { type SessionState, statusAt } from "./session.js";
import type { Policy, SessionStatus } from "./types.js";

/** A measure, and its limit: null when that is off or not known yet. Both ratios. */
export interface Level {
  readonly value: number | null;
  readonly limit: number | null;
}

/** Every entry is denied for this reason. */
export interface Denial {
  readonly reason: ReasonName;
  /** Ends then at the latest; null: when someone acts. */
  readonly until_ms: number | null;
}

export interface Standing {
  readonly status: SessionStatus;
  readonly until_ms: number | null;
  /** Who set the manual state in force, and why; empty when there is none. */
  readonly by: string;
  readonly why: string;
  readonly equity: number | null;
  readonly drawdown: Level;
  /** Highest confirmed equity of the window. */
  readonly high_water_mark: number | null;
  readonly daily_loss: Level;
  /** Of all positions and pending orders, as a multiple of equity. */
  readonly exposure: Level;
  readonly denied: readonly Denial[];
}

/** @param policy null: no client has connected since the daemon started, so limits are not known */
export function standing(state: SessionState, policy: Policy | null, now_ms: number): Standing {
  const status = statusAt(state, now_ms);
  const until_ms = status === "ACTIVE" ? null : state.manual.until_ms;
  const { portfolio } = state;
  const limits = policy === null || !policy.portfolio_limits ? null : policy.limits;
  const window_days = limits?.drawdown_window_days ?? null;
  const mark = window_days === null ? null : highWaterMark(state.equity, now_ms - window_days * DAY_MS);
  const equity = portfolio?.equity ?? null;
  return {
    status,
    until_ms,
    by: status === "ACTIVE" ? "" : state.manual.by,
    why: status === "ACTIVE" ? "" : state.manual.why,
    equity,
    drawdown: { value: lost(mark?.equity ?? null, equity), limit: limits?.max_drawdown ?? null },
    high_water_mark: mark?.equity ?? null,
    daily_loss: { value: lostToday(state, now_ms), limit: limits?.max_daily_loss ?? null },
    exposure: {
      value: portfolio !== null && portfolio.equity > 0 ? exposure(portfolio.positions, null) / portfolio.equity : null,
      limit: limits?.max_gross_exposure ?? null,
    },
    denied: policy === null ? manualDenial(status, until_ms) : denials(state, policy, now_ms),
  };
}

function denials(state: SessionState, policy: Policy, now_ms: number): Denial[] {
  const status = statusAt(state, now_ms);
  const found = manualDenial(status, status === "ACTIVE" ? null : state.manual.until_ms);
  const { portfolio } = state;
  if (!policy.portfolio_limits || portfolio === null) return found;
  const { max_drawdown, drawdown_window_days: window, max_daily_loss, soft_drawdown } = policy.limits;
  const { equity, at_ms } = portfolio;
  const whileDenying = (reason: ReasonName, denies: (at_ms: number) => boolean) => {
    if (denies(now_ms)) found.push({ reason, until_ms: windowEnds(state.equity, now_ms, window, denies) });
  };
  if (max_drawdown !== null) {
    whileDenying("drawdown", (at_ms) => drawdownBreach(state.equity, equity, at_ms, window, max_drawdown) !== null);
  }
  if (soft_drawdown !== null) {
    const size = (at_ms: number) => softDrawdown(state.equity, equity, at_ms, window, soft_drawdown)?.size;
    whileDenying("drawdown_soft", (at_ms) => size(at_ms) === 0);
  }
  const newest = { t_ms: at_ms, equity };
  if (max_daily_loss !== null && dailyLossBreach(state.equity, newest, now_ms, max_daily_loss) !== null) {
    found.push({ reason: "daily_loss", until_ms: nextMidnight(now_ms) });
  }
  return found;
}

function manualDenial(status: SessionStatus, until_ms: number | null): Denial[] {
  if (status === "ACTIVE") return [];
  return [{ reason: status === "HALTED" ? "halted" : "reducing", until_ms }];
}

function lostToday(state: SessionState, now_ms: number): number | null {
  const { portfolio } = state;
  if (portfolio === null || dayOf(portfolio.at_ms) < dayOf(now_ms)) return null;
  return lost(dayBase(state.equity, now_ms)?.equity ?? null, portfolio.equity);
}

/** Share lost since a base; 0 when nothing is. */
function lost(base: number | null, equity: number | null): number | null {
  return base === null || equity === null || base <= 0 ? null : Math.max(0, (base - equity) / base);
}
