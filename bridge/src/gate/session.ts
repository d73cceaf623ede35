/** State of one portfolio session, and the one reducer that changes it: used live and when a journal is folded, so both end up alike. */
import { type CloseBook, withCloses } from "../portfolio/closes.js";
import { addEntry, type ConfirmedEntry } from "../portfolio/entry_rate.js";
import { type EquityTrack, newEquityTrack, pushSample, rebase } from "../portfolio/equity.js";
import { addOutcome, type Outcome } from "../portfolio/outcomes.js";
import { REASON } from "../protocol/codes.js";
import { type Asked, type AskedBook, newAskedBook, recall, remember } from "./asked.js";
import {
  type ControlEvent,
  type GateEvent,
  type HelloEvent,
  type LiftEvent,
  type OverrideEvent,
  outcomeOf,
  type PortfolioEvent,
  positionOf,
  type SessionEvent,
} from "./events.js";
import { isOverridable, type LimitKey, type Override } from "./overrides.js";
import { countAnswer, newTally, type Tally } from "./tally.js";
import type { Position, SessionStatus } from "./types.js";

/** The switch as it was last set by hand, and by whom; empty texts: never. */
export interface Manual {
  readonly status: SessionStatus;
  readonly until_ms: number | null;
  readonly by: string;
  readonly why: string;
}

export interface SessionState {
  run_mode: string;
  /** Named group it is in; null: none. */
  group: string | null;
  /** What its money is; null: not told. */
  stake_currency: string | null;
  /** `until_ms` null: until changed. */
  manual: Manual;
  /** Limits set by hand, the newest last; those that have ended stay until they are set anew. */
  overrides: readonly Override[];
  /** `snapshot_seq` of the newest portfolio; 0: none yet. */
  seq: number;
  portfolio: { readonly at_ms: number; readonly equity: number; readonly positions: readonly Position[] } | null;
  readonly equity: EquityTrack;
  readonly asked: AskedBook;
  /** Closes of the pairs asked about and held; null: none were told. */
  closes: CloseBook | null;
  /** Closed trades, newest last. */
  readonly outcomes: Outcome[];
  /** New entries that were let through at their last question, newest last. */
  readonly entries: ConfirmedEntry[];
  readonly tally: Tally;
}

export function newSession(run_mode = "live"): SessionState {
  return {
    run_mode,
    group: null,
    stake_currency: null,
    manual: { status: "ACTIVE", until_ms: null, by: "", why: "" },
    overrides: [],
    seq: 0,
    portfolio: null,
    equity: newEquityTrack(),
    asked: newAskedBook(),
    closes: null,
    outcomes: [],
    entries: [],
    tally: newTally(),
  };
}

/** Applies one event, in place, and returns the same state. */
export function applyEvent(state: SessionState, event: SessionEvent): SessionState {
  switch (event.type) {
    case "hello":
      applyHello(state, event);
      break;
    case "portfolio":
      applyPortfolio(state, event);
      break;
    case "gate":
      applyGate(state, event);
      break;
    case "control":
      applyControl(state, event);
      break;
    case "rebase":
      rebase(state.equity, event.at_ms);
      break;
    case "override":
      applyOverride(state, event);
      break;
    case "lift":
      applyLift(state, event);
      break;
    case "leave":
      // The group's business.
      break;
  }
  return state;
}

function applyHello(state: SessionState, event: HelloEvent): void {
  state.run_mode = event.run_mode;
  state.group = event.group ?? null;
  state.stake_currency = event.stake_currency ?? null;
}

function applyPortfolio(state: SessionState, event: PortfolioEvent): void {
  if (event.snapshot_seq <= state.seq) return;
  // Not the portfolio's own equity: questions come when orders fill, which is when an account is valued wrongly, and as often as pairs signal.
  for (const [t_ms, equity] of event.samples) pushSample(state.equity, { t_ms, equity });
  state.seq = event.snapshot_seq;
  state.portfolio = {
    at_ms: event.at_ms,
    equity: event.equity,
    positions: event.positions.map(positionOf),
  };
  for (const row of event.closed ?? []) addOutcome(state.outcomes, outcomeOf(row));
  if (event.closes !== undefined) state.closes = withCloses(state.closes, event.closes);
}

function applyControl(state: SessionState, event: ControlEvent): void {
  const { status, until_ms, by, why } = event;
  state.manual = { status, until_ms, by, why };
}

function applyOverride(state: SessionState, { limits, until_ms, by, why }: OverrideEvent): void {
  const set = Object.entries(limits).flatMap(([limit, value]): Override[] =>
    isOverridable(limit) ? [{ limit, value, until_ms, by, why }] : [],
  );
  const changed = new Set<LimitKey>(set.map(({ limit }) => limit));
  state.overrides = [...state.overrides.filter(({ limit }) => !changed.has(limit)), ...set];
}

function applyLift(state: SessionState, { limits }: LiftEvent): void {
  state.overrides = state.overrides.filter(({ limit }) => !limits.includes(limit));
}

function applyGate(state: SessionState, event: GateEvent): void {
  // A backtest confirms every replaced order again: not a new candidate.
  if (event.kind === "replace") return;
  if (event.kind === "entry" && event.stage === "final" && event.would !== "deny") {
    const { pair, side, candle_open_ms, now_ms } = event;
    addEntry(state.entries, { pair, side, candle_open_ms, at_ms: now_ms });
  }
  const previous = recall(state.asked, event);
  const next = standingAnswer(previous, event);
  if (next === previous) return;
  countAnswer(state.tally, previous, next);
  remember(state.asked, next);
}

function standingAnswer(previous: Asked | undefined, event: GateEvent): Asked {
  const denied = event.would === "deny";
  const answer = {
    ceiling: denied ? 0 : event.ceiling,
    denied,
    reason: REASON[event.reason],
    value: event.value ?? Number.NaN,
    limit: event.limit ?? Number.NaN,
  };
  if (previous === undefined) {
    const { pair, side, kind, candle_open_ms } = event;
    return { candidate: { pair, side, kind, candle_open_ms }, first_stake: event.stake ?? 0, ...answer };
  }
  if (previous.denied || (!denied && event.ceiling >= previous.ceiling)) return previous;
  return { ...previous, ...answer };
}

/** Manual state in force at a time: an expired one is ACTIVE again. */
export function statusAt(state: SessionState, now_ms: number): SessionStatus {
  const { status, until_ms } = state.manual;
  return until_ms !== null && now_ms >= until_ms ? "ACTIVE" : status;
}

/** Whether sessions of a run mode outlive the process that asked. */
export function isLive(run_mode: string): boolean {
  return run_mode === "live" || run_mode === "dry_run";
}
