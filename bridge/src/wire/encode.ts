/** Typed replies -> bytes. */
import { Packr } from "msgpackr";
import type { Verdict } from "../gate/types.js";
import { DECISION, LIMITS, PROTOCOL_VERSION, STATUS } from "../protocol/codes.js";

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

/** At most 128 bytes, whatever the numbers. */
export function encodeVerdict(id: number, verdict: Verdict, journal_seq: number): Buffer {
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

export function encodePortfolio(id: number, seq: number): Buffer {
  return packr.pack([PROTOCOL_VERSION, id, STATUS.ok, seq]);
}

export function encodeAnnotate(id: number, rows: number, columns: number, engine_fingerprint: string): Buffer {
  return packr.pack([PROTOCOL_VERSION, id, STATUS.ok, rows, columns, engine_fingerprint]);
}

/** Replies whose body is one value: status (a map), control (the names of the sessions changed). */
export function encodeBody(id: number, body: unknown): Buffer {
  return packr.pack([PROTOCOL_VERSION, id, STATUS.ok, body]);
}

function clip(message: string): string {
  return message.length > LIMITS.message_chars ? `${message.slice(0, LIMITS.message_chars - 1)}…` : message;
}
