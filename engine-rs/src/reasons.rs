//! Reason codes, generated from `protocol/reasons.json`.

/// Nothing limits this entry.
pub const OK: u8 = 0;
/// Fewer candles than the engine's memory M precede this one: there is no history to judge by.
pub const WARMING_UP: u8 = 1;
/// A measure that a rule is about is undefined: for the jump, more than a quarter of its window's returns are zero or their mean product is (coarse ticks, an illiquid pair); for others, too few trades, exceedances or market candles. The rule is not applied; if no other binds, the entry is allowed at full size and flagged.
pub const INSUFFICIENT_VARIATION: u8 = 2;
/// The candles sent are not valid (NaN, a price not above 0, high below low, negative volume, dates not ascending).
pub const BAD_INPUT: u8 = 3;
/// The signal candle is a jump: |return| is large against the pair's own recent bipower variation (J).
pub const JUMP: u8 = 4;
/// A volatility of the pair, or its rank, is above the level of a rule you configured.
pub const VOLATILITY: u8 = 5;
/// A tail measure (VaR, ES, P(loss), shape, event) is above the level of a rule you configured.
pub const TAIL: u8 = 6;
/// The volatility regime or the change of volatility is above the level of a rule you configured.
pub const REGIME: u8 = 7;
/// The adverse excursion to be expected is above the level of a rule you configured.
pub const ADVERSE: u8 = 8;
/// The volume surprise or the order flow is above the level of a rule you configured.
pub const WHALE: u8 = 9;
/// A measure of illiquidity or of the spread is above the level of a rule you configured.
pub const LIQUIDITY: u8 = 10;
/// The pair's response to the market pair, or its left vega, is above the level of a rule you configured.
pub const FRAGILITY: u8 = 11;
/// The session is HALTED by hand: no entries.
pub const HALTED: u8 = 30;
/// The session is REDUCING by hand: no new risk.
pub const REDUCING: u8 = 31;
/// The candle verdict is older than max_verdict_age_candles, or belongs to a candle that has not begun.
pub const STALE: u8 = 32;
/// The proposed stake is NaN, infinite, zero or negative, or the minimum stake or leverage beside it is not a valid number.
pub const BAD_STAKE: u8 = 33;
/// The portfolio the request quotes is not the one the bridge knows, and it could not be refreshed in time.
pub const STALE_PORTFOLIO: u8 = 34;
/// Mark-to-market equity, open trades included, is more than max_drawdown below its high-water mark of the last drawdown_window_days.
pub const DRAWDOWN: u8 = 35;
/// Mark-to-market equity is more than max_daily_loss below its value at the start of the UTC day.
pub const DAILY_LOSS: u8 = 36;
/// Open positions and pending entry orders, leverage included, leave no or less room under max_gross_exposure.
pub const EXPOSURE_GROSS: u8 = 37;
/// This pair's open position and pending entry orders, leverage included, leave no or less room under max_pair_exposure.
pub const EXPOSURE_PAIR: u8 = 38;
/// The stake left after all limits is below the exchange's minimum.
pub const BELOW_MIN_STAKE: u8 = 39;
/// The stake asked for is larger than the bridge allowed for this candle before: cut to that, or denied where a final stake can no longer be cut.
pub const ABOVE_CAP: u8 = 40;
/// The decision could not be written to the journal, so it was not made.
pub const JOURNAL_FAILED: u8 = 41;
/// Mark-to-market equity is below its high-water mark of the last drawdown_window_days, and soft_drawdown cuts stakes in proportion.
pub const DRAWDOWN_SOFT: u8 = 42;
/// As many pairs as max_side_positions allows have a position or a pending entry order on this side.
pub const SIDE_POSITIONS: u8 = 43;
/// Mark-to-market equity is more than max_weekly_loss below its value at the start of the UTC week.
pub const WEEKLY_LOSS: u8 = 44;
/// The last loss_streak_trades closed trades all lost, the last of them less than loss_streak_pause_hours ago.
pub const LOSS_STREAK: u8 = 45;
/// max_entries new entries were confirmed within the last max_entries_hours.
pub const ENTRY_RATE: u8 = 46;
/// The entry's rate is further than max_rate_deviation from the close of the signal candle, or one of the two is not known.
pub const PRICE_COLLAR: u8 = 47;
/// Longs less shorts (or shorts less longs), pending entry orders and leverage included, leave no or less room under max_net_exposure.
pub const EXPOSURE_NET: u8 = 48;
/// What the pair's position can lose (to its stop-loss or by the expected shortfall over the horizon, the smaller) would be more than max_trade_loss of equity; or neither is known.
pub const TRADE_LOSS: u8 = 49;
/// If every position and pending entry order went to its stop-loss at once, more than max_book_loss of equity would be lost.
pub const BOOK_LOSS: u8 = 50;
/// At this leverage the liquidation price is nearer than liquidation_guard times the adverse excursion to be expected, or one of the two is not known.
pub const LIQUIDATION: u8 = 51;
/// The closed trades do not support a larger stake: kelly_fraction of the growth-optimal stake under a lower confidence bound, drawdown constraint included, but never less than kelly_min_stake.
pub const KELLY: u8 = 52;
/// The money at risk would be more than what equity stands above its floor, which is barbell_loss below the high-water mark of the last barbell_window_days.
pub const BARBELL: u8 = 53;
/// Positions on this side in pairs that move with this one, pending entry orders and leverage included, leave no or less room under max_cluster_exposure. A pair of which too few closes are known counts as moving with every other.
pub const EXPOSURE_CLUSTER: u8 = 54;
/// The expected shortfall of all positions, pending entry orders and the new entry over book_es_hours would be more than max_book_es of equity; or too few closes of the pair are known.
pub const BOOK_ES: u8 = 55;
/// The bots of the group would together hold more than the group's max_gross_exposure times their equity, pending and just confirmed entries included.
pub const GROUP_EXPOSURE: u8 = 60;
/// The bots of the group are together more than the group's max_drawdown below their high-water mark of the last drawdown_window_days.
pub const GROUP_DRAWDOWN: u8 = 61;
/// The bridge is absent, dead, slow or its circuit breaker is open.
pub const UNAVAILABLE: u8 = 70;
/// The bridge answered with something that is not the protocol, or with another protocol version.
pub const PROTOCOL_ERROR: u8 = 71;
/// The bridge's engine is not the one this shim was built for or the run began with.
pub const WRONG_FINGERPRINT: u8 = 72;
/// The analysed candles carry no verdict for the signal candle (pair never annotated, or frame replaced after it).
pub const NO_VERDICT: u8 = 73;
/// The bridge did not answer; the last known verdict was used because on_unavailable is last_known.
pub const LAST_KNOWN: u8 = 74;
/// The bridge did not answer; the entry was let through because on_unavailable is allow.
pub const ALLOWED_UNAVAILABLE: u8 = 75;
/// The shim itself failed; the entry was denied rather than let through unseen.
pub const SHIM_ERROR: u8 = 76;

/// Name of a reason code; `unknown` for a code outside the closed list.
pub const fn name(code: u8) -> &'static str {
    match code {
        OK => "ok",
        WARMING_UP => "warming_up",
        INSUFFICIENT_VARIATION => "insufficient_variation",
        BAD_INPUT => "bad_input",
        JUMP => "jump",
        VOLATILITY => "volatility",
        TAIL => "tail",
        REGIME => "regime",
        ADVERSE => "adverse",
        WHALE => "whale",
        LIQUIDITY => "liquidity",
        FRAGILITY => "fragility",
        HALTED => "halted",
        REDUCING => "reducing",
        STALE => "stale",
        BAD_STAKE => "bad_stake",
        STALE_PORTFOLIO => "stale_portfolio",
        DRAWDOWN => "drawdown",
        DAILY_LOSS => "daily_loss",
        EXPOSURE_GROSS => "exposure_gross",
        EXPOSURE_PAIR => "exposure_pair",
        BELOW_MIN_STAKE => "below_min_stake",
        ABOVE_CAP => "above_cap",
        JOURNAL_FAILED => "journal_failed",
        DRAWDOWN_SOFT => "drawdown_soft",
        SIDE_POSITIONS => "side_positions",
        WEEKLY_LOSS => "weekly_loss",
        LOSS_STREAK => "loss_streak",
        ENTRY_RATE => "entry_rate",
        PRICE_COLLAR => "price_collar",
        EXPOSURE_NET => "exposure_net",
        TRADE_LOSS => "trade_loss",
        BOOK_LOSS => "book_loss",
        LIQUIDATION => "liquidation",
        KELLY => "kelly",
        BARBELL => "barbell",
        EXPOSURE_CLUSTER => "exposure_cluster",
        BOOK_ES => "book_es",
        GROUP_EXPOSURE => "group_exposure",
        GROUP_DRAWDOWN => "group_drawdown",
        UNAVAILABLE => "unavailable",
        PROTOCOL_ERROR => "protocol_error",
        WRONG_FINGERPRINT => "wrong_fingerprint",
        NO_VERDICT => "no_verdict",
        LAST_KNOWN => "last_known",
        ALLOWED_UNAVAILABLE => "allowed_unavailable",
        SHIM_ERROR => "shim_error",
        _ => "unknown",
    }
}
