/** Settings read back from a journal's hello line, which an older version may have written: what is missing is off. */

import type { Limits, Mode } from "../gate/types.js";
import { type Static, Type, Value } from "../typebox.js";
import { PROFILE_NAMES, type Profile } from "./settings.js";

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
  limits: Type.Object({
    max_verdict_age_candles: Type.Number(),
    drawdown_window_days: Type.Number(),
    max_drawdown: Type.Optional(NumOrNull),
    max_daily_loss: Type.Optional(NumOrNull),
    max_gross_exposure: Type.Optional(NumOrNull),
    max_pair_exposure: Type.Optional(NumOrNull),
    soft_drawdown: Type.Optional(NumOrNull),
    max_side_positions: Type.Optional(NumOrNull),
  }),
});

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
  const { limits } = settings;
  return {
    ...settings,
    limits: {
      max_verdict_age_candles: limits.max_verdict_age_candles,
      drawdown_window_days: limits.drawdown_window_days,
      max_drawdown: limits.max_drawdown ?? null,
      max_daily_loss: limits.max_daily_loss ?? null,
      max_gross_exposure: limits.max_gross_exposure ?? null,
      max_pair_exposure: limits.max_pair_exposure ?? null,
      soft_drawdown: limits.soft_drawdown ?? null,
      max_side_positions: limits.max_side_positions ?? null,
    },
  };
}
