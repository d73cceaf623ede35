/** The command line as a user or the shim starts it: real processes of the compiled bridge. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { foldJournal, readJournal } from "../../src/journal/reader.js";
import { DECISION, OP, REASON, STATUS } from "../../src/protocol/codes.js";
import { Client, OPEN_MS, question, temporaryDir } from "./harness.js";

const MAIN = fileURLToPath(new URL("../../dist/main.js", import.meta.url));

let dir = "";
let started: ChildProcess[] = [];
beforeEach(() => {
  dir = temporaryDir();
});
afterEach(async () => {
  for (const child of started) {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill("SIGKILL");
      await once(child, "exit");
    }
  }
  started = [];
  rmSync(dir, { recursive: true, force: true });
});

function talebridge(...args: string[]): { code: number | null; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], {
    encoding: "utf8",
    timeout: 20_000,
  });
  return { code: status, stdout, stderr };
}

/** Starts `serve` and waits for its ready line. */
async function serve(...args: string[]): Promise<{ child: ChildProcess; ready: Record<string, unknown> }> {
  const child = spawn(process.execPath, [MAIN, "serve", "--dir", dir, "--log-level", "error", ...args], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  started.push(child);
  if (child.stdout === null) throw new Error("no stdout");
  for await (const line of createInterface({ input: child.stdout })) return { child, ready: JSON.parse(line) };
  throw new Error("the daemon ended before it was ready");
}

async function exitOf(child: ChildProcess): Promise<number | string | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode ?? child.signalCode;
  const [code, signal] = await once(child, "exit");
  return code ?? signal;
}

describe("serve", { timeout: 60_000 }, () => {
  it.each(["SIGTERM", "SIGINT"] as const)("is ready with one line and stops cleanly on %s", async (signal) => {
    const { child, ready } = await serve();
    expect(ready).toEqual({ event: "ready", dir, pid: child.pid, boot: expect.stringMatching(/^[0-9a-f]{16}$/) });
    child.kill(signal);
    expect(await exitOf(child)).toBe(0);
    expect(existsSync(join(dir, "gate.sock"))).toBe(false);
    const types = [];
    for (const line of readJournal(join(dir, "journal"))) types.push(line.type);
    expect(types).toEqual(["boot", "state", "stop"]);
  });

  it("is taken over after SIGKILL: nothing journalled is lost, the stale sockets are no obstacle", async () => {
    const { child } = await serve();
    const client = new Client(dir);
    await client.open("bot");
    await client.ask(OP.portfolio, 1, 1, OPEN_MS, 1000, [[OPEN_MS, 1000]], []);
    const answers = 200;
    for (let i = 0; i < answers; i++) await client.ask(OP.gate, 1, ...question({ pair: `P${i}/X` }));
    child.kill("SIGKILL");
    await exitOf(child);
    client.close();
    expect(foldJournal(join(dir, "journal")).get("bot")?.state.tally.asked).toBe(answers);

    await serve();
    const again = new Client(dir);
    const [, body] = await again.hello("bot");
    expect(body).toMatchObject({ seq: 1, samples_until_ms: OPEN_MS });
    again.close();
  });

  it("stops on SIGTERM when private, though its parent still holds the pipe", async () => {
    const { child } = await serve("--private");
    child.kill("SIGTERM");
    expect(await exitOf(child)).toBe(0);
  });

  it("ends with its parent's pipe when private", async () => {
    const { child } = await serve("--private");
    for (const name of ["gate.sock", "gate.stream"]) expect(existsSync(join(dir, name))).toBe(true);
    child.stdin?.end();
    expect(await exitOf(child)).toBe(0);
    for (const name of ["gate.sock", "gate.stream"]) expect(existsSync(join(dir, name))).toBe(false);
  });

  it("ends when a private daemon's parent dies without closing anything", async () => {
    // The daemon's stdin is a channel that this process keeps open, so only the changed parent id tells.
    const script = `
      const { spawn } = require("node:child_process");
      const child = spawn(process.execPath, [${JSON.stringify(MAIN)}, "serve", "--dir", ${JSON.stringify(dir)}, "--private"], { stdio: [3, "pipe", "ignore"] });
      child.stdout.once("data", () => { process.stdout.write(String(child.pid) + "\\n"); });`;
    const parent = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "inherit", "pipe"] });
    started.push(parent);
    if (parent.stdout === null) throw new Error("no stdout");
    const [data] = await once(parent.stdout, "data");
    const pid = Number(String(data));
    expect(pid).toBeGreaterThan(0);
    parent.kill("SIGKILL");
    await exitOf(parent);
    await gone(pid);
    expect(existsSync(join(dir, "gate.sock"))).toBe(false);
  });

  it("refuses a directory that is served, with exit code 2 and the fix", async () => {
    await serve();
    const { code, stdout, stderr } = talebridge("serve", "--dir", dir);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toContain("choose another directory with --dir");
  });
});

/** Waits until a process is no more. */
async function gone(pid: number): Promise<void> {
  for (;;) {
    try {
      process.kill(pid, 0);
    } catch {
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

describe("commands", { timeout: 60_000 }, () => {
  it.each([
    ["no command", []],
    ["an unknown command", ["dance"]],
    ["an unknown option", ["serve", "--loud"]],
    ["an argument too many", ["serve", "now"]],
    ["a wrong value", ["serve", "--log-level", "loud"]],
    ["a missing file", ["serve", "--config", "/nonexistent.json"]],
    ["a halt without a reason", ["halt"]],
    ["a rebase of no session", ["rebase", "--why", "x"]],
    ["a rebase without a reason", ["rebase", "--session", "bot"]],
    ["an override without an end", ["override", "--session", "bot", "--why", "x", "--set", "limits.max_drawdown=0.2"]],
    ["an override of no limit", ["override", "--session", "bot", "--why", "x", "--for", "1h", "--set", "mode=off"]],
    [
      "an override of no number",
      ["override", "--session", "bot", "--why", "x", "--for", "1h", "--set", "limits.max_drawdown=much"],
    ],
    [
      "an override without a reason",
      ["override", "--session", "bot", "--for", "1h", "--set", "limits.max_drawdown=0.2"],
    ],
    ["a halt for a wrong time", ["halt", "--why", "x", "--for", "soon"]],
    ["a halt for two times", ["halt", "--why", "x", "--for", "2h", "--until", "2099-01-01T00:00Z"]],
    ["a reduction until the past", ["reduce", "--why", "x", "--until", "2020-01-01T00:00Z"]],
    ["a reduction without a reason", ["reduce"]],
    ["an explanation of nothing", ["explain"]],
    ["an explanation of two pairs", ["explain", "A/B", "C/D"]],
    ["keys of an unknown kind", ["keys", "master"]],
    ["a client key without a name", ["keys", "client"]],
    ["a status as often as never", ["status", "--watch", "--every", "0"]],
  ])("end with exit code 2 and a message for %s", (_, args) => {
    const { code, stdout, stderr } = talebridge(...args);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr.length).toBeGreaterThan(20);
    expect(stderr).not.toContain("    at ");
  });

  it("print help and version", () => {
    expect(talebridge("--help")).toMatchObject({ code: 0, stdout: expect.stringContaining("talebridge serve") });
    expect(talebridge("doctor", "--help")).toMatchObject({ code: 0, stdout: expect.stringContaining("--journal-dir") });
    expect(talebridge("--version").stdout).toMatch(/^talebridge \d+\.\d+\.\d+\n$/);
  });

  it("print the JSON Schemas", () => {
    expect(JSON.parse(talebridge("schema").stdout)).toMatchObject({
      title: "risk_bridge",
      properties: { profile: {} },
    });
    expect(JSON.parse(talebridge("schema", "--daemon").stdout)).toMatchObject({ properties: { journal_dir: {} } });
    expect(JSON.parse(talebridge("schema", "--limits").stdout)).toMatchObject({
      messages: { gates: 64 },
      configurable: { limits: { properties: { batch_queue: { default: 16 } } } },
      fixed: { asked: { value: 4096, beyond: expect.any(String) } },
    });
  });

  it("status and doctor say what is missing when no daemon runs", () => {
    const status = talebridge("status", "--dir", dir);
    expect([status.code, status.stderr]).toEqual([1, expect.stringContaining(`talebridge serve --dir ${dir}`)]);
    const doctor = talebridge("doctor", "--dir", dir);
    expect(doctor.code).toBe(1);
    expect(doctor.stdout).toMatch(/FAIL {2}daemon: no daemon serves/);
    expect(doctor.stdout).toMatch(/ok {4}engine/);
  });

  it("status, doctor, halt, resume, override and rebase talk to a running daemon", async () => {
    await serve();
    const client = new Client(dir);
    await client.open("bot", { profile: "extreme" });
    await client.ask(OP.portfolio, 1, 1, OPEN_MS, 1000, [], []);
    expect((await client.ask(OP.gate, 1, ...question()))[1]).toBe(DECISION.allow);
    expect(talebridge("doctor", "--dir", dir)).toMatchObject({ code: 0, stdout: expect.not.stringContaining("FAIL") });

    const halt = talebridge("halt", "--dir", dir, "--why", "maintenance", "--for", "2h");
    expect(halt).toMatchObject({ code: 0, stdout: expect.stringMatching(/^bot is HALTED until \d{4}-/) });
    const denied = await client.ask(OP.gate, 1, ...question({ pair: "NEW/X" }));
    expect(denied.slice(0, 3)).toEqual([STATUS.ok, DECISION.deny, REASON.halted]);
    const { stdout } = talebridge("status", "--dir", dir);
    expect(stdout).toMatch(/^bot +live +extreme +enforce +HALTED +1000 /m);
    expect(stdout).toMatch(/ +2 +1 +0 +1 +\d+ s ago$/m);
    expect(stdout).toMatch(/^bot: ALL ENTRIES DENIED, halted until 2\d{3}-.* by \w+: maintenance$/m);
    expect(talebridge("resume", "--dir", dir, "--why", "over").stdout).toBe("bot is ACTIVE\n");
    expect(JSON.parse(talebridge("status", "--dir", dir, "--json").stdout)).toMatchObject({
      sessions: [{ session: "bot", state: "ACTIVE" }],
      counters: { decisions_deny: 1, decisions_allow: 1 },
    });
    const setting = ["--set", "limits.max_drawdown=0.25", "--set", "limits.max_daily_loss=null"];
    const named = ["override", "--dir", dir, "--session", "bot", "--why", "hedged"];
    expect(talebridge(...named, "--for", "2h", ...setting)).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^bot: limits.max_drawdown is 0.25, limits.max_daily_loss is off until \d{4}-/),
    });
    const overridden = /^bot: OVERRIDDEN, limits.max_drawdown is 0.25 instead of 0.3 until 2\d{3}-.* by \w+: hedged$/m;
    expect(talebridge("status", "--dir", dir).stdout).toMatch(overridden);
    expect(talebridge("override", "--dir", dir).stdout).toMatch(overridden);
    expect(talebridge("explain", "NEW/X", "--dir", dir).stdout).toMatch(/^overridden: limits.max_drawdown is 0.25/m);
    expect(talebridge(...named, "--lift", "all")).toMatchObject({ code: 0, stdout: "bot: lifted all\n" });
    expect(talebridge("override", "--dir", dir).stdout).toBe("no limit is overridden\n");
    const rebased = talebridge("rebase", "--dir", dir, "--session", "bot", "--why", "withdrawal");
    expect(rebased).toMatchObject({ code: 0, stdout: expect.stringMatching(/^bot: .* next samples/) });
    expect(talebridge("rebase", "--dir", dir, "--session", "nobody", "--why", "x")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('no live session "nobody"'),
    });
    client.close();
  });
});
