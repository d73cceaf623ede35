/** One ROUTER socket by itself: whose turn it is when many have asked, and what is left after all are sent away. */
import { rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { pino } from "pino";
import { describe, expect, it } from "vitest";
import { Dealer } from "zeromq";
import { FIXED } from "../../src/limits.js";
import { Counters } from "../../src/metrics/counters.js";
import { type Address, ServerSocket } from "../../src/server/socket.js";
import { temporaryDir } from "./harness.js";

const LONG = 5000;
const SHORT = 90;

/** A socket that listens at an address (of a file: its path), notes the size of each message and answers it. */
function listen(at: string | Address, intake: number, handled: number[]): ServerSocket {
  const socket = new ServerSocket({
    address: typeof at === "string" ? { transport: "ipc", path: at } : at,
    max_message_bytes: 65_536,
    high_water_mark: FIXED.gate_high_water_mark,
    intake,
    counters: new Counters(),
    log: pino({ level: "silent" }),
    onAccepted: () => undefined,
    handle: ([frame], reply) => {
      handled.push(frame?.length ?? 0);
      reply([Buffer.from("x")]);
    },
  });
  socket.start();
  return socket;
}

/** Sizes of the messages in the order in which they were handled, when all were there before the first was. */
async function orderOf(intake: number): Promise<number[]> {
  const dir = temporaryDir();
  const path = join(dir, "x.sock");
  const handled: number[] = [];
  const socket = listen(path, intake, handled);
  const [flood, single] = [new Dealer({ linger: 0 }), new Dealer({ linger: 0 })];
  try {
    for (const client of [flood, single]) {
      client.connect(`ipc://${path}`);
      await client.send(Buffer.alloc(1));
      await client.receive();
    }
    handled.length = 0;
    const sent: Promise<void>[] = [];
    for (let i = 0; i < 20; i++) sent.push(flood.send(Buffer.alloc(LONG)));
    for (let i = 0; i < 5; i++) sent.push(single.send(Buffer.alloc(SHORT)));
    // The sockets' own threads go on meanwhile: everything has arrived when this thread looks again, on a busy machine, too.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1500);
    await Promise.all(sent);
    await expect.poll(() => handled.length, { timeout: 5000 }).toBe(25);
    return handled;
  } finally {
    for (const client of [flood, single]) client.close();
    await socket.close();
    rmSync(dir, { recursive: true, force: true });
  }
}

describe("a socket many clients ask", () => {
  it("answers who asked for little before the rest of who asked for much", async () => {
    const order = await orderOf(FIXED.gate_intake);
    expect(order.lastIndexOf(SHORT)).toBeLessThanOrEqual(6);
  });

  it("with an intake of one leaves the order to ZeroMQ, which counts messages", async () => {
    const order = await orderOf(1);
    expect([order.length, order.filter((bytes) => bytes === SHORT).length]).toEqual([25, 5]);
  });
});

describe("a socket that drops its connections", () => {
  it.each(["ipc", "tcp"] as const)("over %s cuts those that are open and is there for new ones", async (transport) => {
    const dir = temporaryDir();
    const path = join(dir, "x.sock");
    const tcp = { transport: "tcp", endpoint: { host: "127.0.0.1", port: 0 }, curve: null } as const;
    const socket = listen(transport === "ipc" ? { transport, path } : tcp, 1, []);
    const { endpoint } = socket;
    // Does not connect anew by itself.
    const client = () => {
      const dealer = new Dealer({
        linger: 0,
        immediate: true,
        reconnectInterval: -1,
        sendTimeout: 500,
        receiveTimeout: 500,
      });
      dealer.connect(endpoint);
      return dealer;
    };
    const answered = async (dealer: Dealer) => {
      try {
        await dealer.send(Buffer.alloc(1));
        await dealer.receive();
        return true;
      } catch {
        return false;
      }
    };
    const before = client();
    let after: Dealer | null = null;
    try {
      expect(await answered(before)).toBe(true);
      // Twice at once is once.
      await Promise.all([socket.dropConnections(), socket.dropConnections()]);
      expect([socket.endpoint, await answered(before)]).toEqual([endpoint, false]);
      after = client();
      expect(await answered(after)).toBe(true);
    } finally {
      before.close();
      after?.close();
      await socket.close();
      rmSync(dir, { recursive: true, force: true });
    }
  });

  it("can be connected to afterwards, every time", { timeout: 60_000 }, async () => {
    const dir = temporaryDir();
    const path = join(dir, "x.sock");
    const socket = listen(path, 1, []);
    try {
      for (let round = 0; round < 100; round++) {
        const client = new Dealer({ linger: 0, immediate: true, sendTimeout: 5000, receiveTimeout: 5000 });
        client.connect(`ipc://${path}`);
        await client.send(Buffer.alloc(1));
        await client.receive();
        await socket.dropConnections();
        client.close();
        expect(statSync(path).mode & 0o777).toBe(0o600);
      }
    } finally {
      await socket.close();
      rmSync(dir, { recursive: true, force: true });
    }
  });
});
