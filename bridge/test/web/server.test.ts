/** The page's server in a real daemon: who is let in, what is sent, what is journalled, and what is bounded. */
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { type IncomingMessage, request } from "node:http";
import { createConnection } from "node:net";
import { join } from "node:path";
import { Writable } from "node:stream";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { EventReader, type ServerEvent } from "../../assets/web/sse.js";
import { FIXED } from "../../src/limits.js";
import { DECISION, OP, REASON, SESSION_STATUS } from "../../src/protocol/codes.js";
import type { Daemon } from "../../src/server/daemon.js";
import { applyPatch } from "../../src/web/diff.js";
import type { WebState } from "../../src/web/state.js";
import { Watchers } from "../../src/web/watchers.js";
import { Client, configFor, OPEN_MS, question, start, temporaryDir } from "../server/harness.js";

let dir = "";
let daemon: Daemon;
let clients: Client[] = [];
const open = new Set<{ destroy(): void }>();
const settings = () => ({
  web: { listen: { host: "127.0.0.1", port: 0 }, hosts: ["gate.example"], token_file: join(dir, "web.token") },
});
beforeEach(async () => {
  dir = temporaryDir();
  daemon = await start(configFor(dir, settings()));
});
afterEach(async () => {
  for (const connection of open) connection.destroy();
  open.clear();
  for (const client of clients) client.close();
  clients = [];
  await daemon.stop("test over");
  rmSync(dir, { recursive: true, force: true });
});

const base = () => new URL(daemon.endpoints.web ?? "");
const token = () => readFileSync(join(dir, "web.token"), "utf8").trim();

interface Sent {
  readonly path?: string;
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

/** One request, as raw as a browser or an attacker may make it. */
function send({ path = "/api/control", method = "POST", headers = {}, body = "" }: Sent): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const { port } = base();
    const sent = request({ host: "127.0.0.1", port, path, method, headers, agent: false }, (response) => {
      open.add(response);
      resolve(response);
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

const authorized = (over: Record<string, string> = {}) => ({
  Authorization: `Bearer ${token()}`,
  "Content-Type": "application/json",
  ...over,
});
const halt = (over: object = {}) => JSON.stringify({ session: "", state: "HALTED", why: "news", ...over });

async function textOf(response: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of response) text += chunk;
  return text;
}

async function bot(name = "bot"): Promise<{ client: Client; handle: number }> {
  const client = new Client(dir);
  clients.push(client);
  const handle = await client.open(name);
  await client.ask(OP.portfolio, handle, 1, OPEN_MS, 1000, [], []);
  return { client, handle };
}

/** Every line of the journal, as it is on the disk. */
function journal(): Record<string, unknown>[] {
  const folder = join(dir, "journal");
  const files = readdirSync(folder).filter((name) => name.endsWith(".jsonl"));
  return files.flatMap((name) =>
    readFileSync(join(folder, name), "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line)),
  );
}

/** States as a browser puts them together. */
async function* states(): AsyncGenerator<{ state: WebState; event: ServerEvent }> {
  const response = await send({ path: "/api/events", method: "GET", headers: authorized() });
  expect([response.statusCode, response.headers["content-type"]]).toEqual([200, "text/event-stream; charset=utf-8"]);
  const reader = new EventReader();
  let state: WebState | null = null;
  for await (const chunk of response) {
    for (const event of reader.push(String(chunk))) {
      if (event.event === "state") state = JSON.parse(event.data);
      else if (state !== null) state = applyPatch(state, JSON.parse(event.data));
      if (state !== null) yield { state, event };
    }
  }
}

describe("who is let in", () => {
  it.each([
    ["no token", {}, 401],
    ["a wrong token", { Authorization: `Bearer ${"x".repeat(43)}` }, 401],
    ["a foreign host (DNS rebinding)", { Host: "evil.example" }, 421],
    ["a foreign host, with the token", { Host: "evil.example", ...{ auth: "yes" } }, 421],
    ["another origin", { Origin: "http://evil.example", auth: "yes" }, 403],
    ["another port of this machine", { Origin: "http://127.0.0.1:1", auth: "yes" }, 403],
    ["a page of another site without an origin", { "Sec-Fetch-Site": "cross-site", auth: "yes" }, 403],
    ["a form", { "Content-Type": "text/plain", auth: "yes" }, 415],
  ])("%s", async (_what, headers: Record<string, string>, status) => {
    const { client } = await bot();
    const { auth, ...rest } = headers;
    const lines = journal().length;
    const response = await send({ headers: auth === undefined ? rest : authorized(rest), body: halt() });
    expect(response.statusCode).toBe(status);
    expect(journal()).toHaveLength(lines);
    const events = await send({
      path: "/api/events",
      method: "GET",
      headers: auth === undefined ? rest : authorized(rest),
    });
    if (status !== 415) expect(events.statusCode).toBe(status);
    expect(Object((await client.ask(OP.status))[1]).sessions[0].state).toBe("ACTIVE");
  });

  it("takes the token from neither the address nor a cookie", async () => {
    const path = `/api/events?token=${token()}`;
    expect((await send({ path, method: "GET", headers: { Cookie: `token=${token()}` } })).statusCode).toBe(401);
  });

  it("serves the page itself to anybody: it holds nothing", async () => {
    for (const [path, type] of [
      ["/", "text/html"],
      ["/page.js", "text/javascript"],
      ["/page.css", "text/css"],
    ] as const) {
      const response = await send({ path, method: "GET", headers: { Host: "gate.example" } });
      expect([path, response.statusCode, response.headers["content-type"]?.split(";")[0]]).toEqual([path, 200, type]);
      expect(response.headers["content-security-policy"]).toContain("default-src 'none'");
      expect(response.headers["cache-control"]).toBe("no-store");
      const body = await textOf(response);
      expect(body).not.toContain(token());
      expect(body).not.toMatch(/(?:src|href|url|import)\s*[=(]\s*["']?(?:https?:)?\/\//);
    }
  });

  it.each([
    ["/../package.json", "GET", 404],
    ["/page.js.map", "GET", 404],
    ["/api/else", "GET", 404],
    ["/", "POST", 405],
    ["/api/events", "POST", 405],
    ["/api/control", "GET", 405],
  ])("answers %s %s with %i", async (path, method, status) => {
    expect((await send({ path, method, headers: authorized() })).statusCode).toBe(status);
  });
});

describe("what is bounded", () => {
  it("headers, bodies and nonsense", async () => {
    const long = { a: "x".repeat(FIXED.web_header_bytes) };
    expect((await send({ headers: long })).statusCode).toBe(431);
    const body = halt({ why: "x".repeat(FIXED.web_body_bytes) });
    expect((await send({ headers: authorized(), body })).statusCode).toBe(413);
    const chunked = { ...authorized(), "Transfer-Encoding": "chunked" };
    expect((await send({ headers: chunked, body })).statusCode).toBe(413);
    expect((await send({ headers: authorized(), body: "{" })).statusCode).toBe(400);
    const socket = createConnection(Number(base().port), "127.0.0.1");
    const ended = new Promise((resolve) => socket.on("close", resolve).on("error", () => undefined));
    socket.resume();
    socket.write("\x00\x01 nonsense\r\n\r\n");
    await ended;
    expect((await send({ path: "/", method: "GET" })).statusCode).toBe(200);
  });

  it("browsers that watch: one more is told to wait, and has room when one leaves", async () => {
    const watch = () => send({ path: "/api/events", method: "GET", headers: authorized() });
    const watching = await Promise.all(Array.from({ length: FIXED.web_watchers }, watch));
    expect(watching.map(({ statusCode }) => statusCode)).toEqual(watching.map(() => 200));
    expect((await watch()).statusCode).toBe(503);
    watching[0]?.destroy();
    await expect.poll(async () => (await watch()).statusCode, { timeout: 10_000 }).toBe(200);
  });

  it("connections", async () => {
    const sockets = Array.from({ length: FIXED.web_connections + 1 }, () => {
      const socket = createConnection(Number(base().port), "127.0.0.1");
      open.add(socket);
      socket.on("error", () => undefined);
      socket.resume();
      return socket;
    });
    const closed = new Promise((resolve) => sockets.forEach((socket) => void socket.on("close", resolve)));
    await closed;
    expect(sockets.filter(({ destroyed }) => destroyed).length).toBeGreaterThan(0);
  });
});

describe("what is watched", () => {
  it("begins with the whole state and goes on with what changes", async () => {
    const { client, handle } = await bot();
    const watched = states();
    const first = (await watched.next()).value;
    expect([first?.event.event, first?.state.bots[0]?.session]).toEqual(["state", "bot"]);
    const [, decision] = await client.ask(
      OP.gate,
      handle,
      ...question({ pair: "NEW/X", size: 512, reason: REASON.jump }),
    );
    expect(decision).toBe(DECISION.reduce);
    for await (const { state, event } of watched) {
      expect(event.event).toBe("patch");
      if (state.pairs.length === 0) continue;
      expect(state.pairs[0]).toMatchObject({ pair: "NEW/X", verdict: "reduce", reason: "jump", ceiling: 50.25 });
      expect(state.decisions[0]).toMatchObject({ pair: "NEW/X", would: "reduce", seq: journal().at(-1)?.seq });
      break;
    }
  });

  it("shows a halt at once, journalled as the command journals it", async () => {
    const { client } = await bot();
    await bot("other");
    const watched = states();
    await watched.next();
    const response = await send({ headers: authorized(), body: halt({ session: "bot", for: "4h" }) });
    expect([response.statusCode, JSON.parse(await textOf(response))]).toEqual([200, { sessions: ["bot"] }]);
    for await (const { state } of watched) {
      const halted = state.bots.find(({ session }) => session === "bot");
      if (halted?.standing.status !== "HALTED") continue;
      expect(halted.standing).toMatchObject({ why: "news", denied: [{ reason: "halted" }] });
      break;
    }
    const by_page = journal().at(-1);
    await client.ask(OP.control, "bot", SESSION_STATUS.HALTED, Number(by_page?.until_ms), String(by_page?.by), "news");
    const by_socket = journal().at(-1);
    const { seq: _s, t_ms: _t, crc: _c, ...line } = Object(by_page);
    expect(Object(by_socket)).toMatchObject(line);
    expect(line).toMatchObject({ type: "control", session: "bot", status: "HALTED", why: "news" });
    expect(line.by).toMatch(/ \(web page\)$/);
    const resumed = await send({ headers: authorized(), body: halt({ state: "ACTIVE", why: "over" }) });
    expect(JSON.parse(await textOf(resumed)).sessions.sort()).toEqual(["bot", "other"]);
    expect(journal().at(-1)).toMatchObject({ status: "ACTIVE", until_ms: null });
  });

  it("says why an order is not carried out", async () => {
    const response = await send({ headers: authorized(), body: halt() });
    expect([response.statusCode, JSON.parse(await textOf(response))]).toEqual([
      404,
      { error: "there is no live session" },
    ]);
  });
});

describe("watchers", () => {
  const state = (now_ms: number, filler = ""): WebState =>
    ({
      daemon: { now_ms, version: filler },
      alarms: [],
      bots: [],
      pairs: [],
      decisions: [],
      latency: {},
    }) as unknown as WebState;

  /** A browser that reads when it is told to. */
  class Reader extends Writable {
    readonly got: string[] = [];
    reading = true;
    private waiting: (() => void) | null = null;
    constructor() {
      super({ highWaterMark: 100 });
    }
    override _write(chunk: Buffer, _encoding: string, done: () => void): void {
      this.got.push(String(chunk).split("\n")[0] ?? "");
      if (this.reading) done();
      else this.waiting = done;
    }
    read(): void {
      this.reading = true;
      this.waiting?.();
    }
  }

  const made = (now: () => number) => {
    let looks = 0;
    const watchers = new Watchers({
      gather: () => {
        looks += 1;
        return state(now(), "x".repeat(200));
      },
      clock: now,
      onFailure: (error) => {
        throw error;
      },
    });
    return { watchers, looks: () => looks };
  };

  it("look at the state only while somebody watches, once for all", () => {
    let now_ms = 0;
    const { watchers, looks } = made(() => now_ms);
    watchers.tick();
    expect(looks()).toBe(0);
    const readers = [new Reader(), new Reader(), new Reader()];
    for (const reader of readers) watchers.add(reader);
    expect(looks()).toBe(1);
    now_ms += FIXED.web_gather_ms;
    watchers.tick();
    expect(looks()).toBe(2);
    watchers.close();
    now_ms += FIXED.web_gather_ms;
    watchers.tick();
    expect([looks(), watchers.size]).toEqual([2, 0]);
  });

  it("send nothing to who does not read, the whole state to who reads again, and drop who never does", async () => {
    let now_ms = 0;
    const { watchers } = made(() => now_ms);
    const slow = new Reader();
    slow.reading = false;
    watchers.add(slow);
    for (let i = 0; i < 5; i++) {
      now_ms += FIXED.web_gather_ms;
      watchers.tick();
    }
    expect([slow.got, slow.writableLength < 1000]).toEqual([["event: state"], true]);
    slow.read();
    await new Promise((resolve) => setImmediate(resolve));
    now_ms += FIXED.web_gather_ms;
    watchers.tick();
    expect(slow.got).toEqual(["event: state", "event: state"]);
    const dead = new Reader();
    dead.reading = false;
    watchers.add(dead);
    now_ms += FIXED.web_backlog_ms + 1;
    watchers.tick();
    expect([dead.destroyed, slow.destroyed]).toEqual([true, false]);
    await new Promise((resolve) => setImmediate(resolve));
    expect(watchers.size).toBe(1);
    watchers.close();
  });
});

it("keeps its token over a restart, so that nobody has to sign in again", async () => {
  const before = token();
  await daemon.stop("restart");
  daemon = await start(configFor(dir, settings()));
  expect(token()).toBe(before);
  expect((await states().next()).value?.event.event).toBe("state");
});

it("is not there unless configured, and a taken port is refused with the setting's name", async () => {
  const other = temporaryDir();
  const quiet = await start(configFor(other));
  expect(quiet.endpoints).toEqual({});
  await quiet.stop("test over");
  const listen = { host: "127.0.0.1", port: Number(base().port) };
  const taken = { web: { listen, hosts: [], token_file: join(other, "web.token") } };
  await expect(start(configFor(other, taken))).rejects.toThrow(/web\.listen 127\.0\.0\.1/);
  rmSync(other, { recursive: true, force: true });
});
