/** Which trade a question let in. Pure: by pair, side and time, because no export tells the line of the journal that freqtrade keeps with a trade. */
import type { Trade } from "../read/trades.js";
import { type Leg, legsOf } from "../run/legs.js";
import type { JudgedLeg } from "../run/walk.js";
import type { Question } from "./questions.js";

export interface Linked {
  /** Entries with a known outcome: orders of closed trades, with what was answered about them; numbers of trades begin at 0. */
  readonly known: readonly JudgedLeg[];
  readonly trades: readonly Trade[];
  /** Questions whose outcome is not known. */
  readonly unknown: readonly JudgedLeg[];
  /** Closed trades about which nothing was asked in that time. */
  readonly unasked: number;
}

/** An order may wait this long before it fills; freqtrade cancels one after ten minutes unless it is told otherwise. */
const MIN_WAIT_MS = 3_600_000;
/** Clocks of the bot and its exchange may differ. */
const SLACK_MS = 2000;

/**
 * @param enforced whether the answers were applied: the trades are then what was left, and without the gate they had been larger
 */
export function link(
  trades: readonly Trade[],
  questions: readonly Question[],
  timeframe_ms: number,
  enforced: boolean,
): Linked {
  const waiting = new Map<string, Question[]>();
  for (const question of questions) {
    // What was traded all the same came in while the bridge was away, or by hand.
    if (question.refused) continue;
    const key = keyOf(question);
    const list = waiting.get(key);
    if (list === undefined) waiting.set(key, [question]);
    else list.push(question);
  }
  const wait_ms = Math.max(MIN_WAIT_MS, 2 * timeframe_ms);
  const answered = new Set<Question>();
  /** The latest unanswered question before an order was filled. */
  const take = (pair: string, side: Trade["side"], kind: Question["kind"], leg: Leg): Question | undefined => {
    const filled_ms = Math.max(leg.asked_ms, leg.filled_ms) + SLACK_MS;
    const found = (waiting.get(keyOf({ pair, side, kind })) ?? []).findLast(
      (question) => !answered.has(question) && question.first_ms <= filled_ms,
    );
    if (found === undefined || filled_ms - found.last_ms > wait_ms) return undefined;
    answered.add(found);
    return found;
  };
  const known: JudgedLeg[] = [];
  const kept: Trade[] = [];
  for (const trade of [...trades].sort((a, b) => a.open_ms - b.open_ms)) {
    const [first, ...rest] = legsOf({ ...trade, index: kept.length });
    const question = first === undefined ? undefined : take(trade.pair, trade.side, "entry", first);
    if (first === undefined || question === undefined) continue;
    kept.push(first.trade);
    known.push(judged(first, question, enforced));
    for (const leg of rest) {
      const asked = take(trade.pair, trade.side, "scale_in", leg);
      known.push(asked === undefined ? unquestioned(leg) : judged(leg, asked, enforced));
    }
  }
  const open = questions.filter((question) => !answered.has(question));
  return {
    known,
    trades: kept,
    unknown: open.map((question, index) => outcomeUnknown(question, kept.length + index)),
    unasked: trades.length - kept.length,
  };
}

function keyOf({ pair, side, kind }: Pick<Question, "pair" | "side" | "kind">): string {
  return `${pair} ${side} ${kind}`;
}

function judged(leg: Leg, { candle, verdict, stake }: Question, enforced: boolean): JudgedLeg {
  const share = verdict.stake / stake;
  return { leg: enforced && share > 0 ? enlarged(leg, 1 / share) : leg, candle, verdict, share };
}

/** The order as it had been without the gate. */
function enlarged(leg: Leg, by: number): Leg {
  const exits = leg.exits.map((exit) => ({ ...exit, amount: exit.amount * by, profit: exit.profit * by }));
  return { ...leg, amount: leg.amount * by, stake: leg.stake * by, profit: leg.profit * by, exits };
}

/** An order that nothing was asked about, of a trade about which something was: while the bridge was away, or in a time whose files are gone. */
function unquestioned(leg: Leg): JudgedLeg {
  const nothing = { reason: 0, value: Number.NaN, limit: Number.NaN, caps: [], reask: false };
  const { stake } = leg;
  const verdict = { decision: "allow", stake, would: "allow", would_stake: stake, ceiling: stake, ...nothing } as const;
  return { leg, candle: null, verdict, share: 1 };
}

function outcomeUnknown(question: Question, index: number): JudgedLeg {
  const { pair, side, kind, leverage, rate, stake, first_ms, candle, verdict } = question;
  const trade: Trade = {
    ...{ index, pair, side, leverage, stake, open_ms: first_ms, close_ms: Number.NaN },
    ...{ open_rate: rate, close_rate: Number.NaN, profit_abs: Number.NaN, profit_ratio: Number.NaN },
    ...{ fee_open: 0, fee_close: 0, min_rate: null, max_rate: null, enter_tag: "", exit_reason: "", funding_fees: 0 },
    ...{ entries: [], exits: [], has_orders: false },
  };
  const leg: Leg = {
    ...{ trade, number: kind === "entry" ? 0 : 1, kind, asked_ms: first_ms, filled_ms: first_ms },
    ...{ rate, amount: Number.NaN, stake, exits: [], profit: Number.NaN },
  };
  return { leg, candle, verdict, share: verdict.stake / stake };
}
