/** Requests, policies and sessions for the gate's tests: everything allowed unless a test says otherwise. */
import { LIMIT_DEFAULTS } from "../../src/config/limits_schema.js";
import { gateEvent, type PositionRow, positionRow } from "../../src/gate/events.js";
import { gate } from "../../src/gate/gate.js";
import { applyEvent, newSession, type SessionState } from "../../src/gate/session.js";
import { type Facts, type GateRequest, NO_FACTS, type Policy, type Verdict } from "../../src/gate/types.js";
import { DAY_MS } from "../../src/portfolio/equity.js";
import { REASON } from "../../src/protocol/codes.js";

export const TIMEFRAME_MS = 300_000;
/** A UTC midnight. */
export const DAY0 = 20_000 * DAY_MS;
export const OPEN_MS = DAY0 + 12 * 3_600_000;
/** The moment the signal candle closes. */
export const NOW_MS = OPEN_MS + TIMEFRAME_MS;

export function request(over: Partial<GateRequest> = {}): GateRequest {
  return {
    pair: "AAA/BBB",
    side: "long",
    kind: "entry",
    stage: "size",
    candle_open_ms: OPEN_MS,
    now_ms: NOW_MS,
    candle_size: 1,
    candle_reason: REASON.ok,
    candle_value: Number.NaN,
    stake: 100,
    min_stake: 10,
    leverage: 1,
    rate: 1.5,
    facts: NO_FACTS,
    ...over,
  };
}

export function policy(limits: Partial<Policy["limits"]> = {}, over: Partial<Policy> = {}): Policy {
  return {
    mode: "enforce",
    timeframe_s: TIMEFRAME_MS / 1000,
    portfolio_limits: true,
    candle_limits: new Map([[REASON.jump, { from: 4, deny_above: 8 }]]),
    limits: {
      max_drawdown: null,
      max_daily_loss: null,
      max_gross_exposure: null,
      max_pair_exposure: null,
      ...LIMIT_DEFAULTS,
      ...limits,
    },
    ...over,
  };
}

/** A session whose newest portfolio has this equity, after earlier samples. */
export function session(
  equity = 1000,
  positions: readonly PositionRow[] = [],
  samples: readonly (readonly [number, number])[] = [],
  at_ms = NOW_MS,
): SessionState {
  const state = newSession("backtest");
  portfolio(state, equity, positions, samples, at_ms);
  return state;
}

export function portfolio(
  state: SessionState,
  equity: number,
  positions: readonly PositionRow[] = [],
  samples: readonly (readonly [number, number])[] = [],
  at_ms = NOW_MS,
): void {
  const snapshot_seq = state.seq + 1;
  applyEvent(state, { type: "portfolio", session: "s", snapshot_seq, at_ms, equity, samples, positions });
}

/** Closed trades with these profits, an hour apart, the last at `until_ms`. */
export function trades(state: SessionState, profits: readonly number[], until_ms = NOW_MS): void {
  const first_ms = until_ms - (profits.length - 1) * 3_600_000;
  applyEvent(state, {
    type: "portfolio",
    session: "s",
    snapshot_seq: state.seq + 1,
    at_ms: until_ms,
    equity: state.portfolio?.equity ?? 1000,
    samples: [],
    positions: (state.portfolio?.positions ?? []).map(positionRow),
    closed: profits.map((profit, i) => [i, first_ms + i * 3_600_000, profit] as const),
  });
}

/** Tells closes of pairs, an hour apart, the last at `until_ms`: those that these returns give. */
export function tellReturns(
  state: SessionState,
  returns: Readonly<Record<string, readonly number[]>>,
  until_ms = OPEN_MS,
): void {
  const rows = Object.entries(returns).map(([pair, list]) => {
    const closes = [100];
    for (const one of list) closes.push((closes.at(-1) ?? Number.NaN) * (1 + one));
    return [pair, until_ms, closes] as const;
  });
  applyEvent(state, {
    type: "portfolio",
    session: "s",
    snapshot_seq: state.seq + 1,
    at_ms: state.portfolio?.at_ms ?? NOW_MS,
    equity: state.portfolio?.equity ?? 1000,
    samples: [],
    positions: (state.portfolio?.positions ?? []).map(positionRow),
    closes: { step_s: 3600, keep: 82, rows },
  });
}

/** Returns of 1 % up and down, with a period of two steps times `slow`: of different periods they are hardly correlated. */
export function waves(slow: number, count = 81, size = 0.01): number[] {
  return Array.from({ length: count }, (_, at) => (Math.floor(at / slow) % 2 === 0 ? size : -size));
}

/** Facts, those not given unknown. */
export function facts(told: Partial<Facts>): Facts {
  return { ...NO_FACTS, ...told };
}

/** An equity that two samples in a row confirm, a minute apart: what may become the high-water mark. */
export function confirmed(t_ms: number, equity: number): [[number, number], [number, number]] {
  return [
    [t_ms, equity],
    [t_ms + 60_000, equity],
  ];
}

/** Asks and applies, as the daemon does. */
export function ask(state: SessionState, rules: Policy, question: GateRequest): Verdict {
  const verdict = gate(state, rules, question);
  applyEvent(state, gateEvent("s", state.seq, question, verdict));
  return verdict;
}
