/** What a scraper gets of a daemon at work. */
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, rmSync } from "node:fs";
import { request } from "node:http";
import { createConnection } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { COUNTER_NAMES, Counters } from "../../src/metrics/counters.js";
import type { Facts } from "../../src/metrics/facts.js";
import { collect, METRICS } from "../../src/metrics/families.js";
import { Histogram } from "../../src/metrics/histogram.js";
import { renderText } from "../../src/metrics/text.js";
import { DECISION, OP, REASON, STATUS } from "../../src/protocol/codes.js";
import type { Daemon } from "../../src/server/daemon.js";
import { Client, candles, configFor, OPEN_MS, PARAMS, question, start, temporaryDir } from "../server/harness.js";
import { type ReadFamily, readExposition } from "./exposition.js";

const HAS_PROMTOOL = spawnSync("promtool", ["--version"]).status === 0;
const LOOPBACK = { listen: { host: "127.0.0.1", port: 0 } };

let dir = "";
let daemon: Daemon | null = null;
let clients: Client[] = [];
beforeEach(async () => {
  dir = temporaryDir();
  daemon = await start(configFor(dir, { metrics: LOOPBACK }));
});
afterEach(async () => {
  for (const client of clients) client.close();
  clients = [];
  await daemon?.stop("test over");
  rmSync(dir, { recursive: true, force: true });
});

const url = (path: string) => `${daemon?.endpoints.metrics}${path}`;
const scrape = async () => readExposition(await (await fetch(url("/metrics"))).text());

function client(socket: "gate" | "batch" = "gate"): Client {
  const connected = new Client(dir, socket);
  clients.push(connected);
  return connected;
}

function value(families: Map<string, ReadFamily>, name: string, labels: Record<string, string> = {}): number {
  const family = [...families.values()].find(({ samples }) => samples.some((sample) => sample.name === name));
  const wanted = JSON.stringify(Object.entries(labels).sort());
  const sample = family?.samples.find(
    (one) => one.name === name && JSON.stringify(Object.entries(one.labels).sort()) === wanted,
  );
  if (sample === undefined) throw new Error(`no ${name}${wanted}`);
  return sample.value;
}

describe("/metrics", () => {
  it("holds every metric of the list, in order, with the labels it names", async () => {
    const bot = client();
    await bot.open("bot");
    await bot.ask(OP.portfolio, 1, 1, OPEN_MS, 1000, [], []);
    await bot.ask(OP.gate, 1, ...question());
    const families = await scrape();
    expect([...families.keys()]).toEqual(METRICS.map(({ name }) => name));
    for (const { name, labels } of METRICS) {
      const named = families
        .get(name)
        ?.samples.map((sample) => Object.keys(sample.labels).filter((key) => key !== "le"));
      expect([name, named?.every((keys) => keys.join() === labels.join())]).toEqual([name, true]);
    }
  });

  it("counts decisions by verdict, reason and enforcement", async () => {
    const bot = client();
    await bot.open("bot");
    await bot.ask(OP.portfolio, 1, 1, OPEN_MS, 1000, [], []);
    await bot.ask(OP.gate, 1, ...question());
    await bot.ask(OP.gate, 1, ...question({ pair: "B/X", size: 512, reason: REASON.jump }));
    await bot.ask(OP.gate, 1, ...question({ pair: "C/X", size: 0, reason: REASON.warming_up }));
    const shadow = client();
    await shadow.open("watching", { mode: "shadow" });
    await shadow.ask(OP.portfolio, 2, 1, OPEN_MS, 1000, [], []);
    const [, decision] = await shadow.ask(OP.gate, 2, ...question({ size: 0, reason: REASON.warming_up }));
    expect(decision).toBe(DECISION.allow);
    const families = await scrape();
    expect(families.get("talebridge_decisions_total")?.samples.map(({ labels, value: n }) => [labels, n])).toEqual([
      [{ verdict: "allow", reason: "ok", enforced: "true" }, 1],
      [{ verdict: "reduce", reason: "jump", enforced: "true" }, 1],
      [{ verdict: "deny", reason: "warming_up", enforced: "true" }, 1],
      [{ verdict: "deny", reason: "warming_up", enforced: "false" }, 1],
    ]);
    expect(value(families, "talebridge_gate_seconds_count")).toBe(4);
    expect(value(families, "talebridge_gate_seconds_sum")).toBeGreaterThan(0);
    expect(value(families, "talebridge_requests_total", { op: "gate" })).toBe(4);
    expect(value(families, "talebridge_live_sessions", { state: "ACTIVE" })).toBe(2);
  });

  it("counts errors by status, frames, and what is malformed", async () => {
    const bot = client();
    await bot.ask(OP.gate, 99, ...question());
    await bot.raw(Buffer.from("nonsense"));
    const batch = client("batch");
    expect((await batch.raw(batch.frame(OP.annotate, 700, 6, PARAMS), candles(700))).reply[2]).toBe(STATUS.ok);
    expect((await batch.raw(batch.frame(OP.annotate, 2, 6, PARAMS), Buffer.alloc(96))).reply[2]).toBe(STATUS.bad_input);
    const families = await scrape();
    expect(value(families, "talebridge_errors_total", { status: "no_session" })).toBe(1);
    expect(value(families, "talebridge_errors_total", { status: "schema" })).toBe(1);
    expect(value(families, "talebridge_errors_total", { status: "bad_input" })).toBe(1);
    expect(value(families, "talebridge_errors_total", { status: "internal" })).toBe(0);
    expect(value(families, "talebridge_malformed_total")).toBe(1);
    expect(value(families, "talebridge_batch_rows_total")).toBe(700);
    expect(value(families, "talebridge_annotate_seconds_count")).toBe(2);
    expect(value(families, "talebridge_batches_running")).toBe(0);
  });

  it("says which live sessions are denied altogether, and why", async () => {
    const bot = client();
    await bot.open("bot");
    const base = OPEN_MS - 3_600_000;
    const samples = [
      [base, 1000],
      [base + 1, 1000],
      [OPEN_MS, 500],
    ];
    await bot.ask(OP.portfolio, 1, 1, OPEN_MS, 500, samples, []);
    await bot.ask(OP.control, "bot", 2, 0, "me", "a test");
    const families = await scrape();
    expect(value(families, "talebridge_live_sessions_denied", { reason: "drawdown" })).toBe(1);
    expect(value(families, "talebridge_live_sessions_denied", { reason: "halted" })).toBe(1);
    expect(value(families, "talebridge_live_sessions_denied", { reason: "reducing" })).toBe(0);
    expect(value(families, "talebridge_live_sessions", { state: "HALTED" })).toBe(1);
  });

  it("never has more samples however many pairs, sessions and clients there are", async () => {
    const bot = client();
    for (let i = 0; i < 40; i++) {
      const handle = await bot.open(`bot ${i}`, {}, "backtest");
      await bot.ask(OP.portfolio, handle, 1, OPEN_MS, 1000, [], []);
      await bot.ask(OP.gate, handle, ...question({ pair: `P${i}/X` }));
    }
    const text = await (await fetch(url("/metrics"))).text();
    const one = text.split("\n").length;
    for (let i = 0; i < 40; i++) await bot.ask(OP.gate, 1, ...question({ pair: `Q${i}/X` }));
    const more = await (await fetch(url("/metrics"))).text();
    expect(more.split("\n").length).toBe(one);
    expect(more).not.toMatch(/P1\/X|Q1\/X|bot 1/);
  });

  it("leaves no counter out", () => {
    const facts = (counters: Counters): Facts => ({
      counters,
      build: { version: "", engine: "", simd: "", protocol: "", node: "" },
      uptime_s: 0,
      sessions: { kept: 0, live: { ACTIVE: 0, REDUCING: 0, HALTED: 0 }, denied: new Map(), overridden: 0, starved: 0 },
      batches: { running: 0, waiting: 0, waiting_bytes: 0 },
      journal: { lines: 0, failing: false, unsynced_s: 0 },
      process: { rss_bytes: 0, heap_bytes: 0, cpu_s: 0, open_files: 0 },
      loop_delay: new Histogram([1]),
    });
    const none = renderText(collect(facts(new Counters())));
    for (const name of COUNTER_NAMES) {
      const counters = new Counters();
      counters.add(name);
      expect([name, renderText(collect(facts(counters))) !== none]).toEqual([name, true]);
    }
  });

  it("tells how far the disk is behind", async () => {
    expect(value(await scrape(), "talebridge_journal_lines")).toBe(2);
    const behind_s = async () => value(await scrape(), "talebridge_journal_unsynced_seconds");
    await expect.poll(behind_s, { timeout: 15_000 }).toBe(0);
  });

  it.runIf(HAS_PROMTOOL)("passes promtool (skipped where Prometheus is not installed)", async () => {
    const bot = client();
    await bot.open("bot");
    await bot.ask(OP.portfolio, 1, 1, OPEN_MS, 1000, [], []);
    await bot.ask(OP.gate, 1, ...question());
    const input = await (await fetch(url("/metrics"))).text();
    const { status, stdout, stderr } = spawnSync("promtool", ["check", "metrics"], { input, encoding: "utf8" });
    expect([status, stdout, stderr]).toEqual([0, "", ""]);
  });
});

describe("/healthz", () => {
  it("is 200 while entries can be decided and 503 while the journal cannot be written", async () => {
    const healthy = await fetch(url("/healthz"));
    expect([healthy.status, await healthy.json()]).toMatchObject([200, { status: "ok", problems: [] }]);
    await daemon?.stop("again, on a journal that breaks");
    rmSync(dir, { recursive: true, force: true });
    mkdirSync(dir);
    chmodSync(dir, 0o700);
    daemon = await start(
      configFor(dir, { metrics: LOOPBACK, journal: { max_file_bytes: 1, max_total_bytes: 2, max_age_days: null } }),
    );
    // Every line begins a file of its own: without the directory there is none to begin.
    rmSync(join(dir, "journal"), { recursive: true });
    await client().open("bot");
    const failing = await fetch(url("/healthz"));
    expect([failing.status, await failing.json()]).toMatchObject([503, { status: "failing" }]);
    expect(value(await scrape(), "talebridge_journal_failing")).toBe(1);
  });
});

describe("the server", () => {
  it.each([
    ["/", "GET", 404],
    ["/metrics/", "GET", 404],
    ["/metrics", "POST", 405],
    ["/healthz", "DELETE", 405],
    ["/metrics", "HEAD", 200],
    ["/metrics?a=b", "GET", 200],
  ])("answers %s %s with %i", async (path, method, status) => {
    expect((await fetch(url(path), { method })).status).toBe(status);
  });

  it("drops nonsense and oversized headers, and goes on", async () => {
    const { port } = new URL(url("/"));
    const socket = createConnection(Number(port), "127.0.0.1");
    const ended = new Promise((resolve) => socket.on("close", resolve).on("error", () => undefined));
    socket.resume();
    socket.write("\x00\x01 nonsense\r\n\r\n");
    await ended;
    const status = await new Promise((resolve, reject) => {
      request(url("/metrics"), { headers: { a: "x".repeat(10_000) } }, (response) => resolve(response.statusCode))
        .on("error", reject)
        .end();
    });
    expect(status).toBe(431);
    expect((await fetch(url("/healthz"))).status).toBe(200);
  });

  it("is refused a port that is taken, with the setting's name", async () => {
    const { port } = new URL(url("/"));
    const other = temporaryDir();
    const config = configFor(other, { metrics: { listen: { host: "127.0.0.1", port: Number(port) } } });
    await expect(start(config)).rejects.toThrow(/metrics\.listen 127\.0\.0\.1/);
    rmSync(other, { recursive: true, force: true });
  });

  it("is not there unless configured", async () => {
    const other = temporaryDir();
    const silent = await start(configFor(other));
    expect(silent.endpoints).toEqual({});
    await silent.stop("test over");
    rmSync(other, { recursive: true, force: true });
  });
});
