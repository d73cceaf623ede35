/** What the benches of the daemon share: the floor to measure against, a daemon, and Python clients. */

import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { CACHE, ROOT, VENV, VENV_PYTHON } from "./paths.mjs";

const DAEMON = join(ROOT, "bridge", "dist", "main.js");
const READY_MS = 20_000;
const CLIENT_MS = 1_800_000;

/** A thing to install or build before the bench can run. */
export class Missing extends Error {}

/** @returns {string} the libzmq inside the pyzmq wheel, the one the client runs on as well */
export function bundledLibzmq() {
  const lib = join(VENV, "lib");
  for (const python of existsSync(lib) ? readdirSync(lib) : []) {
    const folder = join(lib, python, "site-packages", "pyzmq.libs");
    const name = existsSync(folder) ? readdirSync(folder).find((file) => file.startsWith("libzmq-")) : undefined;
    if (name !== undefined) return join(folder, name);
  }
  throw new Missing("no libzmq in .venv (pyzmq's wheel brings it): npm run setup");
}

/** @returns {string} the compiled echo */
export function compileEcho() {
  const out = join(CACHE, "bench", "echo");
  mkdirSync(join(CACHE, "bench"), { recursive: true });
  const source = join(ROOT, "bench", "echo", "echo.c");
  try {
    execFileSync("cc", ["-O2", "-Wall", "-Wextra", "-o", out, source, "-ldl", "-lpthread"], { stdio: "inherit" });
  } catch (error) {
    throw new Missing(`bench/echo/echo.c does not compile; a C compiler named cc is needed (${String(error)})`);
  }
  return out;
}

/**
 * @param {string} dir sockets
 * @param {string} journals
 * @returns {{ pid: number, ready: Promise<void>, stop: () => Promise<void> }} `ready`: both sockets are bound
 */
export function launchDaemon(dir, journals) {
  const args = [DAEMON, "serve", "--dir", dir, "--journal-dir", journals, "--log-level", "warn"];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  const ready = new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`the daemon was not ready after ${READY_MS} ms`)), READY_MS);
    let said = "";
    child.stdout.on("data", (chunk) => {
      said += String(chunk);
      if (!said.includes('"ready"')) return;
      clearTimeout(timer);
      resolve(undefined);
    });
    child.once("exit", (code) => reject(new Error(`the daemon ended with ${code} before it was ready`)));
  });
  // Whoever waits for it hears of a failure; nobody else has to.
  ready.catch(() => undefined);
  return {
    pid: child.pid ?? 0,
    ready,
    async stop() {
      child.kill("SIGTERM");
      await ended;
    },
  };
}

/**
 * @param {string} script path below bench/
 * @param {readonly string[]} args
 * @returns {Promise<unknown>} the JSON value a client prints
 */
export function runClient(script, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(VENV_PYTHON, [join(ROOT, "bench", script), ...args], {
      stdio: ["ignore", "pipe", "inherit"],
      timeout: CLIENT_MS,
    });
    let out = "";
    child.stdout.on("data", (chunk) => {
      out += String(chunk);
    });
    child.once("error", reject);
    child.once("close", (code) =>
      code === 0 ? resolve(JSON.parse(out)) : reject(new Error(`bench/${script} ended with ${code}`)),
    );
  });
}

/**
 * Runs a client against a daemon of its own and the C echo.
 * @param {string} folder
 * @param {string} script path below bench/
 * @returns {Promise<unknown>} the JSON value the client prints
 */
export async function besideEcho(folder, script) {
  const [libzmq, echo] = [bundledLibzmq(), compileEcho()];
  const sockets = join(folder, "run");
  const daemon = launchDaemon(sockets, join(folder, "journal"));
  try {
    await daemon.ready;
    const floor = join(folder, "echo");
    mkdirSync(floor);
    return await runClient(script, ["--dir", sockets, "--echo", echo, "--libzmq", libzmq, "--scratch", floor]);
  } finally {
    await daemon.stop();
  }
}

/** Where the figures are from. */
export function machine() {
  const cpu = cpus();
  return `${cpu.length} × ${cpu[0]?.model.trim() ?? "unknown CPU"}, Node ${process.version}`;
}

/**
 * Runs a bench in a folder of its own and prints its result as the last line. Exit codes: 0 done, 1 failed, 2 something has to be installed first.
 * @param {string} name
 * @param {(folder: string) => Promise<object>} measure
 */
export async function bench(name, measure) {
  const folder = mkdtempSync(join(tmpdir(), "talebridge-bench-"));
  try {
    if (!existsSync(VENV_PYTHON)) throw new Missing("no Python environment in .venv: npm run setup");
    if (!existsSync(DAEMON)) throw new Missing("the daemon is not built: npm run build");
    const result = await measure(folder);
    process.stdout.write(`${JSON.stringify({ bench: name, ...result })}\n`);
  } catch (error) {
    process.stderr.write(`bench:${name}: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = error instanceof Missing ? 2 : 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @param {number} value @param {number} digits */
export function round(value, digits = 3) {
  return Number(value.toFixed(digits));
}
