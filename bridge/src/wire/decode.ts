/**
 * Bytes -> typed requests. Checks go from cheap to dear: frame count, envelope, version, op, byte limit of the op, msgpack, schema. Nothing a
 * client sends makes these functions throw; what is wrong comes back as the error reply to send.
 */
import { Unpackr } from "msgpackr";
import type { GateRequest, Kind, SessionStatus, Side, Stage } from "../gate/types.js";
import {
  KIND,
  LIMITS,
  OP,
  POSITION_STATE,
  PROTOCOL_MINOR,
  PROTOCOL_VERSION,
  SESSION_STATUS,
  SIDE,
  STAGE,
  STATUS,
} from "../protocol/codes.js";
import type { ErrorReply } from "./encode.js";
import { type Envelope, isOwnVersion, peekEnvelope } from "./envelope.js";
import {
  type AnnotateMessage,
  CANDLE_REASONS,
  type ControlMessage,
  FRAME,
  type GateMessage,
  type HelloRequest,
  type PortfolioMessage,
  type RebaseMessage,
  type StatusMessage,
} from "./messages.js";

export type Decoded<T> =
  | { readonly ok: true; readonly message: T }
  | { readonly ok: false; readonly error: ErrorReply };
export type GateSocketMessage =
  | HelloRequest
  | GateMessage
  | PortfolioMessage
  | StatusMessage
  | ControlMessage
  | RebaseMessage;
export type BatchSocketMessage = HelloRequest | (AnnotateMessage & { readonly block: Buffer });

/** Input columns of annotate: time, open, high, low, close, volume. */
export const INPUT_COLUMNS = 6;
const BYTES_PER_VALUE = 8;

const unpackr = new Unpackr({ useRecords: false, int64AsType: "number", mapsAsObjects: true });

const SIDES = invert<Side>(SIDE);
const KINDS = invert<Kind>(KIND);
const STAGES = invert<Stage>(STAGE);
const STATES = invert<"open" | "pending">(POSITION_STATE);
const SESSION_STATES = invert<SessionStatus>(SESSION_STATUS);

/** @param frames the message's frames after the routing id */
export function decodeGateSocket(frames: readonly Buffer[]): Decoded<GateSocketMessage> {
  const head = open(frames, 1);
  if (!head.ok) return head;
  const { envelope, frame } = head.message;
  switch (envelope.op) {
    case OP.gate:
      return decodeGate(frame, envelope.id);
    case OP.portfolio:
      return decodePortfolio(frame, envelope.id);
    case OP.hello:
      return decodeHello(frame, envelope.id);
    case OP.status:
      return decodeStatus(frame, envelope.id);
    case OP.control:
      return decodeControl(frame, envelope.id);
    case OP.rebase:
      return decodeRebase(frame, envelope.id);
    case OP.annotate:
      return fail(envelope.id, STATUS.op, "annotate is served on batch.sock, not on gate.sock");
    default:
      return fail(
        envelope.id,
        STATUS.op,
        `op ${envelope.op} is not known to protocol ${PROTOCOL_VERSION}.${PROTOCOL_MINOR}`,
      );
  }
}

/**
 * @param frames the message's frames after the routing id
 * @param batch_bytes the largest block accepted
 */
export function decodeBatchSocket(frames: readonly Buffer[], batch_bytes: number): Decoded<BatchSocketMessage> {
  const head = open(frames, 2);
  if (!head.ok) return head;
  const { envelope, frame } = head.message;
  if (envelope.op === OP.hello) return frames.length === 1 ? decodeHello(frame, envelope.id) : extraFrames(envelope.id);
  if (envelope.op === OP.annotate) return decodeAnnotate(frame, frames[1], envelope.id, batch_bytes);
  return fail(envelope.id, STATUS.op, `op ${envelope.op} is not served on batch.sock; hello and annotate are`);
}

function open(
  frames: readonly Buffer[],
  most: number,
): Decoded<{ readonly envelope: Envelope; readonly frame: Buffer }> {
  const frame = frames[0];
  if (frame === undefined) return fail(0, STATUS.schema, "a message without a frame");
  const peek = peekEnvelope(frame);
  if (!peek.ok) return fail(peek.id, STATUS.schema, "the first frame must be a msgpack array [v, op, id, …]");
  const { envelope } = peek;
  if (!isOwnVersion(envelope)) {
    const text = `protocol version ${envelope.version} is not spoken here, only ${PROTOCOL_VERSION}: install the same talebridge version on both sides`;
    return fail(envelope.id, STATUS.version, text, { version: PROTOCOL_VERSION, minor: PROTOCOL_MINOR });
  }
  if (frames.length > most) return extraFrames(envelope.id);
  return { ok: true, message: { envelope, frame } };
}

function decodeGate(frame: Buffer, id: number): Decoded<GateMessage> {
  const unpacked = unpack(frame, id, "gate", LIMITS.gate_bytes);
  if (!unpacked.ok) return unpacked;
  const value = unpacked.message;
  if (!FRAME.gate.Check(value)) return malformed(id, "gate", FRAME.gate, value);
  const [, , , handle, seq, flags, pair, candle_open_ms, now_ms, size_1024, reason] = value;
  const [candle_value, stake, min_stake, leverage, rate] = value.slice(11, 16) as [
    number,
    number,
    number,
    number,
    number,
  ];
  const side = SIDES.get(flags & 1);
  const kind = KINDS.get((flags >> 1) & 3);
  const stage = STAGES.get(flags >> 3);
  if (side === undefined || kind === undefined || stage === undefined) {
    return fail(id, STATUS.schema, `gate flags ${flags} name no known kind`);
  }
  if (!CANDLE_REASONS.has(reason))
    return fail(id, STATUS.schema, `gate reason ${reason} is not a reason of a candle verdict`);
  if (Buffer.byteLength(pair) > LIMITS.pair_bytes) return tooLong(id, "pair", LIMITS.pair_bytes);
  const request: GateRequest = {
    pair,
    side,
    kind,
    stage,
    candle_open_ms,
    now_ms,
    candle_size: size_1024 / 1024,
    candle_reason: reason,
    candle_value,
    stake,
    min_stake,
    leverage,
    rate,
  };
  return { ok: true, message: { op: "gate", id, handle, seq, request } };
}

function decodePortfolio(frame: Buffer, id: number): Decoded<PortfolioMessage> {
  const unpacked = unpack(frame, id, "portfolio", LIMITS.portfolio_bytes);
  if (!unpacked.ok) return unpacked;
  const value = unpacked.message;
  if (!FRAME.portfolio.Check(value)) return malformed(id, "portfolio", FRAME.portfolio, value);
  const [, , , handle, seq, at_ms, equity, samples, rows] = value;
  let before = -1;
  for (const [t_ms] of samples) {
    if (t_ms <= before) return fail(id, STATUS.schema, "portfolio samples must ascend in time");
    before = t_ms;
  }
  if (before > at_ms) return fail(id, STATUS.schema, "portfolio samples must not be newer than at_ms");
  const positions: PortfolioMessage["positions"][number][] = [];
  for (const [pair, side_code, stake, leverage, state_code] of rows) {
    const side = SIDES.get(side_code);
    const state = STATES.get(state_code);
    if (side === undefined || state === undefined)
      return fail(id, STATUS.schema, "portfolio position of no known side or state");
    if (Buffer.byteLength(pair) > LIMITS.pair_bytes) return tooLong(id, "pair", LIMITS.pair_bytes);
    positions.push([pair, side, stake, leverage, state]);
  }
  return { ok: true, message: { op: "portfolio", id, handle, seq, at_ms, equity, samples, positions } };
}

function decodeHello(frame: Buffer, id: number): Decoded<HelloRequest> {
  const unpacked = unpack(frame, id, "hello", LIMITS.hello_bytes);
  if (!unpacked.ok) return unpacked;
  const value = unpacked.message;
  if (!FRAME.hello.Check(value)) return malformed(id, "hello", FRAME.hello, value);
  const { client, minor, run_mode, session, settings } = value[3];
  if (Buffer.byteLength(session) > LIMITS.session_bytes) return tooLong(id, "session", LIMITS.session_bytes);
  return { ok: true, message: { op: "hello", id, client, minor, run_mode, session, settings } };
}

function decodeStatus(frame: Buffer, id: number): Decoded<StatusMessage> {
  const unpacked = unpack(frame, id, "status", LIMITS.gate_bytes);
  if (!unpacked.ok) return unpacked;
  if (!FRAME.status.Check(unpacked.message)) return malformed(id, "status", FRAME.status, unpacked.message);
  return { ok: true, message: { op: "status", id } };
}

function decodeControl(frame: Buffer, id: number): Decoded<ControlMessage> {
  const unpacked = unpack(frame, id, "control", LIMITS.gate_bytes);
  if (!unpacked.ok) return unpacked;
  const value = unpacked.message;
  if (!FRAME.control.Check(value)) return malformed(id, "control", FRAME.control, value);
  const [, , , session, status_code, until_ms, by, why] = value;
  const status = SESSION_STATES.get(status_code);
  if (status === undefined) return fail(id, STATUS.schema, `control status ${status_code} is not known`);
  return { ok: true, message: { op: "control", id, session, status, until_ms, by, why } };
}

function decodeRebase(frame: Buffer, id: number): Decoded<RebaseMessage> {
  const unpacked = unpack(frame, id, "rebase", LIMITS.gate_bytes);
  if (!unpacked.ok) return unpacked;
  const value = unpacked.message;
  if (!FRAME.rebase.Check(value)) return malformed(id, "rebase", FRAME.rebase, value);
  const [, , , session, by, why] = value;
  return { ok: true, message: { op: "rebase", id, session, by, why } };
}

function decodeAnnotate(
  frame: Buffer,
  block: Buffer | undefined,
  id: number,
  batch_bytes: number,
): Decoded<BatchSocketMessage> {
  if (block === undefined) return fail(id, STATUS.schema, "annotate has two frames: header and block");
  if (block.length > batch_bytes) return tooLong(id, "block", batch_bytes);
  const unpacked = unpack(frame, id, "annotate header", LIMITS.annotate_header_bytes);
  if (!unpacked.ok) return unpacked;
  const value = unpacked.message;
  if (!FRAME.annotate.Check(value)) return malformed(id, "annotate", FRAME.annotate, value);
  const [, , , rows, columns, engine] = value;
  if (rows > LIMITS.rows)
    return fail(id, STATUS.limit, `annotate rows ${rows} are more than the limit of ${LIMITS.rows}`);
  if (columns !== INPUT_COLUMNS)
    return fail(id, STATUS.schema, `annotate columns were ${columns}, must be ${INPUT_COLUMNS}`);
  const expected = rows * columns * BYTES_PER_VALUE;
  if (block.length !== expected) {
    return fail(
      id,
      STATUS.schema,
      `annotate block has ${block.length} bytes; ${rows} rows × ${columns} float64 are ${expected}`,
    );
  }
  return { ok: true, message: { op: "annotate", id, rows, columns, engine, block } };
}

function unpack(frame: Buffer, id: number, what: string, most: number): Decoded<unknown> {
  if (frame.length > most) return tooLong(id, what, most);
  try {
    return { ok: true, message: unpackr.unpack(frame) };
  } catch {
    return fail(id, STATUS.schema, `${what} is not one complete msgpack value`);
  }
}

interface Validator {
  Errors(value: unknown): readonly { readonly instancePath: string; readonly message: string }[];
}

function malformed(id: number, what: string, validator: Validator, value: unknown): Decoded<never> {
  const first = validator.Errors(value)[0];
  const where = first === undefined || first.instancePath === "" ? "" : ` at element ${first.instancePath.slice(1)}`;
  return fail(id, STATUS.schema, `${what} is malformed${where}: ${first?.message ?? "does not fit the schema"}`);
}

function tooLong(id: number, what: string, most: number): Decoded<never> {
  return fail(id, STATUS.limit, `${what} is longer than the limit of ${most} bytes`);
}

function extraFrames(id: number): Decoded<never> {
  return fail(id, STATUS.schema, "the message has more frames than this op takes");
}

function fail(id: number, status: number, message: string, detail: Record<string, unknown> = {}): Decoded<never> {
  return { ok: false, error: { id, status, message, detail } };
}

function invert<N extends string>(codes: Readonly<Record<N, number>>): ReadonlyMap<number, N> {
  const entries = Object.entries<number>(codes) as [N, number][];
  return new Map(entries.map(([name, code]) => [code, name]));
}
