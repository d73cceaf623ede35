/** How a session stands against its account limits, whoever asks: for `status`, `explain` and the metrics. Pure, and made of the functions that decide. */
import { atRisk, cushionOf } from "../portfolio/barbell.js";
import { bookShortfall } from "../portfolio/book_es.js";
import { dailyLossBreach } from "../portfolio/daily_loss.js";
import { dependenceAt } from "../portfolio/dependence.js";
import { drawdownBreach } from "../portfolio/drawdown.js";
import { betsHeld } from "../portfolio/effective_bets.js";
import { roomAt } from "../portfolio/entry_rate.js";
import { DAY_MS, dayBase, dayOf, highWaterMark, nextMonday, weekBase, weekOf } from "../portfolio/equity.js";
import { exposure } from "../portfolio/exposure.js";
import { streakPause } from "../portfolio/loss_streak.js";
import { nextMidnight, windowEnds } from "../portfolio/release.js";
import { softDrawdown } from "../portfolio/soft_drawdown.js";
import { weeklyLossBreach } from "../portfolio/weekly_loss.js";
import type { ReasonName } from "../protocol/codes.js";
import { groupBreach } from "./limits/group.js";
import { inForce, type Override, policyAt } from "./overrides.js";
import { type SessionState, statusAt } from "./session.js";
import type { GroupSummary, Limits, Policy, SessionStatus } from "./types.js";

const HOUR_MS = 3_600_000;

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
  readonly weekly_loss: Level;
  /** Of all positions and pending orders, as a multiple of equity. */
  readonly exposure: Level;
  /** Expected shortfall of all positions and pending orders; not known where no closes are told. */
  readonly book_es: Level;
  readonly effective_bets: Bets | null;
  readonly denied: readonly Denial[];
  /** The named group it is in; null: none. */
  readonly group: GroupStanding | null;
  /** Limits set by hand and in force. */
  readonly overrides: readonly Overridden[];
}

/** How many independent bets the pairs held amount to (portfolio/effective_bets.ts); null where a number is not finite. */
export interface Bets {
  readonly pairs: number;
  readonly entropy: number;
  readonly participation: number;
  readonly by_variance: number | null;
}

/** How a group of sessions stands against its common limits. */
export interface GroupStanding {
  readonly group: string;
  readonly equity: number;
  readonly exposure: Level;
  readonly drawdown: Level;
}

export interface Overridden extends Override {
  /** What the settings say. */
  readonly instead_of: number | null;
  /** Whether the settings are known: not before a client has connected to this boot of the daemon. */
  readonly known: boolean;
}

/** @param settled null: no client has connected since the daemon started, so limits are not known */
export function standing(
  state: SessionState,
  settled: Policy | null,
  now_ms: number,
  group: GroupSummary | null = null,
): Standing {
  const policy = settled === null ? null : policyAt(state.overrides, settled, now_ms);
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
    daily_loss: { value: lostSince(state, now_ms, dayOf, dayBase), limit: limits?.max_daily_loss ?? null },
    weekly_loss: { value: lostSince(state, now_ms, weekOf, weekBase), limit: limits?.max_weekly_loss ?? null },
    exposure: {
      value: portfolio !== null && portfolio.equity > 0 ? exposure(portfolio.positions, null) / portfolio.equity : null,
      limit: limits?.max_gross_exposure ?? null,
    },
    ...together(state, limits, now_ms),
    denied: deniedUnder(state, policy, now_ms, group),
    group: group === null ? null : groupStanding(group, now_ms),
    overrides: inForce(state.overrides, now_ms).map((override) => ({
      ...override,
      instead_of: settled?.limits[override.limit] ?? null,
      known: settled !== null,
    })),
  };
}

/** What denies every entry of a session. @param settled its policy without what was set by hand; null: not known */
export function deniedNow(
  state: SessionState,
  settled: Policy | null,
  now_ms: number,
  group: GroupSummary | null,
): readonly Denial[] {
  return deniedUnder(state, settled === null ? null : policyAt(state.overrides, settled, now_ms), now_ms, group);
}

function deniedUnder(state: SessionState, policy: Policy | null, now_ms: number, group: GroupSummary | null): Denial[] {
  if (policy === null) return manualDenial(state, now_ms);
  return [...denials(state, policy, now_ms), ...(policy.portfolio_limits ? groupDenials(group, now_ms) : [])];
}

/** How the positions move together. */
function together(
  { portfolio, closes }: SessionState,
  limits: Limits | null,
  now_ms: number,
): Pick<Standing, "book_es" | "effective_bets"> {
  const limit = limits?.max_book_es ?? null;
  if (portfolio === null || closes === null || limits === null) {
    return { book_es: { value: null, limit }, effective_bets: null };
  }
  const { positions, equity } = portfolio;
  const dependence = dependenceAt(closes, now_ms);
  const shortfall = bookShortfall(positions, dependence, limits.book_es_hours * HOUR_MS);
  const bets = betsHeld(positions, dependence);
  return {
    book_es: { value: equity > 0 ? shortfall / equity : null, limit },
    effective_bets:
      bets === null ? null : { ...bets, by_variance: Number.isFinite(bets.by_variance) ? bets.by_variance : null },
  };
}

function denials(state: SessionState, policy: Policy, now_ms: number): Denial[] {
  const found = manualDenial(state, now_ms);
  const { portfolio } = state;
  if (!policy.portfolio_limits || portfolio === null) return found;
  const { limits } = policy;
  const { equity, at_ms, positions } = portfolio;
  const whileDenying = (reason: ReasonName, window: number, denies: (at_ms: number) => boolean) => {
    if (!denies(now_ms)) return;
    const until_ms = windowEnds(state.equity, now_ms, window, denies);
    // What is at risk already may keep denying when every old mark has left.
    found.push({ reason, until_ms: until_ms === null || denies(until_ms) ? null : until_ms });
  };
  const { max_drawdown, drawdown_window_days: hard, soft_drawdown, soft_drawdown_window_days: soft } = limits;
  if (max_drawdown !== null) {
    whileDenying("drawdown", hard, (at) => drawdownBreach(state.equity, equity, at, hard, max_drawdown) !== null);
  }
  if (soft_drawdown !== null) {
    const size = (at: number) => softDrawdown(state.equity, equity, at, soft, soft_drawdown)?.size;
    whileDenying("drawdown_soft", soft, (at) => size(at) === 0);
  }
  const { barbell_loss, barbell_window_days, barbell_worst_loss } = limits;
  if (barbell_loss !== null) {
    const taken = atRisk(positions, barbell_worst_loss);
    whileDenying("barbell", barbell_window_days, (at) => {
      return cushionOf(state.equity, equity, at, barbell_window_days, barbell_loss).cushion <= taken;
    });
  }
  const newest = { t_ms: at_ms, equity };
  const { max_daily_loss, max_weekly_loss } = limits;
  if (max_daily_loss !== null && dailyLossBreach(state.equity, newest, now_ms, max_daily_loss) !== null) {
    found.push({ reason: "daily_loss", until_ms: nextMidnight(now_ms) });
  }
  if (max_weekly_loss !== null && weeklyLossBreach(state.equity, newest, now_ms, max_weekly_loss) !== null) {
    found.push({ reason: "weekly_loss", until_ms: nextMonday(now_ms) });
  }
  return [...found, ...pauses(state, limits, now_ms)];
}

function groupDenials(group: GroupSummary | null, now_ms: number): Denial[] {
  if (group === null || groupBreach(group, now_ms) === null) return [];
  const { marks, limits } = group;
  const until_ms = windowEnds(marks, now_ms, limits.drawdown_window_days, (at) => groupBreach(group, at) !== null);
  return [{ reason: "group_drawdown", until_ms }];
}

export function groupStanding(
  { group, limits, equity, exposure, marks, worth }: GroupSummary,
  now_ms: number,
): GroupStanding {
  const mark = highWaterMark(marks, now_ms - limits.drawdown_window_days * DAY_MS);
  return {
    group,
    equity,
    exposure: { value: equity > 0 ? exposure / equity : null, limit: limits.max_gross_exposure },
    drawdown: { value: lost(mark?.equity ?? null, worth), limit: limits.max_drawdown },
  };
}

/** Denials that only time ends. */
function pauses(state: SessionState, limits: Limits, now_ms: number): Denial[] {
  const found: Denial[] = [];
  const { loss_streak_trades, loss_streak_pause_hours, max_entries, max_entries_hours } = limits;
  if (loss_streak_trades !== null) {
    const until_ms = streakPause(state.outcomes, loss_streak_trades, loss_streak_pause_hours);
    if (until_ms !== null && now_ms < until_ms) found.push({ reason: "loss_streak", until_ms });
  }
  if (max_entries !== null) {
    const until_ms = roomAt(state.entries, now_ms, max_entries, max_entries_hours * HOUR_MS);
    if (until_ms !== null) found.push({ reason: "entry_rate", until_ms });
  }
  return found;
}

function manualDenial(state: SessionState, now_ms: number): Denial[] {
  const status = statusAt(state, now_ms);
  if (status === "ACTIVE") return [];
  const { until_ms } = state.manual;
  return [{ reason: status === "HALTED" ? "halted" : "reducing", until_ms }];
}

function lostSince(state: SessionState, now_ms: number, of: typeof dayOf, base: typeof dayBase): number | null {
  const { portfolio } = state;
  if (portfolio === null || of(portfolio.at_ms) < of(now_ms)) return null;
  return lost(base(state.equity, now_ms)?.equity ?? null, portfolio.equity);
}

/** Share lost since a base; 0 when nothing is. */
function lost(base: number | null, equity: number | null): number | null {
  return base === null || equity === null || base <= 0 ? null : Math.max(0, (base - equity) / base);
}
