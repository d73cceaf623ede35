/** Gate questions, one or several in a message. */
import { type Facts, type GateRequest, type Kind, NO_FACTS, type Side, type Stage } from "../gate/types.js";
import { FACTS, KIND, LIMITS, SIDE, STAGE, STATUS } from "../protocol/codes.js";
import { badDeadline, type Decoded, describe, fail, invert, malformed, readDeadline, unpack } from "./decoding.js";
import {
  CANDLE_REASONS,
  FRAME,
  type GateMessage,
  type GatesMessage,
  ITEM,
  type Question,
  type QuestionValues,
  TOLD,
} from "./messages.js";

/** Where the optional deadline stands. */
const DEADLINE_AT = { gate: 16, gates: 6 } as const;
/** Where the optional facts stand: in a gate message, and in a question of a gates message. */
const FACTS_AT = { gate: 17, question: 11 } as const;

const SIDES = invert<Side>(SIDE);
const KINDS = invert<Kind>(KIND);
const STAGES = invert<Stage>(STAGE);

export function decodeGate(frame: Buffer, id: number): Decoded<GateMessage> {
  const unpacked = unpack(frame, id, "gate", LIMITS.gate_bytes);
  if (!unpacked.ok) return unpacked;
  const value = unpacked.message;
  if (!FRAME.gate.Check(value)) return malformed(id, "gate", FRAME.gate, value);
  const deadline_ms = readDeadline(value, DEADLINE_AT.gate);
  if (deadline_ms === undefined) return badDeadline(id, "gate");
  const [, , , handle, seq, flags, pair, open_ms, now_ms, size, reason, candle, stake, min_stake, leverage, rate] =
    value;
  const question = readQuestion(
    [flags, pair, open_ms, now_ms, size, reason, candle, stake, min_stake, leverage, rate],
    Reflect.get(value, FACTS_AT.gate),
  );
  if (!question.ok) return fail(id, question.error.status, `gate ${question.error.message}`);
  return { ok: true, message: { op: "gate", id, handle, seq, request: question.request, deadline_ms } };
}

/** A question that cannot be read does not stop the others: it is answered by its own status. */
export function decodeGates(frame: Buffer, id: number): Decoded<GatesMessage> {
  const unpacked = unpack(frame, id, "gates", LIMITS.gates_bytes);
  if (!unpacked.ok) return unpacked;
  const value = unpacked.message;
  if (!FRAME.gates.Check(value)) return malformed(id, "gates", FRAME.gates, value);
  const deadline_ms = readDeadline(value, DEADLINE_AT.gates);
  if (deadline_ms === undefined) return badDeadline(id, "gates");
  const [, , , handle, seq, items] = value;
  if (items.length > LIMITS.gates) {
    return fail(id, STATUS.limit, `gates holds ${items.length} questions, more than the limit of ${LIMITS.gates}`);
  }
  const questions = items.map((item): Question => {
    if (ITEM.Check(item)) return readQuestion(item, Reflect.get(item, FACTS_AT.question));
    return { ok: false, error: { status: STATUS.schema, message: describe("question", ITEM, item) } };
  });
  return { ok: true, message: { op: "gates", id, handle, seq, questions, deadline_ms } };
}

function readQuestion(values: QuestionValues, told: unknown): Question {
  const [flags, pair, candle_open_ms, now_ms, size_1024, reason, candle_value, stake, min_stake, leverage, rate] =
    values;
  const side = SIDES.get(flags & 1);
  const kind = KINDS.get((flags >> 1) & 3);
  const stage = STAGES.get(flags >> 3);
  if (side === undefined || kind === undefined || stage === undefined) {
    return unreadable(STATUS.schema, `flags ${flags} name no known kind`);
  }
  if (!CANDLE_REASONS.has(reason)) {
    return unreadable(STATUS.schema, `reason ${reason} is not a reason of a candle verdict`);
  }
  if (Buffer.byteLength(pair) > LIMITS.pair_bytes) {
    return unreadable(STATUS.limit, `pair is longer than the limit of ${LIMITS.pair_bytes} bytes`);
  }
  const facts = readFacts(told);
  if (facts === null) return unreadable(STATUS.schema, `facts must be a list of at most ${FACTS.length} numbers`);
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
    facts,
  };
  return { ok: true, request };
}

/** Null when they are malformed. */
function readFacts(told: unknown): Facts | null {
  if (told === undefined || told === null) return NO_FACTS;
  if (!TOLD.Check(told) || told === null) return null;
  const facts = { ...NO_FACTS };
  told.forEach((value, index) => {
    const name = FACTS[index];
    if (name !== undefined) facts[name] = value;
  });
  return facts;
}

function unreadable(status: number, message: string): Question {
  return { ok: false, error: { status, message } };
}
