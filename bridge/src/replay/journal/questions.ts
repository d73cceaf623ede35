/** What a session of a journal was asked, and what it answered: one question per candle, pair, side and kind, however often it was put. */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { basename } from "node:path";
import type { GateEvent, HelloEvent } from "../../gate/events.js";
import type { Verdict } from "../../gate/types.js";
import { type Damage, readJournal } from "../../journal/reader.js";
import { REASON } from "../../protocol/codes.js";
import { ReplayInputError, shown } from "../read/error.js";
import type { CandleVerdict } from "../run/pair_market.js";

export interface Question {
  readonly pair: string;
  readonly side: "long" | "short";
  readonly kind: "entry" | "scale_in";
  /** When it was first and last put. */
  readonly first_ms: number;
  readonly last_ms: number;
  readonly candle: CandleVerdict;
  /** As first proposed; in stake currency, without leverage. */
  readonly stake: number;
  readonly leverage: number;
  readonly rate: number;
  /** The strictest answer: `would` of the line, so what enforcing did or had done. */
  readonly verdict: Verdict;
  /** Whether the bot was told no, so that no trade can have come of it. */
  readonly refused: boolean;
}

export interface JournalSession {
  readonly session: string;
  readonly hello: HelloEvent;
  /** How often the settings changed while these questions were put. */
  readonly changes: number;
  /** In order of time first put. */
  readonly questions: readonly Question[];
  /** Equity that the account had at the first question. */
  readonly equity: number;
  /** What was damaged or missing: how often, and the first of it. */
  readonly damage: { readonly count: number; readonly first: string };
  /** SHA-256, hex, of the lines of the questions as the journal tells them. */
  readonly sha256: string;
}

export interface JournalChoice {
  /** Null: the only one there is. */
  readonly session: string | null;
  readonly from_ms: number;
  readonly to_ms: number;
}

const MAX_NAMED = 20;

/**
 * @param path directory or file of a journal
 * @throws ReplayInputError when there is none, or not one session with questions in that time
 */
export function readSession(path: string, choice: JournalChoice): JournalSession {
  if (!existsSync(path)) {
    throw new ReplayInputError(
      `${path} does not exist: give the journal's directory, which \`talebridge status\` names.`,
    );
  }
  const sessions = new Map<string, Gathered>();
  let damage: JournalSession["damage"] = { count: 0, first: "" };
  const of = (name: string): Gathered => {
    const known = sessions.get(name) ?? new Gathered();
    sessions.set(name, known);
    return known;
  };
  const onDamage = ({ path: file, line, problem }: Damage): void => {
    damage = {
      count: damage.count + 1,
      first: damage.count === 0 ? `${basename(file)}:${line} ${problem}` : damage.first,
    };
  };
  for (const line of readJournal(path, { onDamage })) {
    switch (line.type) {
      case "hello":
        of(line.session).hello(line);
        break;
      case "portfolio":
        of(line.session).equity = line.equity;
        break;
      case "state":
        for (const { session, portfolio } of line.sessions) {
          if (portfolio !== null) of(session).equity = portfolio.equity;
        }
        break;
      case "gate":
        if (line.t_ms >= choice.from_ms && line.t_ms < choice.to_ms) of(line.session).gate(line);
        break;
    }
  }
  const [name, found] = chosen(sessions, choice.session, path);
  return found.finish(name, damage);
}

function chosen(
  sessions: ReadonlyMap<string, Gathered>,
  wanted: string | null,
  path: string,
): readonly [string, Gathered] {
  const asked = [...sessions].filter(([, { questions }]) => questions.size > 0);
  const names = asked
    .slice(0, MAX_NAMED)
    .map(([name]) => shown(name))
    .join(", ");
  if (wanted !== null) {
    const found = asked.find(([name]) => name === wanted);
    if (found !== undefined) return found;
    const others = asked.length === 0 ? "no session was asked anything in that time" : `there are ${names}`;
    throw new ReplayInputError(`${path} has no questions of session ${shown(wanted)}: ${others}.`);
  }
  const [only] = asked;
  if (only !== undefined && asked.length === 1) return only;
  throw new ReplayInputError(
    asked.length === 0
      ? `${path} holds no question in that time: nothing was asked, or files of that time have been removed. Try an earlier --since.`
      : `${path} holds ${asked.length} sessions (${names}); choose one with --session NAME.`,
  );
}

/** A question while its lines are read. */
interface Draft {
  readonly first: GateEvent;
  strictest: GateEvent;
  last_ms: number;
}

class Gathered {
  equity = Number.NaN;
  readonly questions = new Map<string, Draft>();
  private start_equity = Number.NaN;
  private said: HelloEvent | null = null;
  private changes = 0;
  private readonly hash = createHash("sha256");

  hello(event: HelloEvent): void {
    if (this.said !== null && this.questions.size > 0 && this.said.fingerprint !== event.fingerprint) this.changes += 1;
    this.said = event;
  }

  gate(event: GateEvent): void {
    // A replaced order was asked about when it was first placed.
    if (event.kind === "replace" || event.stake === null) return;
    const key = [event.pair, event.side, event.kind, event.candle_open_ms].join(" ");
    const known = this.questions.get(key);
    this.hash.update(`${JSON.stringify(event)}\n`);
    if (known === undefined) {
      if (this.questions.size === 0) this.start_equity = this.equity;
      this.questions.set(key, { first: event, strictest: event, last_ms: event.now_ms });
      return;
    }
    known.last_ms = event.now_ms;
    if (event.would_stake < known.strictest.would_stake) known.strictest = event;
  }

  finish(session: string, damage: JournalSession["damage"]): JournalSession {
    if (this.said === null) {
      throw new ReplayInputError(
        `The journal does not tell the settings of session ${shown(session)}: the file with its beginning has been removed. Give a later --since, from when the bot last started.`,
      );
    }
    if (!(this.start_equity > 0)) {
      throw new ReplayInputError(
        `The journal does not tell the equity of session ${shown(session)} before its first question. Give a later --since.`,
      );
    }
    return {
      session,
      hello: this.said,
      changes: this.changes,
      questions: [...this.questions.values()].map(toQuestion),
      equity: this.start_equity,
      damage,
      sha256: this.hash.digest("hex"),
    };
  }
}

function toQuestion({ first, strictest, last_ms }: Draft): Question {
  const number = (value: number | null): number => value ?? Number.NaN;
  const { candle } = strictest;
  return {
    pair: first.pair,
    side: first.side,
    kind: first.kind === "scale_in" ? "scale_in" : "entry",
    first_ms: first.now_ms,
    last_ms,
    candle: {
      candle_open_ms: first.candle_open_ms,
      size: number(candle.size),
      reason: candle.reason === null ? Number.NaN : REASON[candle.reason],
      value: number(candle.value),
    },
    stake: number(first.stake),
    leverage: first.leverage ?? 1,
    rate: number(first.rate),
    verdict: {
      decision: strictest.would,
      stake: strictest.would_stake,
      would: strictest.would,
      would_stake: strictest.would_stake,
      reason: REASON[strictest.reason],
      value: number(strictest.value),
      limit: number(strictest.limit),
      caps: strictest.caps.map(({ reason, stake, value, limit }) => ({
        reason: REASON[reason],
        stake,
        value: number(value),
        limit: number(limit),
      })),
      reask: strictest.reask,
      ceiling: strictest.ceiling,
    },
    refused: strictest.decision === "deny",
  };
}
