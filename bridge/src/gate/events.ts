/** Events that change a session: what the journal holds, what the reducer takes. Plain JSON data; non-finite numbers are null. */
import type { CloseNews } from "../portfolio/closes.js";
import type { Outcome } from "../portfolio/outcomes.js";
import { FACTS, type ReasonName, reasonName } from "../protocol/codes.js";
import type { Changes } from "./overrides.js";
import {
  type Cap,
  type Decision,
  type GateRequest,
  type Kind,
  NO_FACTS,
  type Position,
  type SessionStatus,
  type Side,
  type Stage,
  type Verdict,
} from "./types.js";

export interface HelloEvent {
  readonly type: "hello";
  readonly session: string;
  readonly run_mode: string;
  readonly client: string;
  /** Resolved settings. */
  readonly settings: object;
  readonly fingerprint: string;
  /** Named group the session is in; absent: none. */
  readonly group?: string;
  /** Absent: not told. */
  readonly stake_currency?: string;
}

export type PositionRow = readonly [
  pair: string,
  side: Side,
  stake: number,
  leverage: number,
  state: "open" | "pending",
  /** Absent: not known. */
  loss?: number,
];

export type OutcomeRow = readonly [trade: number, close_ms: number, profit: number];

export interface PortfolioEvent {
  readonly type: "portfolio";
  readonly session: string;
  readonly snapshot_seq: number;
  readonly at_ms: number;
  readonly equity: number;
  readonly samples: readonly (readonly [t_ms: number, equity: number])[];
  readonly positions: readonly PositionRow[];
  /** Trades closed since the last portfolio, in order of time; absent: none. */
  readonly closed?: readonly OutcomeRow[];
  /** Closes that are news; absent: none. */
  readonly closes?: CloseNews;
}

export interface CapEvent {
  readonly reason: ReasonName;
  readonly stake: number;
  readonly value: number | null;
  readonly limit: number | null;
  /** Absent: not told. */
  readonly added?: number | null;
}

export interface GateEvent {
  readonly type: "gate";
  readonly session: string;
  readonly pair: string;
  readonly side: Side;
  readonly kind: Kind;
  readonly stage: Stage;
  readonly candle_open_ms: number;
  readonly now_ms: number;
  readonly candle: { readonly size: number | null; readonly reason: ReasonName | null; readonly value: number | null };
  readonly stake: number | null;
  readonly min_stake: number | null;
  readonly leverage: number | null;
  readonly rate: number | null;
  readonly snapshot_seq: number;
  readonly decision: Decision;
  readonly stake_allowed: number | null;
  readonly would: Decision;
  readonly would_stake: number;
  readonly reason: ReasonName;
  readonly value: number | null;
  readonly limit: number | null;
  readonly caps: readonly CapEvent[];
  readonly reask: boolean;
  /** The most this candidate may still stake, over all answers given to it. */
  readonly ceiling: number;
  /** In the order of FACTS; absent: none was told. */
  readonly facts?: readonly (number | null)[];
}

/** The manual switch. `by` and `why` are for the audit. */
export interface ControlEvent {
  readonly type: "control";
  readonly session: string;
  readonly status: SessionStatus;
  readonly until_ms: number | null;
  readonly by: string;
  readonly why: string;
}

/** Equity history begun anew by hand, after money was taken out. `by` and `why` are for the audit. */
export interface RebaseEvent {
  readonly type: "rebase";
  readonly session: string;
  /** Samples up to this time no longer count. */
  readonly at_ms: number;
  readonly by: string;
  readonly why: string;
}

/** Limits set by hand until a time. `by` and `why` are for the audit. */
export interface OverrideEvent {
  readonly type: "override";
  readonly session: string;
  readonly limits: Changes;
  readonly until_ms: number;
  readonly by: string;
  readonly why: string;
}

/** Overrides ended by hand before their time. */
export interface LiftEvent {
  readonly type: "lift";
  readonly session: string;
  readonly limits: readonly string[];
  readonly by: string;
  readonly why: string;
}

/** A member of a group has been silent for too long to count any more. It counts again with its next word. */
export interface LeaveEvent {
  readonly type: "leave";
  readonly session: string;
}

export type SessionEvent =
  | HelloEvent
  | PortfolioEvent
  | GateEvent
  | ControlEvent
  | RebaseEvent
  | OverrideEvent
  | LiftEvent
  | LeaveEvent;

const NO_CAPS: readonly CapEvent[] = Object.freeze([]);

function capEvent({ reason, stake, value, limit, added }: Cap): CapEvent {
  const cap = { reason: reasonName(reason) ?? "ok", stake, value: finite(value), limit: finite(limit) };
  return added === undefined ? cap : { ...cap, added: finite(added) };
}

/** The journal's record of one decision. */
export function gateEvent(session: string, snapshot_seq: number, request: GateRequest, verdict: Verdict): GateEvent {
  return {
    type: "gate",
    session,
    pair: request.pair,
    side: request.side,
    kind: request.kind,
    stage: request.stage,
    candle_open_ms: unsigned(request.candle_open_ms),
    now_ms: request.now_ms,
    candle: {
      size: finite(request.candle_size),
      reason: reasonName(request.candle_reason),
      value: finite(request.candle_value),
    },
    stake: finite(request.stake),
    min_stake: finite(request.min_stake),
    leverage: finite(request.leverage),
    rate: finite(request.rate),
    snapshot_seq,
    decision: verdict.decision,
    stake_allowed: finite(verdict.stake),
    would: verdict.would,
    would_stake: verdict.would_stake,
    reason: reasonName(verdict.reason) ?? "ok",
    value: finite(verdict.value),
    limit: finite(verdict.limit),
    caps: verdict.caps.length === 0 ? NO_CAPS : verdict.caps.map(capEvent),
    reask: verdict.reask,
    ceiling: verdict.ceiling,
    ...(request.facts === NO_FACTS ? {} : { facts: FACTS.map((name) => finite(request.facts[name])) }),
  };
}

/**
 * The journal's record of one portfolio.
 * @param known_until_ms samples up to here are known and left out
 * @param closed trades that are news
 * @param closes that are news; null: none
 */
export function portfolioEvent(
  session: string,
  message: Pick<PortfolioEvent, "at_ms" | "equity" | "samples" | "positions"> & { readonly seq: number },
  known_until_ms: number,
  closed: readonly Outcome[] = [],
  closes: CloseNews | null = null,
): PortfolioEvent {
  return {
    type: "portfolio",
    session,
    snapshot_seq: message.seq,
    at_ms: unsigned(message.at_ms),
    equity: unsigned(message.equity),
    samples: message.samples
      .filter(([t_ms]) => t_ms > known_until_ms)
      .map(([t_ms, equity]) => [t_ms, unsigned(equity)] as const),
    positions: message.positions.map((row) => {
      const position = positionOf(row);
      return positionRow({ ...position, stake: unsigned(position.stake), loss: unsigned(position.loss) });
    }),
    ...(closed.length === 0 ? {} : { closed: closed.map(outcomeRow) }),
    ...(closes === null ? {} : { closes }),
  };
}

export function outcomeRow({ trade, close_ms, profit }: Outcome): OutcomeRow {
  return [unsigned(trade), unsigned(close_ms), unsigned(profit)];
}

export function outcomeOf([trade, close_ms, profit]: OutcomeRow): Outcome {
  return { trade, close_ms, profit };
}

export function positionRow({ pair, side, stake, leverage, state, loss }: Position): PositionRow {
  return loss === 1 ? [pair, side, stake, leverage, state] : [pair, side, stake, leverage, state, loss];
}

export function positionOf([pair, side, stake, leverage, state, loss = 1]: PositionRow): Position {
  return { pair, side, stake, leverage, state, loss };
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? unsigned(value) : null;
}

/** JSON has no -0: what is folded from the journal must be what was decided by, to the bit. */
function unsigned(value: number): number {
  return value === 0 ? 0 : value;
}
