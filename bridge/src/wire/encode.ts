/** Typed replies -> bytes. */
import { Packr } from "msgpackr/pack";
import type { Verdict } from "../gate/types.js";
import { DECISION, LIMITS, PROTOCOL_VERSION, REASON, type ReasonName, STATUS } from "../protocol/codes.js";
import type { ItemError } from "./messages.js";

/** A reply with a status other than ok. `detail` is plain data. */
export interface ErrorReply {
  readonly id: number;
  readonly status: number;
  readonly message: string;
  readonly detail: Readonly<Record<string, unknown>>;
}

export interface HelloReply {
  readonly server: string;
  readonly minor: number;
  readonly boot: string;
  readonly engine_version: string;
  readonly engine_fingerprint: string;
  readonly fingerprint: string;
  readonly memory_rows: number;
  readonly columns: readonly string[];
  readonly handle: number;
  readonly seq: number;
  readonly samples_until_ms: number;
  readonly closed_until_ms: number;
  /** The daemon's wall clock, against which deadlines are held. */
  readonly clock_ms: number;
  readonly limits: Readonly<Record<string, number>>;
}

const packr = new Packr({ useRecords: false, variableMapSize: true });

export function encodeError(error: ErrorReply): Buffer {
  const { id, status, message, detail } = error;
  return packr.pack([PROTOCOL_VERSION, id, status, clip(message), detail]);
}

export function encodeHello(id: number, reply: HelloReply): Buffer {
  return packr.pack([PROTOCOL_VERSION, id, STATUS.ok, reply]);
}

/** A verdict and its journal line. */
export interface Answer {
  readonly verdict: Verdict;
  /** 0 when the decision could not be journalled. */
  readonly journal_seq: number;
}

/** At most 128 bytes, whatever the numbers. */
export function encodeVerdict(id: number, { verdict, journal_seq }: Answer): Buffer {
  const { decision, reason, stake, value, limit, would } = verdict;
  return packr.pack([
    PROTOCOL_VERSION,
    id,
    STATUS.ok,
    DECISION[decision],
    reason,
    stake,
    value,
    limit,
    journal_seq,
    DECISION[would],
  ]);
}

function itemOf({ verdict, journal_seq }: Answer): number[] {
  const { decision, reason, stake, value, limit, would } = verdict;
  return [STATUS.ok, DECISION[decision], reason, stake, value, limit, journal_seq, DECISION[would]];
}

/** The answer to one of several questions, or a status of its own. */
export type ItemReply =
  | { readonly ok: true; readonly answer: Answer }
  | { readonly ok: false; readonly error: ItemError };

/** Answers in the order of the questions. */
export function encodeGates(id: number, items: readonly ItemReply[]): Buffer {
  const body = items.map((item) => {
    if (item.ok) return itemOf(item.answer);
    return [item.error.status, clip(item.error.message), {}];
  });
  return packr.pack([PROTOCOL_VERSION, id, STATUS.ok, body]);
}

export function encodePortfolio(id: number, seq: number): Buffer {
  return packr.pack([PROTOCOL_VERSION, id, STATUS.ok, seq]);
}

/** @param denied what denies every entry; until_ms null: until someone acts */
export function encodeStanding(
  id: number,
  denied: readonly { readonly reason: ReasonName; readonly until_ms: number | null }[],
): Buffer {
  const rows = denied.map(({ reason, until_ms }) => [REASON[reason], until_ms ?? 0]);
  return packr.pack([PROTOCOL_VERSION, id, STATUS.ok, rows]);
}

export interface AnnotateReply {
  readonly rows: number;
  readonly columns: number;
  readonly engine_fingerprint: string;
  /** Whole microseconds of computing alone. */
  readonly engine_us: number;
}

export function encodeAnnotate(id: number, reply: AnnotateReply): Buffer {
  const { rows, columns, engine_fingerprint, engine_us } = reply;
  return packr.pack([PROTOCOL_VERSION, id, STATUS.ok, rows, columns, engine_fingerprint, engine_us]);
}

/** Replies whose body is one value: status (a map), control (the names of the sessions changed). */
export function encodeBody(id: number, body: unknown): Buffer {
  return packr.pack([PROTOCOL_VERSION, id, STATUS.ok, body]);
}

function clip(message: string): string {
  return message.length > LIMITS.message_chars ? `${message.slice(0, LIMITS.message_chars - 1)}…` : message;
}
