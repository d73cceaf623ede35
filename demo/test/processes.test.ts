import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Processes, ProgramFailed } from "../src/process.js";
import { makeWorkDir } from "../src/workdir.js";

const STUB = fileURLToPath(new URL("../dist/stub-cli.js", import.meta.url));

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "talebridge-demo-test-"));
});

afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

function program(script: string) {
  return { command: process.execPath, args: ["-e", script], env: process.env, log: join(directory, "log") };
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function gone(pid: number): Promise<void> {
  while (alive(pid)) await new Promise((resolve) => setTimeout(resolve, 10));
}

describe("programs of a run", () => {
  it("leave their output in a log", async () => {
    await new Processes().run("it", program("console.log('out'); console.error('err')"));
    expect(readFileSync(join(directory, "log"), "utf8").split("\n").sort()).toEqual(["", "err", "out"]);
  });

  it("that fail are an error with the end of the log", async () => {
    const failed = new Processes().run("freqtrade", program("console.log('the reason'); process.exitCode = 2"));
    await expect(failed).rejects.toThrow(ProgramFailed);
    await expect(failed).rejects.toThrow(/freqtrade ended with exit code 2.*\n\nthe reason/s);
  });

  it("that do not exist are an error", async () => {
    const missing = { ...program(""), command: "/nowhere/program" };
    await expect(new Processes().run("it", missing)).rejects.toThrow(/ENOENT/);
  });

  it("that serve are ready with their first line, and end when told", async () => {
    const processes = new Processes();
    const { line, stop } = await processes.serve(
      "it",
      program("console.log(process.pid); setInterval(() => {}, 1000)"),
      10_000,
    );
    expect(alive(Number(line))).toBe(true);
    await stop();
    expect(alive(Number(line))).toBe(false);
  });

  it("that end before they are ready are an error", async () => {
    const ended = new Processes().serve("the bridge", program("console.error('no'); process.exit(1)"), 10_000);
    await expect(ended).rejects.toThrow(/the bridge did not become ready.*\n\nno/s);
  });

  it("are stopped with everything they started, and none is started afterwards", async () => {
    const processes = new Processes();
    const parent =
      "const {spawn} = require('child_process'); const c = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']); " +
      "console.log(c.pid); setInterval(() => {}, 1000)";
    const { line } = await processes.serve("it", program(parent), 10_000);
    const grandchild = Number(line);
    expect(alive(grandchild)).toBe(true);
    await processes.stopAll();
    await gone(grandchild);
    await expect(processes.run("it", program(""))).rejects.toThrow("stopped");
  });
});

describe("the work folder", () => {
  it("is emptied of an earlier run and of nothing else", () => {
    writeFileSync(join(directory, "notes.txt"), "mine");
    const first = makeWorkDir(directory, "/market");
    writeFileSync(join(first.journal, "old.jsonl"), "");
    const second = makeWorkDir(directory, "/market");
    expect(existsSync(join(second.journal, "old.jsonl"))).toBe(false);
    expect(existsSync(join(directory, "notes.txt"))).toBe(true);
  });

  it("is refused when something else is in its place", () => {
    mkdirSync(join(directory, "run"));
    writeFileSync(join(directory, "run", "precious"), "");
    expect(() => makeWorkDir(directory, "/market")).toThrow(/was not made by this demo .* --out DIR/);
    expect(existsSync(join(directory, "run", "precious"))).toBe(true);
  });

  it("has its sockets in the temporary folder when its own path is too long for them", () => {
    const deep = join(directory, "d".repeat(100));
    mkdirSync(deep);
    const work = makeWorkDir(deep, "/market");
    expect(work.sockets.startsWith(tmpdir())).toBe(true);
    expect(join(work.sockets, "batch.sock").length).toBeLessThanOrEqual(100);
    work.cleanUp();
    expect(existsSync(work.sockets)).toBe(false);
  });
});

describe("the exchange stub as a process", () => {
  it("says where it listens and ends with its standard input", async () => {
    const child = spawn(process.execPath, [STUB, "--pairs", "ALFA/USDT", "--exit-with-stdin"]);
    const line = await new Promise<string>((resolve) =>
      child.stdout.once("data", (data: Buffer) => resolve(String(data))),
    );
    const ready: unknown = JSON.parse(line);
    expect(ready).toMatchObject({ event: "ready", port: expect.any(Number) });
    const { port } = ready as { port: number };
    expect((await fetch(`http://127.0.0.1:${port}/api/v3/ping`)).status).toBe(200);
    const code = new Promise((resolve) => child.once("exit", resolve));
    child.stdin.end();
    expect(await code).toBe(0);
  });

  it.each([
    [["--pairs", "ALFA/USDT", "--host", "0.0.0.0"], /serves this machine only/],
    [[], /--pairs is missing/],
    [["--pairs", "x"], /"x" is no pair/],
    [["--pairs", "ALFA/USDT", "--port", "70000"], /--port 70000/],
    [["--pairs", "ALFA/USDT", "--seed", "-1"], /--seed/],
  ])("refuses %j with exit code 2", (args, message) => {
    const done = spawnSync(process.execPath, [STUB, ...args], { encoding: "utf8" });
    expect(done.status).toBe(2);
    expect(done.stderr).toMatch(message);
    expect(done.stdout).toBe("");
  });
});
