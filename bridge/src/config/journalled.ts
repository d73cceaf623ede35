/** Settings read back from a journal's hello line, which an older version may have written: what is missing is off. */

import type { Limits, Mode } from "../gate/types.js";
import { type Static, Type, Value } from "../typebox.js";
import { LIMIT_DEFAULTS, LimitsSchema } from "./limits_schema.js";
import { PROFILE_NAMES, type Profile } from "./profiles.js";

const NumOrNull = Type.Union([Type.Number(), Type.Null()]);
const Schema = Type.Object({
  profile: Type.Enum(PROFILE_NAMES),
  mode: Type.Enum(["enforce", "shadow", "off"]),
  timeframe_s: Type.Number({ exclusiveMinimum: 0 }),
  portfolio_limits: Type.Boolean(),
  rules: Type.Array(
    Type.Object({
      measure: Type.String(),
      from: Type.Number(),
      to: Type.Number(),
      min_size: Type.Number(),
      deny_above: NumOrNull,
    }),
  ),
  limits: Type.Object({ max_verdict_age_candles: Type.Number(), drawdown_window_days: Type.Number() }),
});

/** The whole block, with any numbers: what was valid for its own version is not judged by this one's bounds. */
const Stored = Type.Unsafe<Limits>(
  Type.Object(
    Object.fromEntries(
      Object.entries(LimitsSchema.properties).map(([key, schema]) => [
        key,
        Type.IsUnion(schema) ? NumOrNull : Type.Number(),
      ]),
    ),
  ),
);

export interface JournalledSettings {
  readonly profile: Profile;
  readonly mode: Mode;
  readonly timeframe_s: number;
  readonly portfolio_limits: boolean;
  readonly rules: Static<typeof Schema>["rules"];
  readonly limits: Limits;
}

/** Null when they are not settings. */
export function readJournalled(settings: object): JournalledSettings | null {
  if (!Value.Check(Schema, settings)) return null;
  const limits = readLimits(settings.limits);
  return limits === null ? null : { ...settings, limits };
}

/** Keys that the journal's version did not know have their defaults, which are off; those that depend on the profile are off. */
function readLimits(given: Readonly<Record<string, unknown>>): Limits | null {
  const off = { max_drawdown: null, max_daily_loss: null, max_gross_exposure: null, max_pair_exposure: null };
  // Once the window of the soft control, too.
  const window_days = { soft_drawdown_window_days: given.drawdown_window_days };
  const limits = { ...LIMIT_DEFAULTS, ...off, ...window_days, ...given };
  return Value.Check(Stored, limits) ? limits : null;
}
