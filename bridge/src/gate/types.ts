/** Types of the entry verdict. Pure data: no sockets, files or clocks. */
import type { Marks } from "../portfolio/equity.js";
import type { FACTS } from "../protocol/codes.js";

export type Decision = "allow" | "reduce" | "deny";
export type Side = "long" | "short";
export type Kind = "entry" | "scale_in" | "replace";
export type Stage = "size" | "final";
export type Mode = "enforce" | "shadow" | "off";
export type SessionStatus = "ACTIVE" | "REDUCING" | "HALTED";

/** What a question may tell besides: a limit that reads a fact it was not told denies. NaN: not told. */
export type Facts = Readonly<Record<(typeof FACTS)[number], number>>;

export const NO_FACTS: Facts = {
  close: Number.NaN,
  stop: Number.NaN,
  es: Number.NaN,
  xi: Number.NaN,
  adverse: Number.NaN,
  mm_rate: Number.NaN,
  mm_amount: Number.NaN,
  liquidation_buffer: Number.NaN,
  wanted_leverage: Number.NaN,
};

/** What a strategy asks before an entry. Times are ms since 1970; money is in stake currency, without leverage. */
export interface GateRequest {
  readonly pair: string;
  readonly side: Side;
  readonly kind: Kind;
  readonly stage: Stage;
  readonly candle_open_ms: number;
  readonly now_ms: number;
  /** Candle verdict: multiple of 1/1024 in [0, 1]; 0 denies. */
  readonly candle_size: number;
  /** Candle verdict: reason code (protocol/reasons.json). */
  readonly candle_reason: number;
  /** Candle verdict: value of the binding measure; NaN if none. */
  readonly candle_value: number;
  readonly stake: number;
  readonly min_stake: number;
  readonly leverage: number;
  readonly rate: number;
  readonly facts: Facts;
}

/** Resolved limits of a session; null switches a limit off. Ratios, not percents. */
export interface Limits {
  readonly max_verdict_age_candles: number;
  readonly max_drawdown: number | null;
  readonly drawdown_window_days: number;
  readonly max_daily_loss: number | null;
  readonly max_gross_exposure: number | null;
  readonly max_pair_exposure: number | null;
  /** Drawdown at which the soft control has cut stakes to nothing. */
  readonly soft_drawdown: number | null;
  /** Pairs with a position or an entry order on one side, the new one included. */
  readonly max_side_positions: number | null;
  readonly soft_drawdown_window_days: number;
  readonly max_weekly_loss: number | null;
  /** Losing trades in a row that start a pause. */
  readonly loss_streak_trades: number | null;
  readonly loss_streak_pause_hours: number;
  /** New entries within a window. */
  readonly max_entries: number | null;
  readonly max_entries_hours: number;
  /** Distance of the rate from the signal candle's close. */
  readonly max_rate_deviation: number | null;
  readonly max_net_exposure: number | null;
  /** Of positions that move with the entry's pair, as a multiple of equity. */
  readonly max_cluster_exposure: number | null;
  readonly cluster_correlation: number;
  /** Of the pair's position, as a share of equity. */
  readonly max_trade_loss: number | null;
  readonly trade_loss_horizon_candles: number;
  /** Of all positions at their stop-losses, as a share of equity. */
  readonly max_book_loss: number | null;
  /** Expected shortfall of all positions, as a share of equity. */
  readonly max_book_es: number | null;
  readonly book_es_hours: number;
  /** Multiple of the adverse excursion that the liquidation distance must reach. */
  readonly liquidation_guard: number | null;
  /** Share of the growth-optimal stake. */
  readonly kelly_fraction: number | null;
  readonly kelly_min_stake: number;
  /** Drawdown that equity may reach with probability kelly_drawdown_probability. */
  readonly kelly_drawdown: number | null;
  readonly kelly_drawdown_probability: number;
  /** Share of the high-water mark that may be lost in all. */
  readonly barbell_loss: number | null;
  readonly barbell_window_days: number;
  readonly barbell_worst_loss: number;
}

/** Everything gate() decides by that is not state. */
export interface Policy {
  readonly mode: Mode;
  readonly timeframe_s: number;
  /** False under utility modes (lookahead-analysis runs one pair with a wallet of 1e9): only the candle rules apply. */
  readonly portfolio_limits: boolean;
  /** Level at which the binding candle rule starts to cut or denies, by reason code, to explain a candle verdict. */
  readonly candle_limits: ReadonlyMap<number, { readonly from: number; readonly deny_above: number | null }>;
  readonly limits: Limits;
}

/** What a named group of sessions may do together, from the daemon's configuration; null switches a limit off. Ratios, not percents. */
export interface GroupLimits {
  readonly max_gross_exposure: number | null;
  readonly max_drawdown: number | null;
  readonly drawdown_window_days: number;
  /** A member not heard for this long no longer counts. */
  readonly silent_hours: number;
}

/** A session's group as it stands when the session asks. Money is in the stake currency that all members share. */
export interface GroupSummary {
  readonly group: string;
  readonly limits: GroupLimits;
  /** Of all members. */
  readonly equity: number;
  /** Stake × leverage of all members' positions, pending orders and confirmed entries, without the candidate asked about. */
  readonly exposure: number;
  /** High-water marks of the chain-linked index, and what the members are worth in its units; null: no member counts yet. */
  readonly marks: Marks;
  readonly worth: number | null;
}

export interface Position {
  readonly pair: string;
  readonly side: Side;
  readonly stake: number;
  readonly leverage: number;
  readonly state: "open" | "pending";
  /** Share of stake × leverage that is lost from its present value to its stop-loss; 1: not known. */
  readonly loss: number;
}

export interface EquitySample {
  readonly t_ms: number;
  readonly equity: number;
}

/** One limit's opinion. `stake` is the most it allows; equal to the proposed stake when it does not bind. */
export interface Cap {
  readonly reason: number;
  readonly stake: number;
  readonly value: number;
  readonly limit: number;
  /** How much of the value the entry as proposed adds, where a limit tells it. */
  readonly added?: number;
}

/** What gate() answers. In modes `shadow` and `off`, `decision` and `stake` let the entry pass and `would` tells what enforcing had done. */
export interface Verdict {
  readonly decision: Decision;
  readonly stake: number;
  readonly would: Decision;
  readonly would_stake: number;
  /** Binding reason (code) with its measure and limit; 0 and NaN when nothing binds. */
  readonly reason: number;
  readonly value: number;
  readonly limit: number;
  /** Every limit that was below the proposed stake, in order of evaluation. */
  readonly caps: readonly Cap[];
  readonly reask: boolean;
  /** The most this candidate may still stake, over all answers given to it; 0 when denied. What a re-ask may only lower. */
  readonly ceiling: number;
}
