/** Temporary overrides of single limits: set by hand, with an end, on top of the settings. Pure; the fingerprint of the settings stays as it is. */
import type { Limits, Policy } from "./types.js";

export type LimitKey = keyof Limits;

/** In which direction a limit is the stricter; null is off, which is the loosest. */
const STRICTER = {
  max_verdict_age_candles: "smaller",
  max_drawdown: "smaller",
  drawdown_window_days: "larger",
  max_daily_loss: "smaller",
  max_gross_exposure: "smaller",
  max_pair_exposure: "smaller",
  soft_drawdown: "smaller",
  soft_drawdown_window_days: "larger",
  max_side_positions: "smaller",
  max_weekly_loss: "smaller",
  loss_streak_trades: "smaller",
  loss_streak_pause_hours: "larger",
  max_entries: "smaller",
  max_entries_hours: "larger",
  max_rate_deviation: "smaller",
  max_net_exposure: "smaller",
  max_cluster_exposure: "smaller",
  cluster_correlation: "smaller",
  max_trade_loss: "smaller",
  trade_loss_horizon_candles: "larger",
  max_book_loss: "smaller",
  max_book_es: "smaller",
  book_es_hours: "larger",
  liquidation_guard: "larger",
  kelly_fraction: "smaller",
  kelly_min_stake: "smaller",
  kelly_drawdown: "smaller",
  kelly_drawdown_probability: "smaller",
  barbell_loss: "smaller",
  barbell_window_days: "larger",
  barbell_worst_loss: "larger",
} as const satisfies Record<LimitKey, "smaller" | "larger">;

/** The closed list of what may be overridden: the limits, and nothing else of the settings. */
export const OVERRIDABLE: readonly LimitKey[] = Object.keys(STRICTER).filter(isOverridable);

/** Limits that read what a client tells only where its own settings have them on: switched on here they would judge by nothing. */
export const NEEDS_TELLING: ReadonlySet<LimitKey> = new Set<LimitKey>([
  "max_rate_deviation",
  "max_trade_loss",
  "max_cluster_exposure",
  "max_book_loss",
  "max_book_es",
  "liquidation_guard",
  "loss_streak_trades",
  "kelly_fraction",
]);

export interface Override {
  readonly limit: LimitKey;
  readonly value: number | null;
  readonly until_ms: number;
  /** Who and why, for the audit. */
  readonly by: string;
  readonly why: string;
}

/** What is set by hand, by limit. */
export type Changes = Readonly<Partial<Record<LimitKey, number | null>>>;

export function isOverridable(key: string): key is LimitKey {
  return Object.hasOwn(STRICTER, key);
}

/** Overrides that have not ended. */
export function inForce(overrides: readonly Override[], now_ms: number): readonly Override[] {
  return overrides.filter(({ until_ms }) => now_ms < until_ms);
}

/** What the gate decides by at a time: the settings, and on top of them what was set by hand. */
export function policyAt(overrides: readonly Override[], policy: Policy, now_ms: number): Policy {
  // As a rule there are none, and this is asked with every question.
  if (overrides.length === 0) return policy;
  const changes = inForce(overrides, now_ms).map(({ limit, value }) => [limit, value] as const);
  return changes.length === 0 ? policy : { ...policy, limits: { ...policy.limits, ...Object.fromEntries(changes) } };
}

/** Whether any limit gets looser. */
export function loosens(before: Limits, after: Limits): boolean {
  return Object.keys(after)
    .filter(isOverridable)
    .some((key) => isLooser(key, before[key], after[key]));
}

function isLooser(key: LimitKey, before: number | null, after: number | null): boolean {
  if (before === null) return false;
  if (after === null) return true;
  return STRICTER[key] === "smaller" ? after > before : after < before;
}
