/**
 * Whatever clients send: each answered decision is a line that can be read back, and the session folded from the lines is the session in memory, to
 * the bit, after every single message.
 */
import fc from "fast-check";
import { Packr } from "msgpackr";
import { describe, expect, it } from "vitest";
import { fingerprintOf } from "../../../campaigns/lib/canonical.mjs";
import { mutate } from "../../../campaigns/lib/mutate.mjs";
import { seeded } from "../../../campaigns/lib/random.mjs";
import { exportSession, importSession } from "../../src/gate/snapshot.js";
import { type JournalEvent, parseLine } from "../../src/journal/lines.js";
import { Folder } from "../../src/journal/reader.js";
import { Counters } from "../../src/metrics/counters.js";
import { OP, PROTOCOL_VERSION, STATUS } from "../../src/protocol/codes.js";
import { GateService } from "../../src/server/gate_service.js";
import { Sessions } from "../../src/server/sessions.js";
import { decodeBatchSocket, decodeGateSocket } from "../../src/wire/decode.js";
import { formatLine } from "../journal/written.js";
import { engine } from "../server/harness.js";

const packr = new Packr({ useRecords: false });
const NOW_MS = 1_763_000_000_000;
const CANDLE_MS = 300_000;

/** Numbers at which JSON, or code, differs from arithmetic. */
const odd = fc.oneof(
  fc.double(),
  fc.constantFrom(0, -0, Number.NaN, Infinity, -Infinity, 5e-324, 1e18, -1e18, 100, 100.5, 1e300),
);
const money = fc.oneof(fc.double({ min: -1e18, max: 1e18, noNaN: true }), fc.constantFrom(0, -0, 1000, 1e18, -1e18));
const text = fc.oneof(
  fc.constantFrom("BTC/USDT", "ETH/USDT", "a\u2028b", "__proto__", "constructor", '"', "\\", "\u0000", "ß", "\ufffd"),
  fc.string({ minLength: 1, maxLength: 8, unit: "binary" }),
);
const ms = fc.oneof(
  fc.constantFrom(NOW_MS - CANDLE_MS, NOW_MS - 2 * CANDLE_MS, 0, -0),
  fc.integer({ min: 0, max: 1e13 }),
);

const gate = fc
  .tuple(
    fc.integer({ min: 0, max: 15 }),
    text,
    ms,
    ms,
    fc.integer({ min: 0, max: 1024 }),
    fc.constantFrom(0, 1, 2, 3, 4, 5, 6),
    fc.array(odd, { minLength: 5, maxLength: 5 }),
  )
  .map(([flags, pair, open_ms, now_ms, size, reason, numbers]) => (handle: number, seq: number) => [
    OP.gate,
    1,
    handle,
    seq,
    flags,
    pair,
    open_ms,
    now_ms,
    size,
    reason,
    ...numbers,
  ]);
const position = fc.tuple(
  text,
  fc.constantFrom(0, 1),
  fc.oneof(fc.double({ min: 0, max: 1e18, noNaN: true }), fc.constant(-0)),
  fc.double({ min: 1, max: 1000, noNaN: true }),
  fc.constantFrom(0, 1),
);
const portfolio = fc
  .tuple(
    ms,
    money,
    fc.uniqueArray(fc.tuple(fc.integer({ min: 0, max: NOW_MS }), money), { selector: ([t]) => t, maxLength: 5 }),
    fc.array(position, { maxLength: 4 }),
  )
  .map(([at_ms, equity, samples, positions]) => (handle: number, seq: number) => {
    const ascending = [...samples].sort(([a], [b]) => a - b).filter(([t]) => t <= at_ms);
    return [OP.portfolio, 1, handle, seq + 1, at_ms, equity, ascending, positions];
  });
const control = fc
  .tuple(fc.constantFrom("bot", ""), fc.constantFrom(0, 1, 2), ms, text, text)
  .map(([session, status, until_ms, by, why]) => () => [OP.control, 1, session, status, until_ms, by, why]);
const rebase = fc.tuple(text, text).map(([by, why]) => () => [OP.rebase, 1, "bot", by, why]);
const steps = fc.array(fc.oneof({ arbitrary: gate, weight: 8 }, { arbitrary: portfolio, weight: 3 }, control, rebase), {
  minLength: 1,
  maxLength: 30,
});

/** A daemon's gate service whose journal is the lines as they would be written. */
function service() {
  const lines: Buffer[] = [];
  const sessions = new Sessions(4, () => undefined);
  const folder = new Folder();
  const append = (events: readonly JournalEvent[]) => {
    for (const event of events) {
      const line = formatLine(lines.length + 1, NOW_MS, event).subarray(0, -1);
      lines.push(line);
      const read = parseLine(line);
      if (read === null) throw new Error(`written, but cannot be read: ${line.toString()}`);
      folder.add(read);
    }
    return { ok: true as const, seq: lines.length };
  };
  const failures: unknown[] = [];
  const gates = new GateService({
    engine,
    sessions,
    counters: new Counters(),
    identity: { server: "t/0", boot: "b", limits: {} },
    private: false,
    groups: {},
    clock: () => NOW_MS,
    append,
    onFailure: (error) => failures.push(error),
    about: () => ({}),
  });
  return { gates, sessions, folder, failures };
}

describe("a session", { timeout: 120_000 }, () => {
  it("is in the journal to the bit after every message", () => {
    fc.assert(
      fc.property(steps, fc.constantFrom("enforce", "shadow", "off"), (messages, mode) => {
        const { gates, sessions, folder, failures } = service();
        const ask = (body: readonly unknown[]) => gates.handle([packr.pack([PROTOCOL_VERSION, ...body])]);
        const hello = { client: "t", minor: 0, run_mode: "live", session: "bot", settings: { timeframe_s: 300, mode } };
        ask([OP.hello, 1, hello]);
        const session = sessions.find("bot");
        if (session === null) throw new Error("no session");
        for (const message of messages) {
          ask(message(session.handle, session.state.seq));
          const folded = folder.sessions.get("bot")?.state;
          expect(fingerprintOf(folded)).toBe(fingerprintOf(session.state));
        }
        const snapshot = exportSession("bot", session.state);
        expect(fingerprintOf(importSession(JSON.parse(JSON.stringify(snapshot))))).toBe(fingerprintOf(session.state));
        expect(failures).toEqual([]);
      }),
      { numRuns: 300, seed: 20_261_122 },
    );
  });

  it("is fingerprinted apart from one that differs in a sign, a NaN or an order", () => {
    const differing = [
      0,
      -0,
      Number.NaN,
      null,
      "0",
      [0],
      new Map([
        ["a", 1],
        ["b", 2],
      ]),
      new Map([
        ["b", 2],
        ["a", 1],
      ]),
    ];
    expect(new Set(differing.map(fingerprintOf)).size).toBe(differing.length);
    expect(fingerprintOf({ a: 1, b: [Number.NaN] })).toBe(fingerprintOf({ b: [Number.NaN], a: 1 }));
  });
});

describe("decoders", { timeout: 120_000 }, () => {
  it("answer every mutated message with a request or an error of the closed list, and never throw", () => {
    const random = seeded(20_261_122);
    const { gates } = service();
    const hello = { client: "t", minor: 0, run_mode: "live", session: "bot", settings: { timeframe_s: 300 } };
    gates.handle([packr.pack([PROTOCOL_VERSION, OP.hello, 1, hello])]);
    const frames = [
      [OP.hello, 1, hello],
      [OP.gate, 1, 1, 0, 0, "A/B", NOW_MS, NOW_MS, 1024, 0, Number.NaN, 100.5, 5.5, 1, 1.5],
      [OP.portfolio, 1, 1, 1, NOW_MS, 1000, [[NOW_MS - 5, 1000.5]], [["A/B", 0, 10, 1, 0]]],
      [OP.status, 1],
      [OP.control, 1, "bot", 2, 0, "me", "why"],
      [OP.rebase, 1, "bot", "me", "why"],
      [OP.annotate, 1, 1, 6, { profile: "extreme", window_set: "compact", timeframe_s: 300 }],
    ].map((body) => [packr.pack([PROTOCOL_VERSION, ...body]), ...(body[0] === OP.annotate ? [Buffer.alloc(48)] : [])]);
    const statuses = new Set<number>(Object.values(STATUS));
    const seen = new Set<string | number>();
    for (let i = 0; i < 6_000; i++) {
      const message = mutate(random, frames, frames.flat());
      for (const decoded of [decodeGateSocket(message), decodeBatchSocket(message, 1 << 20)]) {
        seen.add(decoded.ok ? decoded.message.op : decoded.error.status);
        if (decoded.ok) continue;
        expect(statuses.has(decoded.error.status)).toBe(true);
        expect(decoded.error.message.length).toBeGreaterThan(0);
      }
      expect(gates.handle(message).length).toBeGreaterThan(0);
    }
    for (const what of [
      "hello",
      "gate",
      "portfolio",
      "status",
      "control",
      "rebase",
      "annotate",
      STATUS.schema,
      STATUS.version,
      STATUS.op,
      STATUS.limit,
    ]) {
      expect(seen).toContain(what);
    }
  });
});
