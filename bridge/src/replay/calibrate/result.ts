/** What a calibration found: the schema of `calibrate --json`. Times in ms since 1970, shares as ratios. */
import { PROFILE_NAMES } from "../../config/profiles.js";
import { type Static, Type } from "../../typebox.js";
import { CoverageSchema, Maybe, SoftwareSchema } from "../run/result_statistics.js";

/** Raised when a key changes its meaning or disappears. */
export const CALIBRATION_VERSION = 1;

const TallySchema = Type.Object(
  { count: Type.Integer(), affected: Type.Integer(), denied: Type.Integer() },
  { description: "affected: cut or denied." },
);
const MaybeTally = Type.Union([TallySchema, Type.Null()]);
const RangeSchema = Type.Object(
  { from_ms: Type.Number(), to_ms: Type.Number() },
  { description: "Open times of candles, from (inclusive) to (exclusive)." },
);
const RuleSchema = Type.Object({
  measure: Type.String(),
  from: Type.Number(),
  to: Type.Number(),
  min_size: Type.Number(),
  deny_above: Maybe,
});
const SpreadSchema = Type.Object({ min: Type.Number(), median: Type.Number(), max: Type.Number() });
export type Spread = Static<typeof SpreadSchema>;

const PairShareSchema = Type.Object({ pair: Type.String(), candles: TallySchema, entries: MaybeTally });

const WindowSchema = Type.Object(
  {
    rule: RuleSchema,
    train: TallySchema,
    test: TallySchema,
    test_as_it_is: Type.Object(TallySchema.properties, { description: "The profile's own rule on the same stretch." }),
  },
  {
    description:
      "The rule chosen on one train stretch, and what it does there and on the test stretch after the embargo.",
  },
);

const ProfileSchema = Type.Object({
  profile: Type.Enum(PROFILE_NAMES),
  rule: Type.Object(RuleSchema.properties, { description: "As the profile has it." }),
  nominal_share: Type.Number({
    description: "Share that rules are chosen to affect: of entries or of candles, see `basis`.",
  }),
  candles: TallySchema,
  entries: MaybeTally,
  by_pair: Type.Array(PairShareSchema),
  windows: Type.Array(WindowSchema, {
    description: "One per split; empty when the share cannot be had on some train stretch, see `not_suggested`.",
  }),
  spread: Type.Union(
    [Type.Object({ from: SpreadSchema, affected: SpreadSchema, affected_as_it_is: SpreadSchema }), Type.Null()],
    {
      description:
        "Over the windows: where the chosen rule begins; shares affected on the test stretches, by it and by the profile's own.",
    },
  ),
  suggested: Type.Union(
    [
      Type.Object({
        rule: RuleSchema,
        hold_out: Type.Object({ candles: TallySchema, entries: MaybeTally, by_pair: Type.Array(PairShareSchema) }),
      }),
      Type.Null(),
    ],
    { description: "The rule of the last window, and what it does on the hold-out, which had no part in choosing it." },
  ),
  not_suggested: Type.Union([Type.String(), Type.Null()]),
});
export type ProfileCalibration = Static<typeof ProfileSchema>;

export const CalibrationSchema = Type.Object(
  {
    version: Type.Literal(CALIBRATION_VERSION),
    software: SoftwareSchema,
    source: Type.Object({
      trading_mode: Type.Enum(["spot", "futures"]),
      timeframe: Type.String(),
      range: RangeSchema,
      pairs: Type.Array(
        Type.Object({
          pair: Type.String(),
          judged: Type.Integer({ description: "Candles with enough history before them." }),
          filled: Type.Integer({ description: "Candles the file does not have, made up as freqtrade does." }),
          longest_gap: Type.Integer(),
          from_ms: Type.Number(),
          to_ms: Type.Number(),
          sha256: Type.String({ description: "Of the candles read, as in a replay." }),
        }),
      ),
      left_out: Type.Array(Type.Object({ pair: Type.String(), why: Type.String() })),
      backtest: Type.Union([
        Type.Null(),
        Type.Object({ file: Type.String(), sha256: Type.String(), strategy: Type.String(), entries: Type.Integer() }),
      ]),
    }),
    gate: Type.Object({
      settings_from: Type.Array(Type.String()),
      window_set: Type.Enum(["standard", "compact"]),
      memory_rows: Type.Integer(),
      adverse_horizon_candles: Type.Integer(),
      adverse_quantile: Type.Number(),
    }),
    walk_forward: Type.Object({
      embargo_candles: Type.Integer({
        description: "Between train and test: the engine's memory and the adverse horizon.",
      }),
      train_candles: Type.Integer(),
      test_candles: Type.Integer(),
      splits: Type.Array(Type.Object({ train: RangeSchema, test: RangeSchema })),
    }),
    basis: Type.Enum(["entries", "candles"], {
      description: "What the shares that rules are chosen by are shares of.",
    }),
    basis_why: Type.String(),
    profiles: Type.Array(ProfileSchema),
    coverage: Type.Array(CoverageSchema, { description: "VaR and ES forecasts against what came." }),
    adverse: Type.Array(
      Type.Object({
        pair: Type.String(),
        side: Type.Enum(["long", "short"]),
        forecasts: Type.Integer(),
        exceeded: Type.Integer(),
        expected: Type.Number(),
        apart: Type.Object(
          { forecasts: Type.Integer(), exceeded: Type.Integer(), kupiec_p: Maybe },
          { description: "Of every h-th candle only: overlapping stretches are exceeded together." },
        ),
      }),
      { description: "The forecast quantile of the worst move within the horizon, every candle taken for an entry." },
    ),
    looked_at: Type.Object(RangeSchema.properties, { description: "What rules were chosen and compared on." }),
    hold_out: Type.Object(RangeSchema.properties, {
      description: "The last test stretch. Judge a replay by entries in it: everything before has been looked at.",
    }),
    gates_tried: Type.Integer({ description: "Rules looked at, the profiles' own among them: for `replay --tried`." }),
  },
  {
    title: "talebridge calibrate",
    description: "Shares and coverage on a user's own candles, and rules chosen by share, walk-forward.",
  },
);
export type Calibration = Static<typeof CalibrationSchema>;
