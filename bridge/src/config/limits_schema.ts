/** The `limits` block of the settings: account limits and what they are measured by. Each key is read by one limit alone. */
import type { Limits } from "../gate/types.js";
import { MAX_ENTRIES } from "../portfolio/entry_rate.js";
import { type Static, Type } from "../typebox.js";
import { byProfile, meta } from "./meta.js";
import { PROFILE_LIMITS, type Profile } from "./profiles.js";

/** Longest equity history a window can ask for. */
export const MAX_WINDOW_DAYS = 365;
/** Beyond this age a verdict says nothing about the present; also what bounds the memory of earlier questions (gate/asked.ts). */
export const MAX_VERDICT_AGE_CANDLES = 12;
/** As many as a portfolio message may carry. */
const MAX_SIDE_POSITIONS = 512;
/** Longest pause, and longest time entries are counted over: longer ones are for the manual switch. */
const MAX_HOURS = 24 * 31;
const MAX_HORIZON_CANDLES = 288;

/** Defaults that do not depend on the profile; null switches a limit off. */
export const LIMIT_DEFAULTS = {
  max_verdict_age_candles: 2,
  drawdown_window_days: 30,
  soft_drawdown: null,
  soft_drawdown_window_days: 30,
  max_side_positions: null,
  max_weekly_loss: null,
  loss_streak_trades: null,
  loss_streak_pause_hours: 24,
  max_entries: null,
  max_entries_hours: 24,
  max_rate_deviation: null,
  max_net_exposure: null,
  max_cluster_exposure: null,
  cluster_correlation: 0.7,
  max_trade_loss: null,
  trade_loss_horizon_candles: 48,
  max_book_loss: null,
  max_book_es: null,
  book_es_hours: 24,
  liquidation_guard: null,
  kelly_fraction: null,
  kelly_min_stake: 0.01,
  kelly_drawdown: null,
  kelly_drawdown_probability: 0.1,
  barbell_loss: null,
  barbell_window_days: 30,
  barbell_worst_loss: 1,
} as const satisfies Omit<Limits, keyof (typeof PROFILE_LIMITS)[Profile]>;

const share = () => Type.Number({ exclusiveMinimum: 0, maximum: 1 });
const multiple = () => Type.Number({ exclusiveMinimum: 0, maximum: 1000 });
const hours = (key: keyof typeof LIMIT_DEFAULTS, meaning: string) =>
  Type.Optional(
    Type.Number({ exclusiveMinimum: 0, maximum: MAX_HOURS, ...meta("gate", meaning, LIMIT_DEFAULTS[key]) }),
  );
const days = (key: keyof typeof LIMIT_DEFAULTS, meaning: string) =>
  Type.Optional(Type.Number({ minimum: 1, maximum: MAX_WINDOW_DAYS, ...meta("gate", meaning, LIMIT_DEFAULTS[key]) }));

export const LimitsSchema = Type.Object(
  {
    max_verdict_age_candles: Type.Optional(
      Type.Number({
        // A live question comes seconds after the close, a backtest's at the close: below one candle the former would always be late.
        minimum: 1,
        maximum: MAX_VERDICT_AGE_CANDLES,
        ...meta(
          "gate",
          "Deny when the signal candle closed more than this many candles ago: the data feed or the analysis is stuck.",
          LIMIT_DEFAULTS.max_verdict_age_candles,
        ),
      }),
    ),
    max_drawdown: Type.Optional(
      Type.Union([Type.Number({ exclusiveMinimum: 0, maximum: 1 }), Type.Null()], {
        ...byProfile(
          "max_drawdown",
          "Deny while mark-to-market equity is more than this share below its high-water mark of the last drawdown_window_days: the highest equity sample that the one before or after it reaches. Null: off.",
        ),
      }),
    ),
    drawdown_window_days: Type.Optional(
      Type.Number({
        minimum: 1,
        maximum: MAX_WINDOW_DAYS,
        ...meta(
          "gate",
          "Length of the rolling window of the high-water mark: a drawdown denial ends after this time at the latest.",
          LIMIT_DEFAULTS.drawdown_window_days,
        ),
      }),
    ),
    max_daily_loss: Type.Optional(
      Type.Union([Type.Number({ exclusiveMinimum: 0, maximum: 1 }), Type.Null()], {
        ...byProfile(
          "max_daily_loss",
          "Deny for the rest of the UTC day once mark-to-market equity is more than this share below its value at the day's start: the last sample before midnight if at most 25 h older, else the day's first. Null: off.",
        ),
      }),
    ),
    max_gross_exposure: Type.Optional(
      Type.Union([Type.Number({ exclusiveMinimum: 0, maximum: 1000 }), Type.Null()], {
        ...byProfile(
          "max_gross_exposure",
          "Largest sum of stake × leverage over open positions, pending entry orders and the new entry, as a multiple of equity. Entries are cut to the room left. Null: off.",
        ),
      }),
    ),
    max_pair_exposure: Type.Optional(
      Type.Union([Type.Number({ exclusiveMinimum: 0, maximum: 1000 }), Type.Null()], {
        ...byProfile("max_pair_exposure", "The same for one pair, both sides added. Null: off."),
      }),
    ),
    soft_drawdown: Type.Optional(
      Type.Union([Type.Number({ exclusiveMinimum: 0, maximum: 1 }), Type.Null()], {
        ...meta(
          "gate",
          "Cut stakes as equity falls below the same high-water mark: full size without a drawdown, nothing from this drawdown on, in between (1 − (1 − soft_drawdown)/(1 − drawdown)) / soft_drawdown (Grossman & Zhou 1993). Null: off.",
          LIMIT_DEFAULTS.soft_drawdown,
        ),
      }),
    ),
    max_side_positions: Type.Optional(
      Type.Union([Type.Integer({ minimum: 1, maximum: MAX_SIDE_POSITIONS }), Type.Null()], {
        ...meta(
          "gate",
          "Most pairs with an open position or a pending entry order on one side (long or short), the new entry included. Adding to a position is not counted. Null: off.",
          LIMIT_DEFAULTS.max_side_positions,
        ),
      }),
    ),
    soft_drawdown_window_days: days(
      "soft_drawdown_window_days",
      "Length of the rolling window of the high-water mark that soft_drawdown measures from: a cut ends after this time at the latest.",
    ),
    max_weekly_loss: Type.Optional(
      Type.Union([share(), Type.Null()], {
        ...meta(
          "gate",
          "Deny for the rest of the UTC week once mark-to-market equity is more than this share below its value on Monday 00:00 UTC, taken as for max_daily_loss. Null: off.",
          LIMIT_DEFAULTS.max_weekly_loss,
        ),
      }),
    ),
    loss_streak_trades: Type.Optional(
      Type.Union([Type.Integer({ minimum: 2, maximum: 100 }), Type.Null()], {
        ...meta(
          "gate",
          "Pause after this many losing trades in a row, over all pairs. Null: off.",
          LIMIT_DEFAULTS.loss_streak_trades,
        ),
      }),
    ),
    loss_streak_pause_hours: hours(
      "loss_streak_pause_hours",
      "How long such a pause lasts, from the close of the newest loss; a trade closed without a loss ends it at once.",
    ),
    max_entries: Type.Optional(
      Type.Union([Type.Integer({ minimum: 1, maximum: MAX_ENTRIES }), Type.Null()], {
        ...meta(
          "gate",
          "Most new entries confirmed within max_entries_hours, over all pairs; adding to a position is not counted. Null: off.",
          LIMIT_DEFAULTS.max_entries,
        ),
      }),
    ),
    max_entries_hours: hours("max_entries_hours", "The time over which max_entries counts."),
    max_rate_deviation: Type.Optional(
      Type.Union([share(), Type.Null()], {
        ...meta(
          "gate",
          "Price collar: deny an entry whose rate is further than this share from the signal candle's close, above or below. Null: off.",
          LIMIT_DEFAULTS.max_rate_deviation,
        ),
      }),
    ),
    max_net_exposure: Type.Optional(
      Type.Union([multiple(), Type.Null()], {
        ...meta(
          "gate",
          "As max_gross_exposure, with positions on the other side subtracted. Null: off.",
          LIMIT_DEFAULTS.max_net_exposure,
        ),
      }),
    ),
    max_cluster_exposure: Type.Optional(
      Type.Union([multiple(), Type.Null()], {
        ...meta(
          "gate",
          "The same for positions on the entry's side in pairs that move with its pair: those joined to it by correlations above cluster_correlation. A pair of which fewer than 30 returns are known counts as moving with every other. Null: off.",
          LIMIT_DEFAULTS.max_cluster_exposure,
        ),
      }),
    ),
    cluster_correlation: Type.Optional(
      Type.Number({
        minimum: 0,
        exclusiveMaximum: 1,
        ...meta(
          "gate",
          "Correlation of hourly returns (of longer ones for longer candles) above which two pairs count as one cluster.",
          LIMIT_DEFAULTS.cluster_correlation,
        ),
      }),
    ),
    max_trade_loss: Type.Optional(
      Type.Union([share(), Type.Null()], {
        ...meta(
          "gate",
          "Loss budget per trade: cut the stake so that stake × leverage × the smaller of stop-loss distance and expected shortfall (99 %) over trade_loss_horizon_candles is at most this share of equity, with what the pair holds already. Null: off.",
          LIMIT_DEFAULTS.max_trade_loss,
        ),
      }),
    ),
    trade_loss_horizon_candles: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: MAX_HORIZON_CANDLES,
        ...meta(
          "gate",
          "Horizon of that expected shortfall: about as long as your trades are held.",
          LIMIT_DEFAULTS.trade_loss_horizon_candles,
        ),
      }),
    ),
    max_book_loss: Type.Optional(
      Type.Union([share(), Type.Null()], {
        ...meta(
          "gate",
          "Loss budget of the book: the share of equity lost if every position, pending entry order and the new entry went to its stop-loss at once; without a known stop-loss the whole position counts. Null: off.",
          LIMIT_DEFAULTS.max_book_loss,
        ),
      }),
    ),
    max_book_es: Type.Optional(
      Type.Union([share(), Type.Null()], {
        ...meta(
          "gate",
          "Risk budget of the book: the expected shortfall (99 %) over book_es_hours of all positions, pending entry orders and the new entry together, from the covariance of their pairs' returns, as a share of equity. Entries are cut to the room left. Null: off.",
          LIMIT_DEFAULTS.max_book_es,
        ),
      }),
    ),
    book_es_hours: hours(
      "book_es_hours",
      "Horizon of that expected shortfall: about as long as your positions are held.",
    ),
    liquidation_guard: Type.Optional(
      Type.Union([Type.Number({ minimum: 1, maximum: 10 }), Type.Null()], {
        ...meta(
          "gate",
          "Isolated futures: the liquidation price must be at least this many times the adverse excursion away (`risk_adverse_q_long`, `risk_adverse_q_short`). The strategy's `leverage` is cut to that; what is nearer still is denied. Null: off.",
          LIMIT_DEFAULTS.liquidation_guard,
        ),
      }),
    ),
    kelly_fraction: Type.Optional(
      Type.Union([share(), Type.Null()], {
        ...meta(
          "gate",
          "From 30 closed trades on, stake at most this share of the growth-optimal stake (Kelly) under a lower confidence bound of the trades' returns. Null: off.",
          LIMIT_DEFAULTS.kelly_fraction,
        ),
      }),
    ),
    kelly_min_stake: Type.Optional(
      Type.Number({
        exclusiveMinimum: 0,
        maximum: 1,
        ...meta(
          "gate",
          "Share of equity a stake is never cut below by Kelly: without trades there would be no evidence to release it.",
          LIMIT_DEFAULTS.kelly_min_stake,
        ),
      }),
    ),
    kelly_drawdown: Type.Optional(
      Type.Union([Type.Number({ exclusiveMinimum: 0, exclusiveMaximum: 1 }), Type.Null()], {
        ...meta(
          "gate",
          "With kelly_fraction: stake no more than keeps the probability of ever losing this share of equity at kelly_drawdown_probability (Busseti, Ryu & Boyd 2016). Null: off.",
          LIMIT_DEFAULTS.kelly_drawdown,
        ),
      }),
    ),
    kelly_drawdown_probability: Type.Optional(
      Type.Number({
        exclusiveMinimum: 0,
        exclusiveMaximum: 1,
        ...meta("gate", "The probability of that drawdown.", LIMIT_DEFAULTS.kelly_drawdown_probability),
      }),
    ),
    barbell_loss: Type.Optional(
      Type.Union([share(), Type.Null()], {
        ...meta(
          "gate",
          "Keep a floor: all stakes together may lose at most what equity stands above (1 − barbell_loss) times its high-water mark of the last barbell_window_days. Null: off.",
          LIMIT_DEFAULTS.barbell_loss,
        ),
      }),
    ),
    barbell_window_days: days(
      "barbell_window_days",
      "Length of that window: the floor rises with equity and falls only when an old mark leaves it.",
    ),
    barbell_worst_loss: Type.Optional(
      Type.Number({
        exclusiveMinimum: 0,
        maximum: 1,
        ...meta(
          "gate",
          "The worst price move the floor has to stand, as a share; a stake never loses more than itself. 1: everything, for those who trust no stop-loss.",
          LIMIT_DEFAULTS.barbell_worst_loss,
        ),
      }),
    ),
  },
  { additionalProperties: false },
);

/** The limits in force: what is given, else the profile's, else the default. */
export function resolveLimits(profile: Profile, given: Static<typeof LimitsSchema>): Limits {
  return { ...LIMIT_DEFAULTS, ...PROFILE_LIMITS[profile], ...given };
}
