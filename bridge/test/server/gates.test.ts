/** Several questions in one message, and deadlines: the same answers and records as one by one, and nothing done for who no longer waits. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MAX_ASKED } from "../../src/gate/asked.js";
import type { SessionState } from "../../src/gate/session.js";
import { exportSession } from "../../src/gate/snapshot.js";
import type { GateRequest } from "../../src/gate/types.js";
import { readJournal } from "../../src/journal/reader.js";
import type { Appended } from "../../src/journal/writer.js";
import { Counters } from "../../src/metrics/counters.js";
import { DECISION, LIMITS, OP, REASON, STATUS } from "../../src/protocol/codes.js";
import { type Asker, answerAll, answerOne, type Desk } from "../../src/server/questions.js";
import type { ItemReply } from "../../src/wire/encode.js";
import {
  OPEN_MS as CANDLE_OPEN_MS,
  policy as makePolicy,
  request as makeRequest,
  session as makeSession,
  NOW_MS,
} from "../gate/fixture.js";
import { Client, candles, engine, OPEN_MS, PARAMS, question, withDaemon } from "./harness.js";

/** The elements of a question inside `gates`. */
const item = (over: Parameters<typeof question>[0] = {}) => question(over).slice(1);

describe("a portfolio and the question under it, sent at once", () => {
  it("are answered one after the other, in as many replies", async () => {
    await withDaemon(async (dir) => {
      const client = new Client(dir);
      await client.open("bot");
      for (let seq = 1; seq <= 200; seq++) {
        const frames = [
          client.frame(OP.portfolio, 1, seq, OPEN_MS, 1000 + seq, [], []),
          client.frame(OP.gate, 1, ...question({ seq })),
        ];
        for (const frame of frames) await client.socket.send(frame);
        const [told, answered] = [await client.next(), await client.next()];
        expect(told.reply).toEqual([1, 2 * seq, STATUS.ok, seq]);
        expect(answered.reply.slice(0, 4)).toEqual([1, 2 * seq + 1, STATUS.ok, DECISION.allow]);
      }
      client.close();
    });
  });

  it("are no answer to what was not told: a portfolio that is refused makes the question stale", async () => {
    await withDaemon(async (dir) => {
      const client = new Client(dir);
      await client.open("bot");
      await client.socket.send(client.frame(OP.portfolio, 1, 1, OPEN_MS, Number.NaN, [], []));
      await client.socket.send(client.frame(OP.gate, 1, ...question({ seq: 1 })));
      expect((await client.next()).reply.slice(0, 3)).toEqual([1, 2, STATUS.schema]);
      expect((await client.next()).reply.slice(0, 3)).toEqual([1, 3, STATUS.stale_portfolio]);
      client.close();
    });
  });
});

describe("gates", () => {
  it("answers in order, each with its journal line, written before the reply", async () => {
    await withDaemon(async (dir) => {
      const client = new Client(dir);
      await client.open("bot");
      await client.ask(OP.portfolio, 1, 1, OPEN_MS, 1000, [], []);
      const questions = [
        item(),
        item({ pair: "BBB/X", size: 512, reason: REASON.jump }),
        item({ pair: "CCC/X", stake: Number.NaN }),
        item({ flags: 8, stake: 200 }),
      ];
      const [status, answers] = await client.ask(OP.gates, 1, 1, questions);
      expect(status).toBe(STATUS.ok);
      const rows = answers as unknown[][];
      expect(rows.map((row) => row.slice(0, 4))).toEqual([
        [STATUS.ok, DECISION.allow, REASON.ok, 100.5],
        [STATUS.ok, DECISION.reduce, REASON.jump, 50.25],
        [STATUS.ok, DECISION.deny, REASON.bad_stake, 0],
        [STATUS.ok, DECISION.deny, REASON.above_cap, 0],
      ]);
      const written = new Map<number, unknown>();
      for await (const line of readJournal(`${dir}/journal`)) {
        if (line.type === "gate") written.set(line.seq, `${line.pair} ${line.decision} ${line.stage}`);
      }
      expect(rows.map((row) => written.get(Number(row[6])))).toEqual([
        "AAA/BBB allow size",
        "BBB/X reduce size",
        "CCC/X deny size",
        "AAA/BBB deny final",
      ]);
      client.close();
    });
  });

  it("gives a question that cannot be read its own status and answers the others", async () => {
    await withDaemon(async (dir) => {
      const client = new Client(dir);
      await client.open("bt", {}, "backtest");
      await client.ask(OP.portfolio, 1, 1, OPEN_MS, 1000, [], []);
      const bad: [unknown, number][] = [
        [7, STATUS.schema],
        [[], STATUS.schema],
        [item({ flags: 6 }), STATUS.schema],
        [item({ reason: REASON.drawdown }), STATUS.schema],
        [item({ size: 1025 }), STATUS.schema],
        [item({ pair: "" }), STATUS.schema],
        [item({ pair: "ß".repeat(20) }), STATUS.limit],
        [item().slice(0, 10), STATUS.schema],
      ];
      const questions = bad.flatMap(([one], index) => [one, item({ pair: `P${index}/X` })]);
      const [status, answers] = await client.ask(OP.gates, 1, 1, questions);
      expect(status).toBe(STATUS.ok);
      const rows = answers as unknown[][];
      expect(rows.filter((_, index) => index % 2 === 0).map((row) => row[0])).toEqual(bad.map(([, code]) => code));
      for (const row of rows.filter((_, index) => index % 2 === 1))
        expect(row.slice(0, 2)).toEqual([0, DECISION.allow]);
      for (const row of rows.filter((_, index) => index % 2 === 0)) expect(String(row[1]).length).toBeGreaterThan(10);
      client.close();
    });
  });

  it("takes as many as the limit, ignores what a newer minor appends to a question, and refuses one more", async () => {
    await withDaemon(async (dir) => {
      const client = new Client(dir);
      await client.open("bt", {}, "backtest");
      await client.ask(OP.portfolio, 1, 1, OPEN_MS, 1000, [], []);
      const most = Array.from({ length: LIMITS.gates }, (_, i) => [...item({ pair: `P${i}/X` }), "new"]);
      const [status, answers] = await client.ask(OP.gates, 1, 1, most);
      expect([status, (answers as unknown[]).length]).toEqual([STATUS.ok, LIMITS.gates]);
      expect((await client.ask(OP.gates, 1, 1, [...most.map(() => item()), item()]))[0]).toBe(STATUS.limit);
      expect((await client.ask(OP.gates, 1, 2, [item()]))[0]).toBe(STATUS.stale_portfolio);
      expect((await client.ask(OP.gates, 9, 1, [item()]))[0]).toBe(STATUS.no_session);
      client.close();
    });
  });
});

// ---- without sockets: a message of questions against the same questions one by one ----

const policy = makePolicy();

function desk(append?: Desk["append"]): Desk & { lines: unknown[]; failures: unknown[] } {
  const lines: unknown[] = [];
  const failures: unknown[] = [];
  return {
    lines,
    failures,
    counters: new Counters(),
    groups: new Map(),
    append:
      append ??
      ((events): Appended => {
        lines.push(...events);
        return { ok: true, seq: lines.length };
      }),
    onFailure: (error) => failures.push(error),
  };
}

const arbitraryRequest: fc.Arbitrary<GateRequest> = fc
  .record({
    pair: fc.constantFrom("A/X", "B/X", "C/X"),
    side: fc.constantFrom("long" as const, "short" as const),
    kind: fc.constantFrom("entry" as const, "scale_in" as const, "replace" as const),
    stage: fc.constantFrom("size" as const, "final" as const),
    candle: fc.integer({ min: 0, max: 3 }),
    candle_size: fc.constantFrom(1, 0.5, 0.25, 0),
    stake: fc.constantFrom(100, 50, 25, 200, Number.NaN),
  })
  .map(({ candle, candle_size, ...same }) =>
    makeRequest({
      ...same,
      candle_size,
      candle_reason: candle_size === 1 ? REASON.ok : REASON.jump,
      candle_open_ms: CANDLE_OPEN_MS - candle * 300_000,
      now_ms: NOW_MS,
    }),
  );

/** A full book whose quietest pairs are asked about again: each new answer makes it forget one that a later question may be about. */
function crowded(): SessionState {
  const state = makeSession();
  const by = { name: "s", state, policy, group: () => null };
  const quiet = desk();
  const ask = (pair: string, candle: number) =>
    answerOne(quiet, by, makeRequest({ pair, stake: 25, candle_open_ms: CANDLE_OPEN_MS - candle * 300_000 }));
  for (const pair of ["B/X", "C/X"]) for (let candle = 0; candle < 4; candle++) ask(pair, candle);
  for (let i = 0; state.asked.size < MAX_ASKED; i++) ask(`Q${i % 997}/X`, Math.floor(i / 997));
  return state;
}

describe("questions of one message", { timeout: 120_000 }, () => {
  it.each([
    ["an empty session", () => makeSession()],
    ["a book that forgets", crowded],
  ])("are answered as if asked one by one, on %s", (_, make) => {
    const start = exportSession("s", make());
    fc.assert(
      fc.property(fc.array(arbitraryRequest, { minLength: 1, maxLength: 64 }), (requests) => {
        const one: Asker = { name: "s", state: make(), policy, group: () => null };
        const all: Asker = { name: "s", state: make(), policy, group: () => null };
        const [first, second] = [desk(), desk()];
        const singly = requests.map((request): ItemReply => ({ ok: true, answer: answerOne(first, one, request) }));
        const together = answerAll(
          second,
          all,
          requests.map((request) => ({ ok: true, request })),
        );
        expect(together).toEqual(singly);
        expect(second.lines).toEqual(first.lines);
        expect(exportSession("s", all.state)).toEqual(exportSession("s", one.state));
        expect(second.counters.all()).toEqual(first.counters.all());
      }),
      { numRuns: start.asked.length > 0 ? 10 : 200, seed: 11 },
    );
  });

  it("are judged after what the one before made the session forget", () => {
    const state = crowded();
    const requests = ["A/X", "B/X"].map((pair) => makeRequest({ pair, stake: 100 }));
    const replies = answerAll(
      desk(),
      { name: "s", state, policy, group: () => null },
      requests.map((request) => ({ ok: true, request })),
    );
    // Asked before with 25, forgotten for A/X: a first question again, not a re-ask that may only tighten.
    expect(replies[1]).toMatchObject({ ok: true, answer: { verdict: { reask: false, stake: 100 } } });
  });

  it("are denied and not remembered while the journal cannot be written", () => {
    const state = makeSession();
    const before = exportSession("s", state);
    const failing = desk(() => ({ ok: false, error: new Error("disk full") }));
    const requests = ["A/X", "B/X", "A/X"].map((pair) => makeRequest({ pair }));
    const replies = answerAll(
      failing,
      { name: "s", state, policy, group: () => null },
      requests.map((request) => ({ ok: true, request })),
    );
    for (const reply of replies) {
      expect(reply).toMatchObject({
        ok: true,
        answer: { journal_seq: 0, verdict: { decision: "deny", reason: REASON.journal_failed } },
      });
    }
    expect(exportSession("s", state)).toEqual(before);
  });

  it("survive one that throws: it alone is internal, and its pair can be asked again", () => {
    const state = makeSession();
    const at = desk();
    const poisoned = Object.defineProperty({ ...makeRequest({ pair: "B/X" }) }, "stake", {
      get: () => {
        throw new Error("a defect");
      },
    });
    const requests = [makeRequest({ pair: "A/X" }), poisoned, makeRequest({ pair: "C/X" })];
    const replies = answerAll(
      at,
      { name: "s", state, policy, group: () => null },
      requests.map((request) => ({ ok: true, request })),
    );
    expect(replies.map((reply) => (reply.ok ? STATUS.ok : reply.error.status))).toEqual([
      STATUS.ok,
      STATUS.internal,
      STATUS.ok,
    ]);
    expect(at.failures).toHaveLength(1);
    expect(at.lines).toHaveLength(2);
    expect(state.tally.asked).toBe(2);
  });
});

describe("deadlines", () => {
  const PAST = 1;
  const future = () => Date.now() + 60_000;

  it("that have passed leave gate and gates undecided, unrecorded and counted", async () => {
    await withDaemon(async (dir) => {
      const client = new Client(dir);
      await client.open("bot");
      await client.ask(OP.portfolio, 1, 1, OPEN_MS, 1000, [], []);
      const late = [STATUS.late, expect.stringContaining("deadline"), { late_ms: expect.any(Number) }];
      expect(await client.ask(OP.gate, 1, ...question(), PAST)).toEqual(late);
      expect(await client.ask(OP.gates, 1, 1, [item()], PAST)).toEqual(late);
      const [, facts] = await client.ask(OP.status);
      expect(facts).toMatchObject({ counters: { requests_late: 2, decisions_allow: 0 }, sessions: [{ asked: 0 }] });
      expect((await client.ask(OP.gate, 1, ...question(), future()))[1]).toBe(DECISION.allow);
      expect((await client.ask(OP.gate, 1, ...question({ pair: "N/X" }), null))[1]).toBe(DECISION.allow);
      const lines = [];
      for await (const line of readJournal(`${dir}/journal`)) if (line.type === "gate") lines.push(line.pair);
      expect(lines).toEqual(["AAA/BBB", "N/X"]);
      client.close();
    });
  });

  it("that pass while a frame waits in the queue leave it uncomputed", async () => {
    let release: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    let computed = 0;
    const slow = {
      ...engine,
      annotate: async (...args: Parameters<typeof engine.annotate>) => {
        computed += 1;
        await gate;
        return engine.annotate(...args);
      },
    };
    const limits = { sessions: 8, batches_in_flight: 1, batch_queue: 4, batch_bytes: LIMITS.batch_bytes };
    await withDaemon(
      async (dir) => {
        const clients = [new Client(dir, "batch"), new Client(dir, "batch")] as const;
        const first = clients[0].raw(clients[0].frame(OP.annotate, 600, 6, PARAMS), candles(600));
        await expect.poll(() => computed).toBe(1);
        const soon = Date.now() + 50;
        const second = clients[1].raw(clients[1].frame(OP.annotate, 600, 6, PARAMS, soon), candles(600));
        await expect.poll(() => Date.now()).toBeGreaterThan(soon + 100);
        release();
        expect((await first).reply[2]).toBe(STATUS.ok);
        const { reply, block } = await second;
        expect([reply[2], block]).toEqual([STATUS.late, undefined]);
        expect(computed).toBe(1);
        for (const client of clients) client.close();
      },
      { limits },
      slow,
    );
  });
});

describe("other versions of the protocol", () => {
  it("get a reply they can read, on both sockets, whatever follows version, op and id", async () => {
    await withDaemon(async (dir) => {
      for (const name of ["gate", "batch"] as const) {
        for (const version of [0, 2, 3, 127, 255]) {
          const client = new Client(dir, name);
          const rest = Buffer.from([0xc1, 0xff, 0x00]);
          const head = version < 128 ? [version] : [0xcc, version];
          const { reply } = await client.raw(Buffer.concat([Buffer.from([0x9f, ...head, 1, 42]), rest]));
          expect(reply).toEqual([
            1,
            42,
            STATUS.version,
            expect.stringContaining(`version ${version}`),
            expect.anything(),
          ]);
          client.close();
        }
      }
    });
  });

  it("of the same major and a newer minor are served: what they append is ignored", async () => {
    await withDaemon(async (dir) => {
      const client = new Client(dir);
      const settings = { timeframe_s: 300 };
      const hello = { client: "new", minor: 9, run_mode: "live", session: "bot", settings, colour: "blue", more: [1] };
      expect((await client.ask(OP.hello, hello, "more", { of: "it" }))[0]).toBe(STATUS.ok);
      expect((await client.ask(OP.portfolio, 1, 1, OPEN_MS, 1000, [], [], [], null, "new"))[0]).toBe(STATUS.ok);
      expect((await client.ask(OP.gate, 1, ...question(), null, null, "new", 7))[1]).toBe(DECISION.allow);
      expect((await client.ask(OP.gates, 1, 1, [item()], null, [7]))[0]).toBe(STATUS.ok);
      expect((await client.ask(OP.status, "new"))[0]).toBe(STATUS.ok);
      expect((await client.ask(OP.control, "bot", 2, 0, "x", "y", "new"))[0]).toBe(STATUS.ok);
      const batch = new Client(dir, "batch");
      const { reply } = await batch.raw(batch.frame(OP.annotate, 600, 6, PARAMS, null, null, "new"), candles(600));
      expect(reply[2]).toBe(STATUS.ok);
      for (const one of [client, batch]) one.close();
    });
  });

  it("of an older minor are served without what they do not know", async () => {
    await withDaemon(async (dir) => {
      const client = new Client(dir);
      const settings = { timeframe_s: 300 };
      const hello = { client: "old", minor: 0, run_mode: "live", session: "bot", settings };
      expect((await client.ask(OP.hello, hello))[0]).toBe(STATUS.ok);
      await client.ask(OP.portfolio, 1, 1, OPEN_MS, 1000, [], []);
      expect(await client.ask(OP.gate, 1, ...question())).toHaveLength(8);
      client.close();
    });
  });
});
