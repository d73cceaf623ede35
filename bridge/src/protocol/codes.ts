/** Generated from protocol/enums.json and protocol/reasons.json by scripts/generate.mjs; do not edit. */

export const PROTOCOL_VERSION = 1;
export const PROTOCOL_MINOR = 4;

export const OP = {
  hello: 0,
  gate: 1,
  annotate: 2,
  portfolio: 4,
  status: 5,
  control: 6,
  rebase: 7,
  gates: 8,
  override: 9,
  lift: 10,
  standing: 11,
} as const;

export const STATUS = {
  ok: 0,
  version: 1,
  schema: 2,
  op: 3,
  limit: 4,
  internal: 5,
  busy: 6,
  no_session: 7,
  stale_portfolio: 8,
  bad_input: 9,
  settings: 10,
  late: 11,
} as const;

export const DECISION = {
  allow: 0,
  reduce: 1,
  deny: 2,
} as const;

export const SIDE = {
  long: 0,
  short: 1,
} as const;

export const KIND = {
  entry: 0,
  scale_in: 1,
  replace: 2,
} as const;

export const STAGE = {
  size: 0,
  final: 1,
} as const;

export const POSITION_STATE = {
  open: 0,
  pending: 1,
} as const;

export const SESSION_STATUS = {
  ACTIVE: 0,
  REDUCING: 1,
  HALTED: 2,
} as const;

export const RUN_MODES = ["live", "dry_run", "backtest", "hyperopt", "util", "replay"] as const;

/** What a question may tell besides, in this order. */
export const FACTS = [
  "close",
  "stop",
  "es",
  "xi",
  "adverse",
  "mm_rate",
  "mm_amount",
  "liquidation_buffer",
  "wanted_leverage",
] as const;

export const LIMITS = {
  gate_bytes: 512,
  gate_target_bytes: 128,
  gates: 64,
  gates_bytes: 8192,
  control_bytes: 2048,
  hello_bytes: 8192,
  portfolio_bytes: 65536,
  annotate_header_bytes: 8192,
  batch_bytes: 268435456,
  rows: 2000000,
  wanted: 256,
  pair_bytes: 31,
  session_bytes: 96,
  positions: 512,
  samples: 512,
  closed: 256,
  closes: 97,
  close_pairs: 16,
  close_pairs_kept: 64,
  message_chars: 200,
} as const;

export const REASON = {
  ok: 0,
  warming_up: 1,
  insufficient_variation: 2,
  bad_input: 3,
  jump: 4,
  volatility: 5,
  tail: 6,
  regime: 7,
  adverse: 8,
  whale: 9,
  liquidity: 10,
  fragility: 11,
  halted: 30,
  reducing: 31,
  stale: 32,
  bad_stake: 33,
  stale_portfolio: 34,
  drawdown: 35,
  daily_loss: 36,
  exposure_gross: 37,
  exposure_pair: 38,
  below_min_stake: 39,
  above_cap: 40,
  journal_failed: 41,
  drawdown_soft: 42,
  side_positions: 43,
  weekly_loss: 44,
  loss_streak: 45,
  entry_rate: 46,
  price_collar: 47,
  exposure_net: 48,
  trade_loss: 49,
  book_loss: 50,
  liquidation: 51,
  kelly: 52,
  barbell: 53,
  exposure_cluster: 54,
  book_es: 55,
  group_exposure: 60,
  group_drawdown: 61,
  unavailable: 70,
  protocol_error: 71,
  wrong_fingerprint: 72,
  no_verdict: 73,
  last_known: 74,
  allowed_unavailable: 75,
  shim_error: 76,
} as const;

export type ReasonName = keyof typeof REASON;

/** Reasons that belong to a session's account or its switch, not to the candle or the entry asked about. */
export const ACCOUNT_REASONS: ReadonlySet<ReasonName> = new Set<ReasonName>([
  "halted",
  "reducing",
  "drawdown",
  "daily_loss",
  "drawdown_soft",
  "weekly_loss",
  "loss_streak",
  "entry_rate",
  "barbell",
  "group_drawdown",
]);

/** The closed list of reasons, in order of code. */
export const REASONS = [
  {
    code: 0,
    name: "ok",
    origin: "gate",
    meaning: "Nothing limits this entry.",
    release: "",
  },
  {
    code: 1,
    name: "warming_up",
    origin: "candle",
    meaning: "Fewer candles than the engine's memory M precede this one: there is no history to judge by.",
    release: "After M candles. Raise startup_candle_count or download more history.",
  },
  {
    code: 2,
    name: "insufficient_variation",
    origin: "candle",
    meaning:
      "A measure that a rule is about is undefined: for the jump, more than a quarter of its window's returns are zero or their mean product is (coarse ticks, an illiquid pair); for others, too few trades, exceedances or market candles. The rule is not applied; if no other binds, the entry is allowed at full size and flagged.",
    release: "When the pair trades again, or the market pair's candles are there.",
  },
  {
    code: 3,
    name: "bad_input",
    origin: "candle",
    meaning:
      "The candles sent are not valid (NaN, a price not above 0, high below low, negative volume, dates not ascending).",
    release: "When the exchange or the data file delivers valid candles.",
  },
  {
    code: 4,
    name: "jump",
    origin: "candle",
    meaning: "The signal candle is a jump: |return| is large against the pair's own recent bipower variation (J).",
    release: "With the next candle.",
  },
  {
    code: 5,
    name: "volatility",
    origin: "candle",
    meaning: "A volatility of the pair, or its rank, is above the level of a rule you configured.",
    release: "When the measure falls below the rule's level.",
  },
  {
    code: 6,
    name: "tail",
    origin: "candle",
    meaning: "A tail measure (VaR, ES, P(loss), shape, event) is above the level of a rule you configured.",
    release: "When the measure falls below the rule's level.",
  },
  {
    code: 7,
    name: "regime",
    origin: "candle",
    meaning: "The volatility regime or the change of volatility is above the level of a rule you configured.",
    release: "When the measure falls below the rule's level.",
  },
  {
    code: 8,
    name: "adverse",
    origin: "candle",
    meaning: "The adverse excursion to be expected is above the level of a rule you configured.",
    release: "When the measure falls below the rule's level.",
  },
  {
    code: 9,
    name: "whale",
    origin: "candle",
    meaning: "The volume surprise or the order flow is above the level of a rule you configured.",
    release: "When the measure falls below the rule's level.",
  },
  {
    code: 10,
    name: "liquidity",
    origin: "candle",
    meaning: "A measure of illiquidity or of the spread is above the level of a rule you configured.",
    release: "When the measure falls below the rule's level.",
  },
  {
    code: 11,
    name: "fragility",
    origin: "candle",
    meaning: "The pair's response to the market pair, or its left vega, is above the level of a rule you configured.",
    release: "When the measure falls below the rule's level.",
  },
  {
    code: 30,
    name: "halted",
    origin: "gate",
    meaning: "The session is HALTED by hand: no entries.",
    release: "When the operator resumes it, or when the halt expires.",
  },
  {
    code: 31,
    name: "reducing",
    origin: "gate",
    meaning: "The session is REDUCING by hand: no new risk.",
    release: "When the operator resumes it, or when the state expires.",
  },
  {
    code: 32,
    name: "stale",
    origin: "gate",
    meaning: "The candle verdict is older than max_verdict_age_candles, or belongs to a candle that has not begun.",
    release: "When a fresh candle has been analysed.",
  },
  {
    code: 33,
    name: "bad_stake",
    origin: "gate",
    meaning:
      "The proposed stake is NaN, infinite, zero or negative, or the minimum stake or leverage beside it is not a valid number.",
    release: "When the strategy proposes a finite stake above 0: with the next candle.",
  },
  {
    code: 34,
    name: "stale_portfolio",
    origin: "gate",
    meaning: "The portfolio the request quotes is not the one the bridge knows, and it could not be refreshed in time.",
    release: "With the next request.",
  },
  {
    code: 35,
    name: "drawdown",
    origin: "gate",
    meaning:
      "Mark-to-market equity, open trades included, is more than max_drawdown below its high-water mark of the last drawdown_window_days.",
    release:
      "When equity recovers, or at the latest when the old high-water mark leaves the window. After a withdrawal: `talebridge rebase`.",
  },
  {
    code: 36,
    name: "daily_loss",
    origin: "gate",
    meaning: "Mark-to-market equity is more than max_daily_loss below its value at the start of the UTC day.",
    release: "At the next UTC midnight.",
  },
  {
    code: 37,
    name: "exposure_gross",
    origin: "gate",
    meaning:
      "Open positions and pending entry orders, leverage included, leave no or less room under max_gross_exposure.",
    release: "When a position closes or an order is cancelled.",
  },
  {
    code: 38,
    name: "exposure_pair",
    origin: "gate",
    meaning:
      "This pair's open position and pending entry orders, leverage included, leave no or less room under max_pair_exposure.",
    release: "When the position shrinks or the order is cancelled.",
  },
  {
    code: 39,
    name: "below_min_stake",
    origin: "gate",
    meaning: "The stake left after all limits is below the exchange's minimum.",
    release: "When the limit named beside it loosens, or with a larger stake.",
  },
  {
    code: 40,
    name: "above_cap",
    origin: "gate",
    meaning:
      "The stake asked for is larger than the bridge allowed for this candle before: cut to that, or denied where a final stake can no longer be cut.",
    release: "With the next candle.",
  },
  {
    code: 41,
    name: "journal_failed",
    origin: "gate",
    meaning: "The decision could not be written to the journal, so it was not made.",
    release: "When the journal directory is writable again.",
  },
  {
    code: 42,
    name: "drawdown_soft",
    origin: "gate",
    meaning:
      "Mark-to-market equity is below its high-water mark of the last drawdown_window_days, and soft_drawdown cuts stakes in proportion.",
    release: "As equity recovers, or at the latest when the old high-water mark leaves the window.",
  },
  {
    code: 43,
    name: "side_positions",
    origin: "gate",
    meaning: "As many pairs as max_side_positions allows have a position or a pending entry order on this side.",
    release: "When one of them closes or its order is cancelled.",
  },
  {
    code: 44,
    name: "weekly_loss",
    origin: "gate",
    meaning: "Mark-to-market equity is more than max_weekly_loss below its value at the start of the UTC week.",
    release: "On Monday 00:00 UTC.",
  },
  {
    code: 45,
    name: "loss_streak",
    origin: "gate",
    meaning:
      "The last loss_streak_trades closed trades all lost, the last of them less than loss_streak_pause_hours ago.",
    release: "loss_streak_pause_hours after the last loss was closed, or when a trade closes without a loss.",
  },
  {
    code: 46,
    name: "entry_rate",
    origin: "gate",
    meaning: "max_entries new entries were confirmed within the last max_entries_hours.",
    release: "As the oldest of them leaves the window.",
  },
  {
    code: 47,
    name: "price_collar",
    origin: "gate",
    meaning:
      "The entry's rate is further than max_rate_deviation from the close of the signal candle, or one of the two is not known.",
    release: "When the rate is near the last close again: with the next candle at the latest if the price stays.",
  },
  {
    code: 48,
    name: "exposure_net",
    origin: "gate",
    meaning:
      "Longs less shorts (or shorts less longs), pending entry orders and leverage included, leave no or less room under max_net_exposure.",
    release: "When a position on this side closes or its order is cancelled, or one on the other side opens.",
  },
  {
    code: 49,
    name: "trade_loss",
    origin: "gate",
    meaning:
      "What the pair's position can lose (to its stop-loss or by the expected shortfall over the horizon, the smaller) would be more than max_trade_loss of equity; or neither is known.",
    release: "With a nearer stop-loss, less leverage or a calmer market; when the pair's position closes.",
  },
  {
    code: 50,
    name: "book_loss",
    origin: "gate",
    meaning:
      "If every position and pending entry order went to its stop-loss at once, more than max_book_loss of equity would be lost.",
    release: "When a position closes, its stop-loss is raised or its order is cancelled.",
  },
  {
    code: 51,
    name: "liquidation",
    origin: "gate",
    meaning:
      "At this leverage the liquidation price is nearer than liquidation_guard times the adverse excursion to be expected, or one of the two is not known.",
    release: "With less leverage, or when the pair calms down.",
  },
  {
    code: 52,
    name: "kelly",
    origin: "gate",
    meaning:
      "The closed trades do not support a larger stake: kelly_fraction of the growth-optimal stake under a lower confidence bound, drawdown constraint included, but never less than kelly_min_stake.",
    release: "As closed trades show a better edge. It only cuts, to kelly_min_stake of equity at most.",
  },
  {
    code: 53,
    name: "barbell",
    origin: "gate",
    meaning:
      "The money at risk would be more than what equity stands above its floor, which is barbell_loss below the high-water mark of the last barbell_window_days.",
    release:
      "When a position closes, as equity recovers, or at the latest when the old high-water mark leaves the window.",
  },
  {
    code: 54,
    name: "exposure_cluster",
    origin: "gate",
    meaning:
      "Positions on this side in pairs that move with this one, pending entry orders and leverage included, leave no or less room under max_cluster_exposure. A pair of which too few closes are known counts as moving with every other.",
    release: "When one of them closes or its order is cancelled, or when the pairs no longer move together.",
  },
  {
    code: 55,
    name: "book_es",
    origin: "gate",
    meaning:
      "The expected shortfall of all positions, pending entry orders and the new entry over book_es_hours would be more than max_book_es of equity; or too few closes of the pair are known.",
    release:
      "When a position closes or its order is cancelled, when the market calms down, or when enough closes of the pair are known.",
  },
  {
    code: 60,
    name: "group_exposure",
    origin: "gate",
    meaning:
      "The bots of the group would together hold more than the group's max_gross_exposure times their equity, pending and just confirmed entries included.",
    release: "When a bot of the group closes a position, its order is cancelled, or its equity grows.",
  },
  {
    code: 61,
    name: "group_drawdown",
    origin: "gate",
    meaning:
      "The bots of the group are together more than the group's max_drawdown below their high-water mark of the last drawdown_window_days.",
    release: "When their equity recovers, or at the latest when the old high-water mark leaves the window.",
  },
  {
    code: 70,
    name: "unavailable",
    origin: "shim",
    meaning: "The bridge is absent, dead, slow or its circuit breaker is open.",
    release: "By itself once the bridge answers: `talebridge serve`.",
  },
  {
    code: 71,
    name: "protocol_error",
    origin: "shim",
    meaning: "The bridge answered with something that is not the protocol, or with another protocol version.",
    release: "Install the same talebridge version on both sides.",
  },
  {
    code: 72,
    name: "wrong_fingerprint",
    origin: "shim",
    meaning: "The bridge's engine is not the one this shim was built for or the run began with.",
    release: "Install the same talebridge version on both sides, then restart the bot.",
  },
  {
    code: 73,
    name: "no_verdict",
    origin: "shim",
    meaning:
      "The analysed candles carry no verdict for the signal candle (pair never annotated, or frame replaced after it).",
    release: "When populate_indicators has run for the pair.",
  },
  {
    code: 74,
    name: "last_known",
    origin: "shim",
    meaning: "The bridge did not answer; the last known verdict was used because on_unavailable is last_known.",
    release: "By itself once the bridge answers.",
  },
  {
    code: 75,
    name: "allowed_unavailable",
    origin: "shim",
    meaning: "The bridge did not answer; the entry was let through because on_unavailable is allow.",
    release: "By itself once the bridge answers.",
  },
  {
    code: 76,
    name: "shim_error",
    origin: "shim",
    meaning: "The shim itself failed; the entry was denied rather than let through unseen.",
    release: "See the log; please report it.",
  },
] as const satisfies readonly {
  readonly code: number;
  readonly name: ReasonName;
  readonly origin: "gate" | "candle" | "shim";
  readonly meaning: string;
  readonly release: string;
}[];

const NAMES: ReadonlyMap<number, ReasonName> = new Map(REASONS.map((reason) => [reason.code, reason.name]));

/** Name of a reason code; null for a code outside the closed list. */
export function reasonName(code: number): ReasonName | null {
  return NAMES.get(code) ?? null;
}
