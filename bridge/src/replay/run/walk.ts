/**
 * First-order replay: walks through the backtest in order of time and puts every entry order to the gate, against the account that the gate's own
 * earlier answers have made of the recorded trades. Pure: same trades, verdicts and policy, same outcome.
 *
 * First order means that the recorded trades stay what they were, apart from their size. In a gated run a denied entry would free a slot and money
 * for entries that are not in the export, and later stakes would follow the changed balance.
 */
import { gateEvent } from "../../gate/events.js";
import { gate } from "../../gate/gate.js";
import { applyEvent, newSession } from "../../gate/session.js";
import { type GateRequest, NO_FACTS, type Policy, type Verdict } from "../../gate/types.js";
import { Book } from "./book.js";
import { ClosedTrades } from "./closed.js";
import { ToldCloses } from "./closes.js";
import type { Leg, LegExit } from "./legs.js";
import type { CandleVerdict } from "./market.js";

const HOUR_MS = 3_600_000;
const SESSION = "replay";

/** A leg with the gate's answer; `verdict` null: not asked, because its trade was never opened. */
export interface JudgedLeg {
  readonly leg: Leg;
  readonly candle: CandleVerdict | null;
  readonly verdict: Verdict | null;
  /** Share of the recorded stake let through, 0 … 1; with compounding also above. */
  readonly share: number;
}

/** Account value at each candle, before what happens in it; open positions at the candle's open, before fees. */
export interface Curves {
  readonly t_ms: Float64Array;
  readonly without: Float64Array;
  readonly with: Float64Array;
}

export interface WalkInput {
  readonly legs: readonly Leg[];
  readonly starting_balance: number;
  readonly start_ms: number;
  readonly end_ms: number;
  readonly timeframe_ms: number;
  /** The engine's memory: how far back closes are told. */
  readonly memory_rows: number;
  /** freqtrade's order of pairs within a candle. */
  readonly pairlist: readonly string[];
  readonly policy: Policy;
  /**
   * Whether stakes follow the balance (freqtrade's `stake_amount: unlimited`): each is then scaled by what the gate has made of the balance of closed
   * trades by that time. Shares may then be above 1.
   */
  readonly compounding?: boolean;
  /** Answers that were given then, instead of the gate's now. */
  readonly recorded?: ReadonlyMap<Leg, Verdict>;
  /** Verdict of the last candle of a pair that had closed at a time. */
  verdictAt(pair: string, t_ms: number): CandleVerdict | null;
  /** Close of the last candle of a pair that had closed at a time: what the gate is told. */
  closeAt(pair: string, t_ms: number): number;
  /** Open of the candle a time falls into: what freqtrade's wallet record values coins at. */
  openAt(pair: string, t_ms: number): number;
  /** Called now and then with the number of legs judged. */
  progress?(judged: number): void;
}

export interface WalkResult {
  /** In order of time asked. */
  readonly judged: readonly JudgedLeg[];
  readonly curves: Curves;
}

interface AnyStep {
  readonly t_ms: number;
  /** Whether it belongs to a trade that is opened by a new entry at this time. */
  readonly opened: boolean;
  readonly leg: Leg;
}

type Step =
  | (AnyStep & { readonly type: "ask" })
  | (AnyStep & { readonly type: "fill" })
  | (AnyStep & { readonly type: "exit"; readonly exit: LegExit; readonly last: boolean });

export function walk(input: WalkInput): WalkResult {
  const { starting_balance, start_ms, end_ms, timeframe_ms } = input;
  const policy = replayable(input.policy);
  const steps = inOrder(input);
  const book = new Book(starting_balance);
  const closed = new ClosedTrades();
  const closes = readsCloses(policy) ? new ToldCloses(timeframe_ms, input.memory_rows, input.closeAt) : null;
  const session = newSession("replay");
  const shares = new Map<Leg, number>();
  const openedShare = new Map<number, number>();
  const judged: JudgedLeg[] = [];
  let samples: [number, number][] = [];
  let seq = 0;

  const count = Math.floor((end_ms - start_ms) / timeframe_ms) + 1;
  const curves: Curves = {
    t_ms: new Float64Array(count),
    without: new Float64Array(count),
    with: new Float64Array(count),
  };
  let filled = false;
  let sampled: readonly [t_ms: number, equity: number] | null = null;
  const gatedEquity = (t_ms: number): number => book.equityAfterFees((pair) => input.closeAt(pair, t_ms)).with;

  function ask(leg: Leg, t_ms: number): void {
    const { trade } = leg;
    const opened = leg.number === 0 ? 1 : (openedShare.get(trade.index) ?? 0);
    const candle = input.verdictAt(trade.pair, t_ms);
    if (opened === 0) {
      judged.push({ leg, candle, verdict: null, share: 0 });
      shares.set(leg, 0);
      return;
    }
    seq += 1;
    const positions = book.positions();
    const held = positions.map(([pair]) => pair);
    const news = candle === null ? null : closes?.for(trade.pair, held, candle.candle_open_ms, session.closes);
    applyEvent(session, {
      type: "portfolio",
      session: SESSION,
      snapshot_seq: seq,
      at_ms: t_ms,
      // A sample just taken of an account that has not changed since stands; the shim does not value it twice.
      equity: sampled !== null && sampled[0] === t_ms && !filled ? sampled[1] : gatedEquity(t_ms),
      samples,
      positions,
      closed: closed.take(),
      ...(news == null ? {} : { closes: news }),
    });
    samples = [];
    const proposed = input.compounding === true ? leg.stake * book.balanceRatio() : leg.stake;
    const close = policy.limits.max_rate_deviation === null ? Number.NaN : input.closeAt(trade.pair, t_ms);
    const request = toRequest(leg, proposed, t_ms, candle, close);
    const verdict = input.recorded?.get(leg) ?? gate(session, policy, request);
    applyEvent(session, gateEvent(SESSION, seq, request, verdict));
    if (leg.number === 0 && verdict.stake > 0) confirm({ ...request, stage: "final", stake: verdict.stake });
    const share = verdict.stake / leg.stake;
    judged.push({ leg, candle, verdict, share });
    shares.set(leg, share);
    if (leg.number === 0) openedShare.set(trade.index, share);
    input.progress?.(judged.length);
  }

  /** freqtrade asks about an entry again before it places the order: that is what counts as an entry. */
  function confirm(request: GateRequest): void {
    applyEvent(session, gateEvent(SESSION, seq, request, gate(session, policy, request)));
  }

  function perform(step: Step): void {
    switch (step.type) {
      case "ask":
        ask(step.leg, step.t_ms);
        break;
      case "fill":
        book.enter(step.leg, shares.get(step.leg) ?? 0);
        closed.enter(step.leg, shares.get(step.leg) ?? 0);
        filled = true;
        break;
      case "exit":
        book.exit(step.leg, step.exit, step.last);
        closed.exit(step.leg, step.exit, shares.get(step.leg) ?? 0, step.last);
        filled = true;
        break;
    }
  }

  let next = 0;
  for (let i = 0; i < count; i++) {
    const t_ms = start_ms + i * timeframe_ms;
    const equity = book.equityBeforeFees((pair) => input.openAt(pair, t_ms));
    curves.t_ms[i] = t_ms;
    curves.without[i] = equity.without;
    curves.with[i] = equity.with;
    // As the shim samples: hourly and after fills, before the pairs of this candle are analysed, so at the closes of the candle before the last.
    if (filled || i === 0 || t_ms % Math.max(HOUR_MS, timeframe_ms) === 0) {
      sampled = [t_ms, gatedEquity(t_ms - timeframe_ms)];
      samples.push([...sampled]);
      filled = false;
    }
    const until = i === count - 1 ? Number.POSITIVE_INFINITY : t_ms + timeframe_ms;
    for (let step = steps[next]; step !== undefined && step.t_ms < until; step = steps[next]) {
      perform(step);
      next += 1;
    }
  }
  return { judged, curves };
}

/**
 * Everything that happens, in freqtrade's order. Within one time: first the pairs with open trades, the oldest trade first, each scaled in before it is
 * closed; then new entries in the order of the pair list, each with its exit if it is closed within the same candle.
 */
function inOrder(input: WalkInput): Step[] {
  const place = new Map(input.pairlist.map((pair, index) => [pair, index]));
  const steps: Step[] = [];
  for (const leg of input.legs) {
    const place_in_time = { opened: leg.number === 0, leg };
    steps.push({ type: "ask", t_ms: leg.asked_ms, ...place_in_time });
    steps.push({ type: "fill", t_ms: Math.max(leg.asked_ms, leg.filled_ms), ...place_in_time });
  }
  // After all entries, so that of one trade at one time the exits come last.
  for (const leg of input.legs) {
    leg.exits.forEach((exit, index) => {
      const opened = exit.t_ms === leg.trade.open_ms;
      steps.push({ type: "exit", t_ms: exit.t_ms, opened, leg, exit, last: index === leg.exits.length - 1 });
    });
  }
  const placeOf = ({ leg }: Step): number => place.get(leg.trade.pair) ?? place.size;
  return steps.sort(
    (a, b) =>
      a.t_ms - b.t_ms ||
      Number(a.opened) - Number(b.opened) ||
      (a.opened ? 0 : a.leg.trade.open_ms - b.leg.trade.open_ms) ||
      placeOf(a) - placeOf(b) ||
      a.leg.trade.index - b.leg.trade.index,
  );
}

/** An export tells neither stop-losses as they stood nor maintenance margins: limits that would deny for want of them are left out. */
function replayable(policy: Policy): Policy {
  const untold = { max_trade_loss: null, max_book_loss: null, liquidation_guard: null };
  return { ...policy, limits: { ...policy.limits, ...untold } };
}

/** Whether a limit is on that the closes of pairs are told for. */
function readsCloses({ portfolio_limits, limits }: Policy): boolean {
  return portfolio_limits && (limits.max_cluster_exposure !== null || limits.max_book_es !== null);
}

function toRequest(leg: Leg, stake: number, t_ms: number, candle: CandleVerdict | null, close: number): GateRequest {
  return {
    pair: leg.trade.pair,
    side: leg.trade.side,
    kind: leg.kind,
    stage: "size",
    candle_open_ms: candle?.candle_open_ms ?? Number.NaN,
    now_ms: t_ms,
    candle_size: candle?.size ?? Number.NaN,
    candle_reason: candle?.reason ?? 0,
    candle_value: candle?.value ?? Number.NaN,
    stake,
    // The exchange's minimum is not in the export.
    min_stake: 0,
    leverage: leg.trade.leverage,
    rate: leg.rate,
    facts: { ...NO_FACTS, close },
  };
}
