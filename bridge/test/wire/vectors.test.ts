import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { NO_FACTS, type Verdict } from "../../src/gate/types.js";
import type { CloseNews } from "../../src/portfolio/closes.js";
import { type DECISION, FACTS, LIMITS, PROTOCOL_MINOR, REASON, STATUS } from "../../src/protocol/codes.js";
import { decodeBatchSocket, decodeGateSocket } from "../../src/wire/decode.js";
import {
  type Answer,
  encodeAnnotate,
  encodeError,
  encodeGates,
  encodeHello,
  encodePortfolio,
  encodeStanding,
  encodeVerdict,
  type HelloReply,
  type ItemReply,
} from "../../src/wire/encode.js";
import { hostiles } from "../hostiles.js";

type Meaning = Record<string, unknown>;
interface Vector {
  readonly name: string;
  readonly op: string;
  readonly frames: readonly string[];
  readonly meaning: Meaning;
}

const load = <T>(name: string): T[] =>
  JSON.parse(readFileSync(new URL(`../../../protocol/vectors/${name}`, import.meta.url), "utf8"));
const requests = load<Vector>("requests.json");
const replies = load<Vector>("replies.json");
const framesOf = (vector: { frames: readonly string[] }) => vector.frames.map((hex) => Buffer.from(hex, "hex"));

/** "NaN" and "Infinity" in a meaning stand for the numbers. */
const num = (value: unknown): number => (typeof value === "string" ? Number(value) : (value as number));

function requestOf(question: Meaning): Meaning {
  const { size_1024, reason, value, stake, min_stake, leverage, rate, facts, ...same } = question;
  const told = ((facts ?? []) as unknown[]).map(num);
  return {
    ...same,
    candle_size: num(size_1024) / 1024,
    candle_reason: REASON[reason as keyof typeof REASON],
    candle_value: num(value),
    stake: num(stake),
    min_stake: num(min_stake),
    leverage: num(leverage),
    rate: num(rate),
    facts: { ...NO_FACTS, ...Object.fromEntries(told.map((one, i) => [FACTS[i], one])) },
  };
}

/** What is no price is not known, and null from the daemon on. */
function closesOf({ step_s, keep, rows }: CloseNews): CloseNews {
  const known = (close: unknown) => (Number.isFinite(num(close)) && num(close) > 0 ? num(close) : null);
  return { step_s, keep, rows: rows.map(([pair, until_ms, closes]) => [pair, until_ms, closes.map(known)]) };
}

describe("golden requests", () => {
  it.each(requests)("decodes: $name", (vector) => {
    const frames = framesOf(vector);
    const decoded = vector.op === "annotate" ? decodeBatchSocket(frames, LIMITS.batch_bytes) : decodeGateSocket(frames);
    if (!decoded.ok) throw new Error(decoded.error.message);
    const { message } = decoded;
    const { meaning } = vector;
    expect(message.op).toBe(vector.op);
    expect(message.id).toBe(meaning.id);
    if (message.op === "gate") {
      const { id: _, handle, seq, deadline_ms = null, ...question } = meaning;
      expect(message).toMatchObject({ handle, seq, deadline_ms });
      expect(message.request).toEqual(requestOf(question));
    } else if (message.op === "gates") {
      const { handle, seq, deadline_ms = null, questions } = meaning;
      expect(message).toMatchObject({ handle, seq, deadline_ms });
      expect(message.questions).toEqual(
        (questions as Meaning[]).map((question) => ({ ok: true, request: requestOf(question) })),
      );
    } else if (message.op === "annotate") {
      const { block, ...rest } = meaning;
      expect(message).toMatchObject({ deadline_ms: null, wanted: null, ...rest });
      const values = (block as unknown[][]).flat().map(num);
      expect(
        Array.from({ length: values.length }, (_, i) => "block" in message && message.block.readDoubleLE(i * 8)),
      ).toEqual(values);
    } else if (message.op === "portfolio") {
      const { closes = null, ...rest } = meaning;
      expect(message).toMatchObject(rest);
      expect(message.closes).toEqual(closes === null ? null : closesOf(closes as CloseNews));
    } else expect(message).toMatchObject(meaning);
  });

  it("keeps the largest gate question without facts within 128 bytes", () => {
    const plain = requests.filter((vector) => vector.op === "gate" && vector.meaning.facts === undefined);
    const sizes = plain.map((vector) => framesOf(vector)[0]?.length ?? 0);
    expect(Math.max(...sizes)).toBeGreaterThan(115);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(LIMITS.gate_target_bytes);
  });
});

describe("golden replies", () => {
  it.each(replies)("encodes: $name", (vector) => {
    expect(encodeReply(vector).toString("hex")).toBe(vector.frames[0]);
  });

  it("keeps the largest gate answer within 128 bytes", () => {
    const verdict: Verdict = {
      decision: "reduce",
      stake: 0.1,
      would: "reduce",
      would_stake: 0.1,
      reason: 255,
      value: 0.1,
      limit: 0.1,
      caps: [],
      reask: true,
      ceiling: 0.1,
    };
    const frame = encodeVerdict(2 ** 31 - 1, { verdict, journal_seq: Number.MAX_SAFE_INTEGER });
    expect(frame.length).toBeLessThanOrEqual(LIMITS.gate_target_bytes);
  });

  it("cuts error messages to the limit", () => {
    const frame = encodeError({ id: 1, status: STATUS.schema, message: "x".repeat(10_000), detail: {} });
    expect(frame.length).toBeLessThan(LIMITS.message_chars + 20);
  });
});

function encodeReply({ op, meaning: m }: Vector): Buffer {
  const id = num(m.id);
  if (typeof m.status === "string") {
    const status = STATUS[m.status as keyof typeof STATUS];
    return encodeError({ id, status, message: String(m.message), detail: m.detail as Meaning });
  }
  switch (op) {
    case "hello": {
      const { id: _, ...body } = m;
      expect(body.minor).toBe(PROTOCOL_MINOR);
      return encodeHello(id, body as unknown as HelloReply);
    }
    case "portfolio":
      return encodePortfolio(id, num(m.seq));
    case "standing":
      return encodeStanding(id, m.denied as Parameters<typeof encodeStanding>[1]);
    case "annotate":
      return encodeAnnotate(id, {
        rows: num(m.rows),
        columns: num(m.columns),
        engine_fingerprint: String(m.engine_fingerprint),
        engine_us: num(m.engine_us),
      });
    case "gates":
      return encodeGates(
        id,
        (m.answers as Meaning[]).map((one): ItemReply => {
          if (one.status === "ok") return { ok: true, answer: answerOf(one) };
          const status = STATUS[one.status as keyof typeof STATUS];
          return { ok: false, error: { status, message: String(one.message) } };
        }),
      );
    default:
      return encodeVerdict(id, answerOf(m));
  }
}

function answerOf(m: Meaning): Answer {
  return { verdict: verdictOf(m), journal_seq: num(m.journal_seq) };
}

function verdictOf(m: Meaning): Verdict {
  return {
    decision: m.decision as keyof typeof DECISION,
    would: m.would as keyof typeof DECISION,
    reason: REASON[m.reason as keyof typeof REASON],
    stake: num(m.stake),
    value: num(m.value),
    limit: num(m.limit),
    would_stake: 0,
    caps: [],
    reask: false,
    ceiling: 0,
  };
}

describe("hostile frames", () => {
  // Some only fail behind the wire, in the services: those must decode.
  const behind = new Set(["no_session", "settings", "bad_input", "late"]);

  it.each(hostiles)("$name", (hostile) => {
    const frames = framesOf(hostile);
    const decoded =
      hostile.socket === "gate" ? decodeGateSocket(frames) : decodeBatchSocket(frames, LIMITS.batch_bytes);
    if (behind.has(hostile.status)) {
      expect(decoded.ok).toBe(true);
      return;
    }
    expect(decoded).toMatchObject({ ok: false, error: { status: STATUS[hostile.status], id: hostile.id } });
    if (!decoded.ok) expect(decoded.error.message.length).toBeGreaterThan(10);
  });
});
