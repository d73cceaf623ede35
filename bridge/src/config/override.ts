/** What may be overridden by hand, checked by the same schema as the settings: every violation at once. */
import type { Violation } from "../engine/types.js";
import { type Changes, type LimitKey, NEEDS_TELLING, OVERRIDABLE } from "../gate/overrides.js";
import type { Limits } from "../gate/types.js";
import { FIXED } from "../limits.js";
import { check } from "./check.js";
import { LimitsSchema } from "./limits_schema.js";

const BLOCK = "limits";

export type CheckedOverride =
  | { readonly ok: true; readonly limits: Changes }
  | { readonly ok: false; readonly violations: readonly Violation[] };

/**
 * Checks limits set by hand, given as in the settings' `limits` block.
 * @param settled limits of the session's own settings; null: not known, because its client has not connected yet
 */
export function checkOverride(
  given: Readonly<Record<string, unknown>>,
  until_ms: number,
  now_ms: number,
  settled: Limits | null,
): CheckedOverride {
  const violations = [...checkLimits(given), ...checkEnd(until_ms, now_ms)];
  if (violations.length === 0) violations.push(...untold(given, settled));
  // The schema has just said that every key is a limit's and every value a number or null.
  return violations.length === 0 ? { ok: true, limits: given as Changes } : { ok: false, violations };
}

/** The values alone, by the settings' own schema. */
export function checkLimits(given: Readonly<Record<string, unknown>>): Violation[] {
  if (Object.keys(given).length === 0)
    return [{ path: BLOCK, message: `names nothing; known: ${OVERRIDABLE.join(", ")}` }];
  return check(LimitsSchema, given, BLOCK);
}

function checkEnd(until_ms: number, now_ms: number): Violation[] {
  if (until_ms <= now_ms) return [{ path: "until_ms", message: "is past: an override has an end that is ahead" }];
  if (until_ms <= now_ms + FIXED.override_ahead_ms) return [];
  const days = FIXED.override_ahead_ms / 86_400_000;
  const message = `is more than ${days} days ahead: what is to last belongs in the settings`;
  return [{ path: "until_ms", message }];
}

/** Limits that are off in the settings, for which the client therefore does not tell what they read. */
function untold(given: Readonly<Record<string, unknown>>, settled: Limits | null): Violation[] {
  return [...NEEDS_TELLING]
    .filter((key: LimitKey) => Object.hasOwn(given, key) && given[key] !== null && (settled?.[key] ?? null) === null)
    .map((key) => ({
      path: `${BLOCK}.${key}`,
      message:
        settled === null
          ? "cannot be set before the bot has connected: whether it tells what this limit reads is not known"
          : "is off in the bot's settings, so the bot does not tell what this limit reads: switch it on there",
    }));
}
