/** Clients that connect and go, never speak, stop in the middle of a word, never listen, or are too many: a real daemon, bare sockets. */
import { existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import type { Socket } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Daemon } from "../../../campaigns/lib/daemon.mjs";
import { GREETING, message, open, RawDealer } from "../../../campaigns/lib/zmtp.mjs";
import { DECISION, OP, STATUS } from "../../src/protocol/codes.js";
import { Client, OPEN_MS, question, temporaryDir } from "../server/harness.js";

const PATIENCE = { timeout: 180_000 };
let dir = "";
let daemon: Daemon;
beforeEach(() => {
  dir = temporaryDir();
  mkdirSync(join(dir, "run"), { mode: 0o700 });
});
afterEach(async () => {
  await daemon.end("SIGKILL");
  rmSync(dir, { recursive: true, force: true });
});

const run = () => join(dir, "run");
const gate_path = () => join(run(), "gate.sock");
const start = async (wrapper: readonly string[] = []) => {
  daemon = await Daemon.start({ dir: run(), journal: join(dir, "journal"), wrapper });
};
const openFiles = () => readdirSync(`/proc/${daemon.pid}/fd`).length;

/** Waits for what must come about by itself. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await sleep(50);
}

async function expectServed(name: string): Promise<void> {
  const client = new Client(run());
  const handle = await client.open(name, {}, "backtest");
  await client.ask(OP.portfolio, handle, 1, OPEN_MS, 1000, [], []);
  expect((await client.ask(OP.gate, handle, ...question())).slice(0, 2)).toEqual([STATUS.ok, DECISION.allow]);
  client.close();
}

/** Connects, and does not mind being let go of. */
async function knock(): Promise<Socket> {
  const socket = await open(gate_path());
  socket.on("error", () => undefined);
  return socket;
}

describe("ten thousand connections, one after the other", PATIENCE, () => {
  it("leave neither descriptors nor memory behind", async () => {
    await start();
    await expectServed("first");
    const visit = async (i: number) => {
      const socket = await knock();
      // Some say nothing, some greet, some break off in the greeting.
      if (i % 3 === 1) socket.write(GREETING);
      if (i % 3 === 2) socket.write(GREETING.subarray(0, i % GREETING.length));
      socket.destroy();
    };
    for (let i = 0; i < 1_000; i++) await visit(i);
    await until(() => openFiles() < 60);
    const [files, memory] = [openFiles(), daemon.rssMb()];
    for (let i = 0; i < 9_000; i++) await visit(i);
    await until(() => openFiles() <= files + 2);
    expect(daemon.rssMb()).toBeLessThan(memory + 40);
    await expectServed("last");
  });
});

describe("slow clients", PATIENCE, () => {
  it("that stop in the middle of the greeting are let go of, and others are served meanwhile", async () => {
    await start();
    const before = openFiles();
    const slow: Socket[] = [];
    for (let i = 0; i < 200; i++) {
      const socket = await knock();
      socket.write(GREETING.subarray(0, 1 + (i % (GREETING.length - 1))));
      slow.push(socket);
    }
    await expectServed("meanwhile");
    await until(() => openFiles() <= before + 5);
    for (const socket of slow) socket.destroy();
  });

  it("that declare a large frame and send it byte by byte, or not at all, cost what they sent", async () => {
    await start();
    await expectServed("before");
    const memory = daemon.rssMb();
    const slow: RawDealer[] = [];
    for (let i = 0; i < 100; i++) {
      const name = i % 2 === 0 ? "gate" : "batch";
      const dealer = await RawDealer.connect(join(run(), `${name}.sock`), () => undefined);
      const head = Buffer.alloc(9);
      head[0] = 2;
      // Just within the limit of each socket: 64 KiB and 256 MiB.
      head.writeBigUInt64BE(BigInt(name === "gate" ? 65_536 : 268_435_456), 1);
      dealer.write(head);
      slow.push(dealer);
    }
    for (let byte = 0; byte < 20; byte++) for (const dealer of slow) dealer.write(Buffer.from([byte]));
    await expectServed("meanwhile");
    expect(daemon.rssMb()).toBeLessThan(memory + 40);
    for (const dealer of slow) dealer.close();
    await expectServed("after");
  });
});

describe("clients that never read", PATIENCE, () => {
  it("lose their replies beyond the high-water mark, and cost no more memory than that", async () => {
    await start();
    const honest = new Client(run());
    const handle = await honest.open("honest", {}, "backtest");
    await honest.ask(OP.portfolio, handle, 1, OPEN_MS, 1000, [], []);
    const memory = daemon.rssMb();
    const status = message([honest.frame(OP.status)]);
    const batch = Buffer.concat(Array.from({ length: 200 }, () => status));
    const deaf: RawDealer[] = [];
    for (let i = 0; i < 4; i++) {
      const dealer = await RawDealer.connect(gate_path(), () => undefined);
      dealer.socket.pause();
      for (let n = 0; n < 20; n++) dealer.write(batch);
      deaf.push(dealer);
    }
    const dropped = async () => {
      const [, body] = await honest.ask(OP.status);
      return Number(Object(body).counters.replies_dropped);
    };
    while ((await dropped()) < 1_000) await sleep(50);
    expect((await honest.ask(OP.gate, handle, ...question())).slice(0, 2)).toEqual([STATUS.ok, DECISION.allow]);
    expect(daemon.rssMb()).toBeLessThan(memory + 60);
    for (const dealer of deaf) dealer.close();
    honest.close();
  });
});

/** A question whose connection may be among those dropped is asked again, as a client does. */
async function askUntilAnswered(op: number, attempts = 4): Promise<unknown[]> {
  const client = new Client(run());
  try {
    return await client.ask(op);
  } catch (error) {
    if (attempts <= 1) throw error;
    return await askUntilAnswered(op, attempts - 1);
  } finally {
    client.close();
  }
}

describe("descriptors", PATIENCE, () => {
  it.runIf(existsSync("/usr/bin/prlimit"))(
    "that would run out make the daemon drop all connections and take new ones",
    async () => {
      await start(["/usr/bin/prlimit", "--nofile=1024:1024"]);
      const before = openFiles();
      const crowd: Socket[] = [];
      // In steps: what a real crowd does in a second. Faster than the daemon can look, libzmq would end the process.
      for (let i = 0; i < 900; i++) {
        const dealer = await RawDealer.connect(gate_path(), () => undefined).catch(() => null);
        if (dealer !== null) crowd.push(dealer.socket);
      }
      const [status, body] = await askUntilAnswered(OP.status);
      expect(status).toBe(STATUS.ok);
      expect(Object(body).counters.connections_dropped).toBeGreaterThan(0);
      for (const socket of crowd) socket.destroy();
      await until(() => openFiles() <= before + 5);
      await expectServed("after the crowd");
    },
  );

  it.runIf(existsSync("/usr/bin/prlimit"))("too few to be safe are refused at start", async () => {
    await expect(start(["/usr/bin/prlimit", "--nofile=256:256"])).rejects.toThrow("before it was ready");
    expect(daemon?.alive ?? false).toBe(false);
  });
});
