/** Given settings + profile -> everything the gate and the engine decide by. */
import type { Engine, EngineParams, Rule, Violation } from "../engine/types.js";
import { isLive } from "../gate/session.js";
import type { Limits, Mode, Policy } from "../gate/types.js";
import { REASON } from "../protocol/codes.js";
import { fingerprint } from "./canonical.js";
import { check } from "./check.js";
import { resolveLimits } from "./limits_schema.js";
import type { Profile } from "./profiles.js";
import { DEFAULTS, type GivenSettings, SettingsSchema } from "./settings.js";

export type RunMode = "live" | "dry_run" | "backtest" | "hyperopt" | "util" | "replay";

/** What the settings depend on besides themselves. */
export interface Context {
  /** Length of a candle in seconds. */
  readonly timeframe_s: number;
  readonly run_mode: RunMode;
  /** Names of the groups there are; absent: none. */
  readonly groups?: readonly string[];
}

/** Every gate setting with its value, defaults filled in. Plain data: journalled and hashed. */
export interface ResolvedSettings {
  readonly profile: Profile;
  readonly mode: Mode;
  readonly window_set: "standard" | "compact";
  readonly timeframe_s: number;
  readonly rules: readonly Rule[];
  readonly loss_threshold: number;
  readonly adverse_horizon_candles: number;
  readonly adverse_quantile: number;
  readonly portfolio_limits: boolean;
  /** Which pair's closes the client sends as the market's; null: none. */
  readonly market_pair: string | null;
  /** Named group; absent: none, which leaves the fingerprint as it was before there were groups. */
  readonly group?: string;
  readonly limits: Limits;
}

export type Resolution =
  | {
      readonly ok: true;
      readonly settings: ResolvedSettings;
      readonly policy: Policy;
      readonly params: Required<EngineParams>;
      readonly memory_rows: number;
      /** Hash of engine version and parameters. */
      readonly engine_fingerprint: string;
      /** Hash of the engine fingerprint and all resolved settings: equal fingerprints decide alike. */
      readonly fingerprint: string;
    }
  | { readonly ok: false; readonly violations: readonly Violation[] };

/**
 * Resolves a `risk_bridge` block. Keys of the shim's part are checked and otherwise ignored; unknown keys are violations, because a limit the
 * bridge does not understand must not be taken for one it applies.
 * @param given what the user wrote, of any type
 * @returns all violations at once, or the resolved settings
 */
export function resolveSettings(given: unknown, context: Context, engine: Pick<Engine, "validateParams">): Resolution {
  const violations = check(SettingsSchema, given);
  if (violations.length > 0) return { ok: false, violations };
  const settings = given as GivenSettings;

  const profile = settings.profile ?? DEFAULTS.profile;
  const rules = settings.rules ?? null;
  const checked = engine.validateParams({
    profile,
    window_set: settings.window_set ?? DEFAULTS.window_set,
    timeframe_s: context.timeframe_s,
    loss_threshold: settings.loss_threshold ?? DEFAULTS.loss_threshold,
    adverse_horizon_candles: settings.adverse_horizon_candles ?? DEFAULTS.adverse_horizon_candles,
    adverse_quantile: settings.adverse_quantile ?? DEFAULTS.adverse_quantile,
    ...(rules === null ? {} : { rules: rules.map((rule) => ({ ...rule, deny_above: rule.deny_above ?? null })) }),
  });
  if (!checked.ok) return { ok: false, violations: checked.violations };

  const portfolio_limits = portfolioLimits(settings.portfolio_limits ?? DEFAULTS.portfolio_limits, context.run_mode);
  // A backtest is alone: other bots' positions of today are none of its past.
  const group = isLive(context.run_mode) ? (settings.group ?? null) : null;
  const ungrouped = groupViolations(group, portfolio_limits, context.groups ?? []);
  if (ungrouped.length > 0) return { ok: false, violations: ungrouped };

  const resolved: ResolvedSettings = {
    profile,
    mode: settings.mode ?? DEFAULTS.mode,
    window_set: checked.params.window_set,
    timeframe_s: context.timeframe_s,
    rules: checked.params.rules,
    loss_threshold: checked.params.loss_threshold,
    adverse_horizon_candles: checked.params.adverse_horizon_candles,
    adverse_quantile: checked.params.adverse_quantile,
    portfolio_limits,
    market_pair: settings.market_pair ?? DEFAULTS.market_pair,
    ...(group === null ? {} : { group }),
    limits: resolveLimits(profile, settings.limits ?? {}),
  };
  return {
    ok: true,
    settings: resolved,
    policy: toPolicy(resolved),
    params: checked.params,
    memory_rows: checked.memory_rows,
    engine_fingerprint: checked.fingerprint,
    fingerprint: fingerprint({ engine: checked.fingerprint, settings: resolved }),
  };
}

function groupViolations(group: string | null, portfolio_limits: boolean, known: readonly string[]): Violation[] {
  if (group === null) return [];
  const found: Violation[] = [];
  if (!known.includes(group)) {
    const names = known.length === 0 ? "it has none" : `it has ${known.join(", ")}`;
    const message = `was "${group}"; must be a group of the bridge's configuration (\`groups\`), and ${names}`;
    found.push({ path: "group", message });
  }
  if (!portfolio_limits)
    found.push({ path: "group", message: "needs portfolio_limits: a group counts its members' accounts" });
  return found;
}

function portfolioLimits(given: "auto" | "on" | "off", run_mode: RunMode): boolean {
  return given === "on" || (given === "auto" && run_mode !== "util");
}

/** What the gate decides by. */
export function toPolicy(
  settings: Pick<ResolvedSettings, "mode" | "timeframe_s" | "portfolio_limits" | "rules" | "limits">,
): Policy {
  return {
    mode: settings.mode,
    timeframe_s: settings.timeframe_s,
    portfolio_limits: settings.portfolio_limits,
    candle_limits: candleLimits(settings.rules),
    limits: settings.limits,
  };
}

/** Levels to show beside a candle verdict. Where several rules share a reason, which of them bound is not known here: no level is better than a wrong one. */
function candleLimits(rules: readonly Rule[]): Policy["candle_limits"] {
  const levels = new Map<number, { from: number; deny_above: number | null }>();
  const ambiguous = new Set<number>();
  for (const rule of rules) {
    const reason = reasonOfMeasure(rule.measure);
    if (levels.has(reason)) ambiguous.add(reason);
    levels.set(reason, { from: rule.from, deny_above: rule.deny_above });
  }
  for (const reason of ambiguous) levels.delete(reason);
  return levels;
}

/** Reason a rule gives when it binds. */
export function reasonOfMeasure(measure: string): number {
  if (measure === "jump") return REASON.jump;
  return measure === "sigma" ? REASON.volatility : REASON.tail;
}
