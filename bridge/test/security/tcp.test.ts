/** The tcp entrance: real sockets, real keys. Who has no listed key gets no answer, and the listed are served meanwhile. */
import { chmodSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createConnection, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { Packr, Unpackr } from "msgpackr";
import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { curveKeyPair, Dealer } from "zeromq";
import type { TcpConfig } from "../../src/config/daemon.js";
import { OP, STATUS } from "../../src/protocol/codes.js";
import { type ClientKey, createClientKey, createServerKey, revokeClient } from "../../src/security/keys.js";
import { type Daemon, startDaemon } from "../../src/server/daemon.js";
import { ConfigError } from "../../src/server/directory.js";
import { candles, configFor, engine, PARAMS, temporaryDir } from "../server/harness.js";

const uid = process.getuid?.() ?? 0;
const ANSWER_MS = 15_000;
const SILENCE_MS = 700;

let dir = "";
let keys_dir = "";
let daemon: Daemon | null = null;
let sockets: Dealer[] = [];
let log: string[] = [];
beforeEach(() => {
  dir = temporaryDir();
  keys_dir = join(dir, "keys");
  log = [];
});
afterEach(async () => {
  for (const socket of sockets) socket.close();
  sockets = [];
  await daemon?.stop("test over");
  daemon = null;
  rmSync(dir, { recursive: true, force: true });
});

async function serve(over: Partial<TcpConfig> = {}): Promise<Daemon> {
  const any = { host: "127.0.0.1", port: 0 };
  const config = configFor(join(dir, "run"), { tcp: { gate: any, batch: any, keys_dir, insecure: false, ...over } });
  const logger = pino({ level: "trace" }, { write: (line: string) => void log.push(line) });
  daemon = await startDaemon(config, engine, logger, uid);
  return daemon;
}

function newClient(name: string): ClientKey {
  return JSON.parse(readFileSync(createClientKey(keys_dir, name, null, uid), "utf8"));
}

function connect(endpoint: string | undefined, key: ClientKey | null, receiveTimeout = ANSWER_MS): Dealer {
  const security =
    key === null ? {} : { curveServerKey: key.server_public, curvePublicKey: key.public, curveSecretKey: key.secret };
  const socket = new Dealer({ linger: 0, immediate: true, sendTimeout: receiveTimeout, receiveTimeout, ...security });
  socket.connect(endpoint ?? "");
  sockets.push(socket);
  return socket;
}

async function status(socket: Dealer): Promise<unknown> {
  await socket.send(new Packr({ useRecords: false }).pack([1, OP.status, 1]));
  const [frame = Buffer.alloc(0)] = await socket.receive();
  return new Unpackr({ useRecords: false }).unpack(frame);
}

const counters = async (socket: Dealer) => Object(Object(await status(socket))[3]).counters;
/** Refusals so far, asked over a connection of its own. */
const daemonRefused = async (endpoint: string | undefined, key: ClientKey): Promise<number> =>
  (await counters(connect(endpoint, key))).clients_refused;
const stranger = (server_public: string): ClientKey => {
  const { publicKey, secretKey } = curveKeyPair();
  return { server_public, public: publicKey, secret: secretKey };
};

describe("tcp with CURVE", () => {
  it("serves both sockets to a client whose key is on the list", async () => {
    createServerKey(keys_dir, uid);
    const key = newClient("bot");
    const { endpoints } = await serve();
    expect(await status(connect(endpoints.gate, key))).toMatchObject([1, 1, STATUS.ok, { server: expect.any(String) }]);
    const batch = connect(endpoints.batch, key);
    await batch.send([new Packr({ useRecords: false }).pack([1, OP.annotate, 2, 700, 6, PARAMS]), candles(700)]);
    const [head = Buffer.alloc(0), block] = await batch.receive();
    const reply: unknown[] = new Unpackr({ useRecords: false }).unpack(head);
    expect(reply.slice(0, 5)).toEqual([1, 2, STATUS.ok, 700, engine.columns.length]);
    expect(block?.length).toBe(700 * engine.columns.length * 8);
  });

  it.each([
    ["a key that is not on the list", (good: ClientKey) => stranger(good.server_public)],
    [
      "a listed public key without its secret half",
      (good: ClientKey) => ({ ...good, secret: curveKeyPair().secretKey }),
    ],
    ["the wrong server's key", (good: ClientKey) => ({ ...good, server_public: curveKeyPair().publicKey })],
    ["no key at all", () => null],
  ])("answers nothing to a client with %s, and goes on serving others", async (_, spoil) => {
    createServerKey(keys_dir, uid);
    const good = newClient("bot");
    const { endpoints } = await serve();
    await expect(status(connect(endpoints.gate, spoil(good), SILENCE_MS))).rejects.toMatchObject({ code: "EAGAIN" });
    expect(await status(connect(endpoints.gate, good))).toMatchObject([1, 1, STATUS.ok, {}]);
  });

  it("counts refused clients, logs the first with its public key, and not every one", async () => {
    createServerKey(keys_dir, uid);
    const good = newClient("bot");
    const { endpoints } = await serve();
    const strangers = Array.from({ length: 5 }, () => stranger(good.server_public));
    for (const key of strangers) {
      await expect(status(connect(endpoints.gate, key, SILENCE_MS))).rejects.toMatchObject({ code: "EAGAIN" });
    }
    const asker = connect(endpoints.gate, good);
    const refused = async () => (await counters(asker)).clients_refused;
    await expect.poll(refused, { timeout: ANSWER_MS }).toBeGreaterThanOrEqual(5);
    const refusals = log.filter((line) => line.includes("refused a client"));
    expect(refusals.length).toBeLessThan(5);
    expect(refusals[0]).toContain(JSON.stringify(strangers[0]?.public).slice(1, -1));
  });

  it("lets a new client in and a revoked one no more, without a restart", async () => {
    createServerKey(keys_dir, uid);
    const { endpoints } = await serve();
    const key = newClient("late");
    expect(await status(connect(endpoints.gate, key))).toMatchObject([1, 1, STATUS.ok, {}]);
    const other_key = newClient("other");
    expect(await daemonRefused(endpoints.gate, other_key)).toBe(0);
    revokeClient(keys_dir, "late");
    await expect(status(connect(endpoints.gate, key, SILENCE_MS))).rejects.toMatchObject({ code: "EAGAIN" });
    await expect.poll(() => daemonRefused(endpoints.gate, other_key), { timeout: ANSWER_MS }).toBeGreaterThan(0);
  });

  it("cuts the open connection of a key that is revoked, and serves the others on", async () => {
    createServerKey(keys_dir, uid);
    const { endpoints } = await serve();
    const [key, other_key] = [newClient("late"), newClient("other")];
    const open = connect(endpoints.gate, key, SILENCE_MS);
    expect(await status(open)).toMatchObject([1, 1, STATUS.ok, {}]);
    revokeClient(keys_dir, "late");
    const answered = () =>
      status(open).then(
        () => true,
        () => false,
      );
    await expect.poll(answered, { timeout: ANSWER_MS }).toBe(false);
    expect([await answered(), log.join("")]).toEqual([false, expect.stringContaining("taken off the list")]);
    expect(await daemonRefused(endpoints.gate, other_key)).toBeGreaterThan(0);
  });

  it("leaves open connections alone when a key is added", async () => {
    createServerKey(keys_dir, uid);
    const { endpoints } = await serve();
    const open = connect(endpoints.gate, newClient("bot"), SILENCE_MS);
    await status(open);
    expect(await status(connect(endpoints.gate, newClient("late")))).toMatchObject([1, 1, STATUS.ok, {}]);
    expect(await counters(open)).toMatchObject({ connections_dropped: 0 });
  });

  it("writes no secret to its log or its journal", async () => {
    createServerKey(keys_dir, uid);
    const key = newClient("bot");
    const server = JSON.parse(readFileSync(join(keys_dir, "server.key"), "utf8"));
    const { endpoints } = await serve();
    await status(connect(endpoints.gate, key));
    await expect(status(connect(endpoints.gate, null, SILENCE_MS))).rejects.toThrow();
    await daemon?.stop("test over");
    const folder = join(dir, "run", "journal");
    const journal = readdirSync(folder)
      .map((file) => readFileSync(join(folder, file), "utf8"))
      .join("");
    expect(journal.length).toBeGreaterThan(0);
    for (const secret of [server.secret, key.secret].map((text) => JSON.stringify(text).slice(1, -1))) {
      expect(log.join("")).not.toContain(secret);
      expect(journal).not.toContain(secret);
    }
  });

  it.each([
    [true, "in the clear"],
    [false, "encrypted"],
  ])("with insecure %s is %s for who listens on the way", async (insecure) => {
    createServerKey(keys_dir, uid);
    const key = insecure ? null : newClient("bot");
    const { endpoints } = await serve({ insecure });
    const wire = await tap(String(endpoints.gate));
    await status(connect(`tcp://127.0.0.1:${wire.port}`, key));
    await wire.close();
    expect(wire.heard()).toContain(insecure ? "NULL" : "CURVE");
    expect(wire.heard().includes("talebridge/")).toBe(insecure);
  });
});

describe("tcp refuses to start", () => {
  it("without a server key, with the command that makes it", async () => {
    await expect(serve()).rejects.toThrow(/talebridge keys server/);
  });

  it("with a key file that others can read", async () => {
    chmodSync(createServerKey(keys_dir, uid), 0o644);
    await expect(serve()).rejects.toThrow(/chmod 600/);
  });

  it("with a list that others can write", async () => {
    createServerKey(keys_dir, uid);
    chmodSync(join(keys_dir, "clients"), 0o777);
    await expect(serve()).rejects.toThrow(/chmod go-w/);
  });

  it("on a port that is taken, leaving the directory free for the next try", async () => {
    createServerKey(keys_dir, uid);
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
    const port = Number(Object(taken.address()).port);
    await expect(serve({ batch: { host: "127.0.0.1", port } })).rejects.toThrow(ConfigError);
    taken.close();
    await serve();
  });
});

describe("insecure tcp", () => {
  it("serves anyone on loopback, and says so in the log", async () => {
    const { endpoints } = await serve({ insecure: true });
    expect(await status(connect(endpoints.gate, null))).toMatchObject([1, 1, STATUS.ok, {}]);
    expect(log.join("")).toContain("tcp is insecure");
  });
});

/** A proxy that writes down all that passes. */
async function tap(endpoint: string) {
  const target = Number(new URL(endpoint).port);
  const passed: Buffer[] = [];
  const ends: Socket[] = [];
  const proxy = createServer((client) => {
    const server = createConnection(target, "127.0.0.1");
    ends.push(client, server);
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      from.on("data", (data) => {
        passed.push(data);
        to.write(data);
      });
      from.on("error", () => to.destroy());
      from.on("end", () => to.end());
    }
  });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  return {
    port: Number(Object(proxy.address()).port),
    heard: () => Buffer.concat(passed).toString("latin1"),
    close: async () => {
      proxy.close();
      for (const end of ends) end.destroy();
    },
  };
}
