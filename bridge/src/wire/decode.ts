/**
 * Bytes -> typed requests. Checks go from cheap to dear: frame count, envelope, version, op, byte limit of the op, msgpack, schema. Nothing a
 * client sends makes these functions throw; what is wrong comes back as the error reply to send.
 */
import { positionRow } from "../gate/events.js";
import type { SessionStatus, Side } from "../gate/types.js";
import type { CloseNews, CloseRow } from "../portfolio/closes.js";
import {
  LIMITS,
  OP,
  POSITION_STATE,
  PROTOCOL_MINOR,
  PROTOCOL_VERSION,
  SESSION_STATUS,
  SIDE,
  STATUS,
} from "../protocol/codes.js";
import { decodeGate, decodeGates } from "./decode_gate.js";
import {
  badDeadline,
  type Decoded,
  extraFrames,
  fail,
  invert,
  malformed,
  readDeadline,
  tooLong,
  unpack,
} from "./decoding.js";
import { type Envelope, isOwnVersion, peekEnvelope } from "./envelope.js";
import {
  type AnnotateMessage,
  CLOSED,
  CLOSES,
  type ControlMessage,
  FRAME,
  type GateMessage,
  type GatesMessage,
  type HelloRequest,
  type LiftMessage,
  type OverrideMessage,
  type PortfolioMessage,
  type RebaseMessage,
  type StandingMessage,
  type StatusMessage,
  WANTED,
} from "./messages.js";

export type GateSocketMessage =
  | HelloRequest
  | GateMessage
  | GatesMessage
  | PortfolioMessage
  | StatusMessage
  | ControlMessage
  | RebaseMessage
  | OverrideMessage
  | LiftMessage
  | StandingMessage;
export type BatchSocketMessage = HelloRequest | (AnnotateMessage & { readonly block: Buffer });

/** Input columns of annotate: time, open, high, low, close, volume and, if sent, the market pair's close. */
export const INPUT_COLUMNS = { least: 6, most: 7 } as const;
const BYTES_PER_VALUE = 8;
/** Where the optional deadline of annotate stands. */
const DEADLINE_AT = 6;
/** Where its optional list of wanted columns stands. */
const WANTED_AT = 7;
/** Where the optional closed trades of a portfolio stand. */
const CLOSED_AT = 9;
/** Where its optional closes stand. */
const CLOSES_AT = 10;

const SIDES = invert<Side>(SIDE);
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
    case OP.gates:
      return decodeGates(frame, envelope.id);
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
    case OP.override:
      return decodeOverride(frame, envelope.id);
    case OP.lift:
      return decodeLift(frame, envelope.id);
    case OP.standing:
      return decodeStanding(frame, envelope.id);
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
  for (const [pair, side_code, stake, leverage, state_code, loss = 1] of rows) {
    const side = SIDES.get(side_code);
    const state = STATES.get(state_code);
    if (side === undefined || state === undefined)
      return fail(id, STATUS.schema, "portfolio position of no known side or state");
    if (Buffer.byteLength(pair) > LIMITS.pair_bytes) return tooLong(id, "pair", LIMITS.pair_bytes);
    positions.push(positionRow({ pair, side, stake, leverage, state, loss }));
  }
  const closed: unknown = Reflect.get(value, CLOSED_AT) ?? [];
  if (!CLOSED.Check(closed)) return malformed(id, "portfolio closed trades", CLOSED, closed);
  if (closed.some(([, close_ms], i) => close_ms < (closed[i - 1]?.[1] ?? 0) || close_ms > at_ms)) {
    return fail(id, STATUS.schema, "portfolio closed trades must ascend in time up to at_ms");
  }
  const closes = readCloses(Reflect.get(value, CLOSES_AT), at_ms, id);
  if (!closes.ok) return closes;
  const message = { op: "portfolio", id, handle, seq, at_ms, equity, samples, positions, closed } as const;
  return { ok: true, message: { ...message, closes: closes.message } };
}

/** Closes of one grid of times, none of the future. */
function readCloses(told: unknown, at_ms: number, id: number): Decoded<CloseNews | null> {
  if (told === undefined || told === null) return { ok: true, message: null };
  if (!CLOSES.Check(told) || told === null) return malformed(id, "portfolio closes", CLOSES, told);
  const [step_s, keep, rows] = told;
  const [, phase_ms = 0] = rows[0] ?? [];
  for (const [pair, until_ms] of rows) {
    if (Buffer.byteLength(pair) > LIMITS.pair_bytes) return tooLong(id, "pair", LIMITS.pair_bytes);
    if (until_ms > at_ms) return fail(id, STATUS.schema, "portfolio closes must not be newer than at_ms");
    if ((until_ms - phase_ms) % (step_s * 1000) !== 0)
      return fail(id, STATUS.schema, "portfolio closes must lie on one grid of times, step_s apart");
  }
  const news = rows.map(([pair, until_ms, closes]): CloseRow => {
    return [pair, until_ms, closes.map((close) => (close > 0 && Number.isFinite(close) ? close : null))];
  });
  return { ok: true, message: { step_s, keep, rows: news } };
}

function decodeHello(frame: Buffer, id: number): Decoded<HelloRequest> {
  const unpacked = unpack(frame, id, "hello", LIMITS.hello_bytes);
  if (!unpacked.ok) return unpacked;
  const value = unpacked.message;
  if (!FRAME.hello.Check(value)) return malformed(id, "hello", FRAME.hello, value);
  const { client, minor, run_mode, session, settings, stake_currency = null } = value[3];
  if (Buffer.byteLength(session) > LIMITS.session_bytes) return tooLong(id, "session", LIMITS.session_bytes);
  return { ok: true, message: { op: "hello", id, client, minor, run_mode, session, settings, stake_currency } };
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

function decodeStanding(frame: Buffer, id: number): Decoded<StandingMessage> {
  const unpacked = unpack(frame, id, "standing", LIMITS.gate_bytes);
  if (!unpacked.ok) return unpacked;
  const value = unpacked.message;
  if (!FRAME.standing.Check(value)) return malformed(id, "standing", FRAME.standing, value);
  const [, , , handle, seq, now_ms] = value;
  return { ok: true, message: { op: "standing", id, handle, seq, now_ms } };
}

function decodeOverride(frame: Buffer, id: number): Decoded<OverrideMessage> {
  const unpacked = unpack(frame, id, "override", LIMITS.control_bytes);
  if (!unpacked.ok) return unpacked;
  const value = unpacked.message;
  if (!FRAME.override.Check(value)) return malformed(id, "override", FRAME.override, value);
  const [, , , session, limits, until_ms, by, why] = value;
  return { ok: true, message: { op: "override", id, session, limits, until_ms, by, why } };
}

function decodeLift(frame: Buffer, id: number): Decoded<LiftMessage> {
  const unpacked = unpack(frame, id, "lift", LIMITS.control_bytes);
  if (!unpacked.ok) return unpacked;
  const value = unpacked.message;
  if (!FRAME.lift.Check(value)) return malformed(id, "lift", FRAME.lift, value);
  const [, , , session, limits, by, why] = value;
  return { ok: true, message: { op: "lift", id, session, limits, by, why } };
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
  const deadline_ms = readDeadline(value, DEADLINE_AT);
  if (deadline_ms === undefined) return badDeadline(id, "annotate");
  const wanted: unknown = Reflect.get(value, WANTED_AT) ?? null;
  if (!WANTED.Check(wanted) || wanted?.some((column, at) => column <= (wanted[at - 1] ?? -1))) {
    const text = `annotate wanted columns must be 1 to ${LIMITS.wanted} ascending indexes into hello's columns, or null for all`;
    return fail(id, STATUS.schema, text);
  }
  const { least, most } = INPUT_COLUMNS;
  if (columns < least || columns > most)
    return fail(id, STATUS.schema, `annotate columns were ${columns}, must be ${least} or ${most}`);
  const expected = rows * columns * BYTES_PER_VALUE;
  if (block.length !== expected) {
    return fail(
      id,
      STATUS.schema,
      `annotate block has ${block.length} bytes; ${rows} rows × ${columns} float64 are ${expected}`,
    );
  }
  return { ok: true, message: { op: "annotate", id, rows, columns, engine, block, deadline_ms, wanted } };
}
