import { randomBytes } from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { pino } from "pino";
import { describe, expect, it } from "vitest";
import { Dealer } from "zeromq";
import { fileName, listFiles } from "../../src/journal/files.js";
import { foldJournal, readJournal } from "../../src/journal/reader.js";
import { FIXED } from "../../src/limits.js";
import { DECISION, LIMITS, OP, PROTOCOL_MINOR, REASON, STATUS } from "../../src/protocol/codes.js";
import { startDaemon } from "../../src/server/daemon.js";
import { hostiles } from "../hostiles.js";
import { sealJson } from "../journal/written.js";
import {
  CANDLE_MS,
  Client,
  candles,
  configFor,
  engine,
  OPEN_MS,
  PARAMS,
  question,
  start,
  temporaryDir,
  withDaemon,
} from "./harness.js";

/** A client that is served while others misbehave. */
async function expectServed(dir: string): Promise<void> {
  const client = new Client(dir);
  const handle = await client.open(`served-${randomBytes(4).toString("hex")}`, {}, "backtest");
  expect(await client.ask(OP.portfolio, handle, 1, OPEN_MS, 1000, [], [])).toEqual([STATUS.ok, 1]);
  const [status, decision] = await client.ask(OP.gate, handle, ...question());
  expect([status, decision]).toEqual([STATUS.ok, DECISION.allow]);
  client.close();
}

describe("the way of one entry", () => {
  it("hello, portfolio, gate, final; journalled before the answer", async () => {
    await withDaemon(async (dir) => {
      const client = new Client(dir);
      const [status, body] = await client.hello("bot", { profile: "conservative" });
      expect(status).toBe(STATUS.ok);
      expect(body).toMatchObject({
        server: expect.stringMatching(/^talebridge\/\d/),
        minor: PROTOCOL_MINOR,
        clock_ms: expect.any(Number),
        engine_version: engine.version,
        handle: 1,
        seq: 0,
        samples_until_ms: 0,
        columns: engine.columns.map((column) => column.name),
        limits: { rows: LIMITS.rows },
      });
      expect(await client.ask(OP.gate, 1, ...question({ seq: 0 }))).toMatchObject([
        STATUS.stale_portfolio,
        expect.any(String),
        { seq: 0 },
      ]);
      expect(await client.ask(OP.portfolio, 1, 1, OPEN_MS, 1000, [[OPEN_MS - 60_000, 1001]], [])).toEqual([
        STATUS.ok,
        1,
      ]);
      expect(await client.ask(OP.gate, 1, ...question({ seq: 2 }))).toMatchObject([
        STATUS.stale_portfolio,
        expect.any(String),
        { seq: 1 },
      ]);

      const cut = question({ size: 512, reason: REASON.jump });
      const [, decision, reason, stake, , limit, journal_seq, would] = await client.ask(OP.gate, 1, ...cut);
      expect([decision, reason, stake, limit, would]).toEqual([
        DECISION.reduce,
        REASON.jump,
        50.25,
        3,
        DECISION.reduce,
      ]);
      const lines = [];
      for (const line of readJournal(join(dir, "journal"))) lines.push(line);
      expect(lines.find((line) => line.seq === journal_seq)).toMatchObject({
        type: "gate",
        session: "bot",
        pair: "AAA/BBB",
        decision: "reduce",
        stake_allowed: 50.25,
        reason: "jump",
        value: null,
        snapshot_seq: 1,
        candle: { size: 0.5, reason: "jump" },
      });

      const final = question({ size: 512, reason: REASON.jump, flags: 8, stake: 51 });
      expect((await client.ask(OP.gate, 1, ...final)).slice(0, 3)).toEqual([
        STATUS.ok,
        DECISION.deny,
        REASON.above_cap,
      ]);
      client.close();
    });
  });

  it.each(["live", "dry_run"])(
    "refuses %s on both sockets of a private daemon, which knows no earlier session",
    async (mode) => {
      await withDaemon(
        async (dir) => {
          for (const name of ["gate", "batch"] as const) {
            const client = new Client(dir, name);
            expect(await client.hello("bot", {}, mode)).toMatchObject([
              STATUS.settings,
              expect.stringContaining("private bridge of a backtest"),
              { violations: [{ path: "run_mode", message: expect.stringContaining("talebridge serve") }] },
            ]);
            expect((await client.hello("bt", {}, "backtest"))[0]).toBe(STATUS.ok);
            client.close();
          }
          await expectServed(dir);
        },
        { private: true },
      );
    },
  );

  it("applies a portfolio once", async () => {
    await withDaemon(async (dir) => {
      const client = new Client(dir);
      await client.open("bot");
      expect(await client.ask(OP.portfolio, 1, 5, OPEN_MS, 1000, [], [])).toEqual([STATUS.ok, 5]);
      expect(await client.ask(OP.portfolio, 1, 5, OPEN_MS, 1, [], [])).toEqual([STATUS.ok, 5]);
      expect(await client.ask(OP.portfolio, 1, 4, OPEN_MS, 1, [], [])).toEqual([STATUS.ok, 5]);
      const [, , reason] = await client.ask(OP.gate, 1, ...question({ seq: 5 }));
      expect(reason).toBe(REASON.ok);
      client.close();
    });
  });

  it("refuses equity of the future in a live session, not in a backtest", async () => {
    await withDaemon(async (dir) => {
      const client = new Client(dir);
      const future = Date.now() + 2 * 3_600_000;
      const live = await client.open("bot");
      expect(await client.ask(OP.portfolio, live, 1, future, 1000, [], [])).toMatchObject([
        STATUS.schema,
        expect.stringContaining("ahead"),
        {},
      ]);
      const backtest = await client.open("bt", {}, "backtest");
      expect(await client.ask(OP.portfolio, backtest, 1, future, 1000, [], [])).toEqual([STATUS.ok, 1]);
      client.close();
    });
  });

  it("gives settings errors all at once", async () => {
    await withDaemon(async (dir) => {
      const client = new Client(dir);
      const [status, message, detail] = await client.hello("bot", { profil: "x", limits: { max_drawdown: 7 } });
      expect(status).toBe(STATUS.settings);
      expect(message).toContain("2 invalid settings");
      expect(detail).toMatchObject({ violations: [{ path: "profil" }, { path: "limits.max_drawdown" }] });
      client.close();
    });
  });
});

describe("hostile clients", () => {
  it("get a status with their id for each bad frame, and the others are served", async () => {
    await withDaemon(async (dir) => {
      for (const hostile of hostiles) {
        const client = new Client(dir, hostile.socket);
        const { reply } = await client.raw(...hostile.frames.map((hex) => Buffer.from(hex, "hex")));
        expect([hostile.name, ...reply.slice(0, 3)]).toEqual([hostile.name, 1, hostile.id, STATUS[hostile.status]]);
        expect(String(reply[3]).length).toBeLessThanOrEqual(LIMITS.message_chars);
        client.close();
      }
      await expectServed(dir);
    });
  });

  it("cannot end it with random bytes, on either socket", async () => {
    await withDaemon(async (dir) => {
      const clients = [new Client(dir, "gate"), new Client(dir, "batch")];
      // A fixed generator: the same bytes in every run.
      let seed = 12345;
      const random = (below: number) => {
        seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
        return Math.floor((seed / 2 ** 32) * below);
      };
      for (let i = 0; i < 400; i++) {
        const frames = Array.from({ length: 1 + random(3) }, () =>
          Buffer.from(Array.from({ length: random(200) }, () => random(256))),
        );
        // Half of them begin like a request, to reach deeper.
        if (i % 2 === 0 && frames[0] !== undefined)
          frames[0] = Buffer.concat([Buffer.from([0x90 + random(16), 1, random(8), 9]), frames[0]]);
        const { reply } = await (clients[i % 2] ?? new Client(dir)).raw(...frames);
        expect(reply[2]).not.toBe(STATUS.ok);
        expect(reply[2]).not.toBe(STATUS.internal);
      }
      for (const client of clients) client.close();
      await expectServed(dir);
    });
  });

  it("are cut off when a frame is larger than the socket takes", async () => {
    await withDaemon(async (dir) => {
      const huge = new Dealer({ linger: 0, receiveTimeout: 300 });
      huge.connect(`ipc://${join(dir, "gate.sock")}`);
      await huge.send(Buffer.alloc(LIMITS.portfolio_bytes + 1));
      await expect(huge.receive()).rejects.toThrow();
      huge.close();
      await expectServed(dir);
    });
  });

  it("that vanish before their answer cost nothing", async () => {
    await withDaemon(async (dir) => {
      for (let i = 0; i < 20; i++) {
        const client = new Client(dir, "batch");
        await client.socket.send([client.frame(OP.annotate, 2000, 6, PARAMS), candles(2000)]);
        client.close();
      }
      await expectServed(dir);
      const client = new Client(dir, "batch");
      // What the vanished had asked may still fill the queue: who is told `busy` asks again, as the shim does.
      const ask = async () => (await client.raw(client.frame(OP.annotate, 700, 6, PARAMS), candles(700))).reply[2];
      let status = await ask();
      while (status === STATUS.busy) status = await ask();
      expect(status).toBe(STATUS.ok);
      client.close();
    });
  });

  it("cannot use another boot's handle", async () => {
    await withDaemon(async (dir) => {
      const client = new Client(dir);
      expect((await client.ask(OP.gate, 77, ...question()))[0]).toBe(STATUS.no_session);
      expect((await client.ask(OP.portfolio, 77, 1, OPEN_MS, 1, [], []))[0]).toBe(STATUS.no_session);
      client.close();
    });
  });
});

describe("annotate", () => {
  it("answers header and block, and the same bits for a longer history", async () => {
    await withDaemon(async (dir) => {
      const client = new Client(dir, "batch");
      const rows = 900;
      const [, hello] = await client.hello("x", { window_set: "compact" });
      const { columns, memory_rows, engine_fingerprint } = Object(hello);
      const { reply, block } = await client.raw(client.frame(OP.annotate, rows, 6, PARAMS), candles(rows));
      expect(reply.slice(2)).toEqual([STATUS.ok, rows, columns.length, engine_fingerprint, expect.any(Number)]);
      expect(block?.length).toBe(rows * columns.length * 8);
      const size_at = (row: number) => block?.readDoubleLE(row * 8);
      const reason_at = (row: number) => block?.readDoubleLE((rows + row) * 8);
      expect([size_at(memory_rows - 2), reason_at(memory_rows - 2)]).toEqual([0, REASON.warming_up]);
      expect([size_at(rows - 1), reason_at(rows - 1)]).toEqual([1, REASON.ok]);

      const shorter = await client.raw(
        client.frame(OP.annotate, rows - 100, 6, PARAMS),
        dropRows(candles(rows), rows, 0, 100),
      );
      for (let column = 0; column < columns.length; column++) {
        const whole = block?.subarray((column * rows + 700) * 8, (column * rows + rows - 100) * 8);
        const part = shorter.block?.subarray(
          (column * (rows - 100) + 700) * 8,
          (column * (rows - 100) + rows - 100) * 8,
        );
        expect(part?.equals(whole ?? Buffer.alloc(0)), columns[column]).toBe(true);
      }
      client.close();
    });
  });

  it("names row and column of a bad candle", async () => {
    await withDaemon(async (dir) => {
      const client = new Client(dir, "batch");
      const rows = 10;
      const block = candles(rows);
      block.writeDoubleLE(Number.NaN, (4 * rows + 3) * 8);
      const { reply } = await client.raw(client.frame(OP.annotate, rows, 6, PARAMS), block);
      expect(reply.slice(2)).toEqual([
        STATUS.bad_input,
        expect.any(String),
        { row: 3, column: "close", message: expect.any(String) },
      ]);
      client.close();
    });
  });

  it("answers busy beyond what it takes, keeps its promise to the rest, and serves gates meanwhile", async () => {
    let release: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    let running = 0;
    let most = 0;
    const slow = {
      ...engine,
      annotate: async (...args: Parameters<typeof engine.annotate>) => {
        running += 1;
        most = Math.max(most, running);
        await gate;
        running -= 1;
        return engine.annotate(...args);
      },
    };
    const limits = { sessions: 8, batches_in_flight: 2, batch_queue: 3, batch_bytes: LIMITS.batch_bytes };
    await withDaemon(
      async (dir) => {
        const clients = Array.from({ length: 8 }, () => new Client(dir, "batch"));
        const replies = clients.map((client) => client.raw(client.frame(OP.annotate, 600, 6, PARAMS), candles(600)));
        const busy = await Promise.all(
          [1, 2, 3].map(() =>
            Promise.race(replies.map(async (reply, i) => ((await reply).reply[2] === STATUS.busy ? i : -1))),
          ),
        );
        expect(busy.every((i) => i >= 0)).toBe(true);
        await expectServed(dir);
        release();
        const statuses = (await Promise.all(replies)).map(({ reply }) => reply[2]).sort();
        expect(statuses).toEqual([...Array(5).fill(STATUS.ok), ...Array(3).fill(STATUS.busy)]);
        expect(most).toBe(2);
        for (const client of clients) client.close();
      },
      { limits },
      slow,
    );
  });

  it("keeps places for others when one client asks for much, and gives up the places of those who no longer wait", async () => {
    let release: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    let running = 0;
    const slow = {
      ...engine,
      annotate: async (...args: Parameters<typeof engine.annotate>) => {
        running += 1;
        await gate;
        return engine.annotate(...args);
      },
    };
    const limits = {
      ...configFor("/tmp/x").limits,
      batches_in_flight: 1,
      batch_queue: FIXED.batch_queue_per_client + 1,
    };
    await withDaemon(
      async (dir) => {
        const [greedy, modest, late] = [new Client(dir, "batch"), new Client(dir, "batch"), new Client(dir, "batch")];
        const send = (client: Client, ...rest: unknown[]) =>
          client.socket.send([client.frame(OP.annotate, 600, 6, PARAMS, ...rest), candles(600)]);
        await send(greedy);
        await expect.poll(() => running).toBe(1);
        // One more than its share: that one is refused at once.
        for (let i = 0; i <= FIXED.batch_queue_per_client; i++) await send(greedy);
        expect((await greedy.next()).reply[2]).toBe(STATUS.busy);
        const soon = Date.now() + 1000;
        await send(late, soon);
        // Answered at once, and after the frame before it was taken in.
        expect((await late.hello("x"))[0]).toBe(STATUS.ok);
        await expect.poll(() => Date.now(), { timeout: 5000 }).toBeGreaterThan(soon);
        // The queue is full, and one in it is late: its place is given to who still waits.
        await send(modest);
        expect((await late.next()).reply[2]).toBe(STATUS.late);
        release();
        expect((await modest.next()).reply[2]).toBe(STATUS.ok);
        for (let i = 0; i <= FIXED.batch_queue_per_client; i++) expect((await greedy.next()).reply[2]).toBe(STATUS.ok);
        for (const client of [greedy, modest, late]) client.close();
      },
      { limits },
      slow,
    );
  });

  it("turns a handler that throws into status internal under the request's id", async () => {
    let broken = false;
    const breaking = {
      ...engine,
      validateParams: (params: unknown) => {
        if (broken) throw new Error("the addon is broken");
        return engine.validateParams(params);
      },
    };
    await withDaemon(
      async (dir) => {
        broken = true;
        for (const name of ["gate", "batch"] as const) {
          const client = new Client(dir, name);
          const reply = await client.hello("x");
          expect(reply).toEqual([STATUS.internal, expect.stringContaining("went on"), {}]);
          client.close();
        }
      },
      {},
      breaking,
    );
  });

  it("refuses parameters that have no JSON form", async () => {
    await withDaemon(async (dir) => {
      const client = new Client(dir, "batch");
      // A fixext 1 bignum inside the map: {"a": 5n}.
      const header = Buffer.concat([Buffer.from("96010207020681a161", "hex"), Buffer.from("c7014205", "hex")]);
      expect((await client.raw(header, candles(2))).reply.slice(0, 3)).toEqual([1, 7, STATUS.settings]);
      client.close();
    });
  });

  it("turns a failing engine into status internal and goes on", async () => {
    let calls = 0;
    const failing = {
      ...engine,
      annotate: (...args: Parameters<typeof engine.annotate>) => {
        calls += 1;
        if (calls === 1) return Promise.reject(new Error("engine panicked"));
        return engine.annotate(...args);
      },
    };
    await withDaemon(
      async (dir) => {
        const client = new Client(dir, "batch");
        const ask = () => client.raw(client.frame(OP.annotate, 600, 6, PARAMS), candles(600));
        expect((await ask()).reply.slice(2, 4)).toEqual([STATUS.internal, expect.stringContaining("engine panicked")]);
        expect((await ask()).reply[2]).toBe(STATUS.ok);
        client.close();
      },
      {},
      failing,
    );
  });
});

function dropRows(block: Buffer, rows: number, first: number, last: number): Buffer {
  const kept = rows - first - last;
  const out = Buffer.alloc(kept * 6 * 8);
  for (let column = 0; column < 6; column++) {
    block.copy(out, column * kept * 8, (column * rows + first) * 8, (column * rows + first + kept) * 8);
  }
  return out;
}

describe("sessions", () => {
  it("of backtests are forgotten least recently used first; live ones never are", async () => {
    const limits = { ...configFor("/tmp/x").limits, sessions: 3 };
    await withDaemon(
      async (dir) => {
        const client = new Client(dir);
        const [a, b] = [await client.open("a", {}, "backtest"), await client.open("b", {}, "backtest")];
        await client.open("live");
        await client.ask(OP.portfolio, a, 1, OPEN_MS, 1000, [], []);
        await client.open("c", {}, "backtest");
        expect((await client.ask(OP.portfolio, b, 1, OPEN_MS, 1000, [], []))[0]).toBe(STATUS.no_session);
        expect((await client.ask(OP.gate, a, ...question()))[0]).toBe(STATUS.ok);
        await client.open("live2");
        await client.open("live3");
        const [status, message] = await client.hello("live4");
        expect([status, message]).toEqual([STATUS.limit, expect.stringContaining("limits.sessions")]);
        client.close();
      },
      { limits },
    );
  });

  it("continue under their name when the client reconnects", async () => {
    await withDaemon(async (dir) => {
      const first = new Client(dir);
      const handle = await first.open("bot", {}, "hyperopt");
      await first.ask(OP.portfolio, handle, 3, OPEN_MS, 1000, [[OPEN_MS, 1000]], []);
      first.close();
      const second = new Client(dir);
      const [, body] = await second.hello("bot", {}, "hyperopt");
      expect(body).toMatchObject({ handle, seq: 3, samples_until_ms: OPEN_MS });
      second.close();
    });
  });
});

describe("restart", () => {
  it("continues live sessions: equity, denials, halts and counts; not backtests", async () => {
    const dir = temporaryDir();
    const config = configFor(dir);
    let daemon = await start(config);
    let client = new Client(dir);
    await client.open("bot");
    const high = [OPEN_MS - 120_000, OPEN_MS - 60_000].map((t_ms) => [t_ms, 1000]);
    await client.ask(OP.portfolio, 1, 1, OPEN_MS - 60_000, 1000, high, []);
    await client.ask(OP.portfolio, 1, 2, OPEN_MS, 700, [[OPEN_MS, 700]], [["AAA/BBB", 0, 10, 1, 0]]);
    const drawdown = [STATUS.ok, DECISION.deny, REASON.drawdown];
    expect((await client.ask(OP.gate, 1, ...question({ seq: 2 }))).slice(0, 3)).toEqual(drawdown);
    await client.open("bt", {}, "backtest");
    client.close();
    // What kill -9 leaves: no last line, half a line, sockets still there.
    await daemon.stop("test");
    const newest = listFiles(config.journal_dir).at(-1)?.path ?? "";
    const text = readFileSync(newest, "utf8").trimEnd().split("\n").slice(0, -1).join("\n");
    writeFileSync(newest, `${text}\n{"seq":99,"t_`);
    writeFileSync(join(dir, "gate.sock"), "");

    daemon = await start(config);
    client = new Client(dir);
    expect((await client.ask(OP.gate, 1, ...question({ seq: 2 })))[0]).toBe(STATUS.no_session);
    const [, body] = await client.hello("bot");
    expect(body).toMatchObject({ seq: 2, samples_until_ms: OPEN_MS });
    const { handle } = Object(body);
    expect((await client.ask(OP.gate, handle, ...question({ seq: 2 }))).slice(0, 3)).toEqual(drawdown);
    await client.ask(OP.control, "bot", 2, 0, "me", "test");
    const [, status] = await client.ask(OP.status);
    expect(Object(status).sessions).toMatchObject([{ session: "bot", state: "HALTED", asked: 1, denied: 1 }]);
    client.close();
    await daemon.stop("test");

    daemon = await start(config);
    client = new Client(dir);
    const again = await client.open("bot");
    expect((await client.ask(OP.gate, again, ...question({ seq: 2, pair: "NEW/BBB" }))).slice(1, 3)).toEqual([
      DECISION.deny,
      REASON.halted,
    ]);
    expect(await client.ask(OP.control, "", 0, 0, "me", "over")).toEqual([STATUS.ok, ["bot"]]);
    expect(await client.ask(OP.control, "nobody", 0, 0, "me", "over")).toMatchObject([
      STATUS.no_session,
      expect.any(String),
      {},
    ]);
    client.close();
    await daemon.stop("test");
    const folded = foldJournal(config.journal_dir);
    expect(folded.get("bot")?.state.tally).toMatchObject({ asked: 2, denied: 2 });
    rmSync(dir, { recursive: true });
  });
});

describe("a withdrawal", () => {
  it("denies entries until the history is begun anew by hand, which survives a restart and is in the journal", async () => {
    const dir = temporaryDir();
    const config = configFor(dir);
    let daemon = await start(config);
    let client = new Client(dir);
    let handle = await client.open("bot");
    const high = [3, 2].map((minutes) => [OPEN_MS - minutes * 60_000, 10_000]);
    await client.ask(OP.portfolio, handle, 1, OPEN_MS, 1000, [...high, [OPEN_MS, 1000]], []);
    expect((await client.ask(OP.gate, handle, ...question())).slice(1, 3)).toEqual([DECISION.deny, REASON.drawdown]);
    expect(await client.ask(OP.rebase, "bot", "me", "withdrawal")).toEqual([STATUS.ok, "bot"]);
    const next = question({ pair: "NEW/BBB" });
    expect((await client.ask(OP.gate, handle, ...next)).slice(1, 3)).toEqual([DECISION.allow, REASON.ok]);
    client.close();
    await daemon.stop("test");

    daemon = await start(config);
    client = new Client(dir);
    const [, body] = await client.hello("bot");
    handle = Number(Object(body).handle);
    // The client is told that nothing older is wanted, and it is not taken when sent.
    expect(Object(body).samples_until_ms).toBeGreaterThan(OPEN_MS);
    await client.ask(OP.portfolio, handle, 2, OPEN_MS, 1000, high, []);
    const again = question({ seq: 2, pair: "OLD/BBB" });
    expect((await client.ask(OP.gate, handle, ...again)).slice(1, 3)).toEqual([DECISION.allow, REASON.ok]);

    const backtest = await client.hello("bt", {}, "backtest");
    expect(backtest[0]).toBe(STATUS.ok);
    expect((await client.ask(OP.rebase, "bt", "me", "no"))[0]).toBe(STATUS.no_session);
    client.close();
    await daemon.stop("test");
    const audit = [];
    for (const line of readJournal(config.journal_dir)) if (line.type === "rebase") audit.push(line);
    expect(audit).toMatchObject([{ session: "bot", by: "me", why: "withdrawal" }]);
    rmSync(dir, { recursive: true });
  });
});

describe("a clock set back between boots", () => {
  it("does not change the order of the journal: the newest state is continued", async () => {
    const dir = temporaryDir();
    const config = configFor(dir);
    let daemon = await start(config);
    let client = new Client(dir);
    await client.open("bot");
    client.close();
    await daemon.stop("test");
    // As if that boot's clock had been an hour ahead.
    for (const { path, start_ms, boot, n } of listFiles(config.journal_dir)) {
      renameSync(path, join(config.journal_dir, fileName(start_ms + 3_600_000, boot, n)));
    }

    daemon = await start(config);
    client = new Client(dir);
    const handle = await client.open("bot");
    await client.ask(OP.portfolio, handle, 7, OPEN_MS, 1000, [], []);
    await client.ask(OP.control, "bot", 2, 0, "me", "test");
    client.close();
    expect(listFiles(config.journal_dir).at(-1)?.boot).toBe(daemon.boot);
    await daemon.stop("test");

    daemon = await start(config);
    client = new Client(dir);
    const [, body] = await client.hello("bot");
    expect(body).toMatchObject({ seq: 7 });
    const [, status] = await client.ask(OP.status);
    expect(Object(status).sessions).toMatchObject([{ session: "bot", state: "HALTED" }]);
    client.close();
    await daemon.stop("test");
    rmSync(dir, { recursive: true });
  });
});

describe("a journal that cannot be written", () => {
  it("denies entries until it can, then goes on by itself", async () => {
    await withDaemon(
      async (dir) => {
        const client = new Client(dir);
        const handle = await client.open("bot");
        await client.ask(OP.portfolio, handle, 1, OPEN_MS, 1000, [], []);
        const { journal_dir } = configFor(dir);
        // The next line goes to a new file, whose directory is gone.
        const { rmdir, mkdir } = await import("node:fs/promises");
        for (const file of listFiles(journal_dir)) rmSync(file.path);
        rmSync(join(journal_dir, "journal.lock"), { force: true });
        await rmdir(journal_dir);
        const pairs = (n: number) => `P${n}/BBB`;
        let n = 0;
        let reply = await client.ask(OP.gate, handle, ...question({ pair: pairs(n) }));
        // Lines still go to the deleted file until it is full.
        while (reply[1] === DECISION.allow && n < 5000)
          reply = await client.ask(OP.gate, handle, ...question({ pair: pairs(++n) }));
        expect(reply.slice(0, 3)).toEqual([STATUS.ok, DECISION.deny, REASON.journal_failed]);
        expect(reply[6]).toBe(0);
        await mkdir(journal_dir);
        // It is tried again after a moment, and nothing else has to be done.
        while (reply[1] !== DECISION.allow) reply = await client.ask(OP.gate, handle, ...question({ pair: pairs(n) }));
        const folded = foldJournal(journal_dir);
        expect(folded.get("bot")?.state.tally.asked).toBe(n + 1);
        client.close();
      },
      { journal: { max_file_bytes: 65_536, max_total_bytes: 1_048_576, max_age_days: null } },
    );
  });
});

describe("the directory", () => {
  it("is private, and so are the sockets", async () => {
    await withDaemon(async (dir) => {
      expect(statSync(dir).mode & 0o777).toBe(0o700);
      for (const name of ["gate.sock", "batch.sock"]) expect(statSync(join(dir, name)).mode & 0o777).toBe(0o600);
    });
  });

  it("serves one daemon: a second is refused and the first goes on", async () => {
    await withDaemon(async (dir) => {
      await expect(start(configFor(dir))).rejects.toThrow(/another talebridge daemon serves .* --dir/);
      await expectServed(dir);
    });
  });

  it("has one journal writer: another daemon with the same journal is refused", async () => {
    await withDaemon(async (dir) => {
      const other = temporaryDir();
      const { journal_dir } = configFor(dir);
      await expect(start(configFor(other, { journal_dir }))).rejects.toThrow(/--journal-dir/);
      const own = await start(configFor(other, { journal_dir, private: true }));
      await own.stop("test");
      expect(existsSync(journal_dir)).toBe(true);
      rmSync(other, { recursive: true, force: true });
    });
  });

  it("is not taken over from a newer daemon, whose lines would be misread, and keeps them", async () => {
    const dir = temporaryDir();
    const config = configFor(dir);
    await (await start(config)).stop("test");
    const [file] = listFiles(config.journal_dir);
    if (file === undefined) throw new Error("no journal");
    const lines = readFileSync(file.path, "utf8").split("\n");
    const newer = lines
      .map((line) => line.replace(/,"crc":\d+\}$/, "}"))
      .map((json) => (json === "" ? "" : sealJson(json.replace('"format":1', '"format":2'))))
      .join("\n");
    writeFileSync(file.path, newer);
    await expect(start(config)).rejects.toThrow(/format 2, and this talebridge reads up to 1.*--journal-dir/);
    expect(readFileSync(file.path, "utf8")).toBe(newer);
    rmSync(dir, { recursive: true });
  });

  it("is cleared of a killed daemon's sockets before anything else can fail, and only by the lock's holder", async () => {
    const dir = temporaryDir();
    const stale = join(dir, "gate.sock");
    writeFileSync(stale, "");
    const file = join(dir, "file");
    writeFileSync(file, "");
    await expect(start(configFor(dir, { journal_dir: file }))).rejects.toThrow("--journal-dir");
    expect(existsSync(stale)).toBe(false);
    const daemon = await start(configFor(dir));
    await expect(start(configFor(dir))).rejects.toThrow("is locked");
    expect(existsSync(stale)).toBe(true);
    await daemon.stop("test");
    rmSync(dir, { recursive: true });
  });

  it("is free again after a stop, and a private one is gone", async () => {
    const dir = temporaryDir();
    for (let i = 0; i < 2; i++) {
      const daemon = await start(configFor(dir));
      await daemon.stop("test");
      expect(existsSync(join(dir, "gate.sock"))).toBe(false);
    }
    const inner = join(dir, "private");
    const daemon = await start(configFor(inner, { private: true }));
    await expectServed(inner);
    await daemon.stop("test");
    expect([existsSync(inner), existsSync(dir)]).toEqual([false, true]);
    rmSync(dir, { recursive: true });
  });

  it("is closed at start when others could enter it", async () => {
    const dir = temporaryDir();
    chmodSync(dir, 0o755);
    const daemon = await start(configFor(dir));
    expect(statSync(dir).mode & 0o777).toBe(0o700);
    await daemon.stop("test over");
    rmSync(dir, { recursive: true });
  });

  it("is refused when it is a link or a file", async () => {
    const dir = temporaryDir();
    const link = join(dir, "link");
    symlinkSync(dir, link);
    await expect(start(configFor(link))).rejects.toThrow("not a directory");
    const file = join(dir, "file");
    writeFileSync(file, "");
    await expect(start(configFor(file))).rejects.toThrow("--dir");
    rmSync(dir, { recursive: true });
  });
});

describe("the journal directory", () => {
  it.each([0o770, 0o702])("is refused at start when others can write it (%o)", async (mode) => {
    const dir = temporaryDir();
    const config = configFor(join(dir, "run"));
    mkdirSync(config.journal_dir, { recursive: true });
    chmodSync(config.journal_dir, mode);
    await expect(start(config)).rejects.toThrow(`chmod 700 ${config.journal_dir}`);
    // Nothing is held after that: as the message says, this is the fix.
    chmodSync(config.journal_dir, 0o700);
    await (await start(config)).stop("test over");
    rmSync(dir, { recursive: true });
  });

  it.each([
    [0o755, 1],
    [0o700, 0],
  ])("with mode %o is served, with %i warnings that others can look in", async (mode, warnings) => {
    const dir = temporaryDir();
    const config = configFor(join(dir, "run"));
    mkdirSync(config.journal_dir, { recursive: true });
    chmodSync(config.journal_dir, mode);
    const lines: string[] = [];
    const log = pino({}, { write: (line: string) => void lines.push(line) });
    const daemon = await startDaemon(config, engine, log, process.getuid?.() ?? 0);
    await daemon.stop("test over");
    expect(lines.filter((line) => line.includes(`chmod 700 ${config.journal_dir}`))).toHaveLength(warnings);
    rmSync(dir, { recursive: true });
  });
});

describe("many clients", () => {
  it("each get their own answers", async () => {
    await withDaemon(async (dir) => {
      const ask = async (n: number) => {
        const client = new Client(dir);
        const handle = await client.open(`session ${n}`, {}, "backtest");
        await client.ask(OP.portfolio, handle, 1, OPEN_MS, 1000, [], []);
        for (let i = 0; i < 50; i++) {
          const stake = n * 10 + i / 7;
          const size = 512;
          const [, , , allowed] = await client.ask(
            OP.gate,
            handle,
            ...question({ pair: `P${i}/X`, stake, size, reason: REASON.jump, min_stake: 0 }),
          );
          expect(allowed).toBe(stake / 2);
        }
        client.close();
      };
      await Promise.all(Array.from({ length: 8 }, (_, n) => ask(n + 1)));
    });
  });
});

it("uses candles the clock accepts", () => {
  expect(Date.now() - OPEN_MS).toBeGreaterThanOrEqual(CANDLE_MS);
});
