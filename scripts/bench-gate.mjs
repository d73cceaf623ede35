/**
 * `npm run bench:gate`: what asking the gate costs, beside the floor ZeroMQ itself sets.
 *
 * One Python client asks a real daemon and a libzmq echo in C (bench/echo/echo.c) in turns: same client code, same
 * message sizes, same run. Ratios are what to compare between machines; microseconds are this machine's.
 * The last line of stdout is one JSON object. Exit codes: 0 done, 1 failed, 2 something has to be installed first.
 */

import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { CACHE, ROOT, VENV, VENV_PYTHON } from "./lib/paths.mjs";

const DAEMON = join(ROOT, "bridge", "dist", "main.js");
const READY_MS = 20_000;
const CLIENT_MS = 600_000;

/** A thing to install or build before the bench can run. */
class Missing extends Error {}

/** @returns {string} the libzmq inside the pyzmq wheel, the one the client runs on as well */
function bundledLibzmq() {
  const lib = join(VENV, "lib");
  for (const python of existsSync(lib) ? readdirSync(lib) : []) {
    const folder = join(lib, python, "site-packages", "pyzmq.libs");
    const name = existsSync(folder) ? readdirSync(folder).find((file) => file.startsWith("libzmq-")) : undefined;
    if (name !== undefined) return join(folder, name);
  }
  throw new Missing("no libzmq in .venv (pyzmq's wheel brings it): npm run setup");
}

/** @returns {string} the compiled echo */
function compileEcho() {
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
 */
async function startDaemon(dir, journals) {
  const args = [DAEMON, "serve", "--dir", dir, "--journal-dir", journals, "--log-level", "warn"];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  await new Promise((resolve, reject) => {
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
  return {
    async stop() {
      child.kill("SIGTERM");
      await ended;
    },
  };
}

/**
 * @param {readonly string[]} args
 * @returns {Promise<string>} the client's standard output
 */
function runClient(args) {
  return new Promise((resolve, reject) => {
    const child = spawn(VENV_PYTHON, [join(ROOT, "bench", "gate", "client.py"), ...args], {
      stdio: ["ignore", "pipe", "inherit"],
      timeout: CLIENT_MS,
    });
    let out = "";
    child.stdout.on("data", (chunk) => {
      out += String(chunk);
    });
    child.once("error", reject);
    child.once("close", (code) => (code === 0 ? resolve(out) : reject(new Error(`the client ended with ${code}`))));
  });
}

/** @typedef {{ p50_us: number, p99_us: number, p999_us: number }} Percentiles */
/**
 * @typedef {object} Measured
 * @property {number} rounds
 * @property {{ request: number, reply: number }} bytes
 * @property {Record<string, { gate: Percentiles, echo: Percentiles }>} gaps bare pyzmq, by gap in ms
 * @property {{ gate: Percentiles, echo: Percentiles }} shim the shim's whole client, hot
 */

/** @typedef {{ gate: Percentiles, echo: Percentiles }} Pair */

/** @param {Pair | undefined} pair */
function ratios(pair) {
  if (pair === undefined) throw new Error("the client left a measurement out");
  /** @param {keyof Percentiles} key */
  const ratio = (key) => Number((pair.gate[key] / pair.echo[key]).toFixed(3));
  return { p50_ratio: ratio("p50_us"), p99_ratio: ratio("p99_us"), ...pair.gate };
}

/** @param {Measured} measured */
function table(measured) {
  const cpu = cpus();
  const lines = [
    `${cpu.length} × ${cpu[0]?.model.trim() ?? "unknown CPU"}, Node ${process.version}; ${measured.rounds} rounds in turns, pooled; microseconds`,
    "gap between calls       gate p50   p99  p99.9   echo p50   p99  p99.9   p50 ratio  p99 ratio",
  ];
  /** @param {Percentiles} of */
  const cells = (of) =>
    [of.p50_us, of.p99_us, of.p999_us].map((value, at) => value.toFixed(0).padStart(at === 0 ? 8 : 6)).join("");
  /**
   * @param {string} name
   * @param {Pair} pair
   */
  const row = (name, pair) => {
    const { p50_ratio, p99_ratio } = ratios(pair);
    const numbers = `${cells(pair.gate)}    ${cells(pair.echo)}`;
    lines.push(`${name.padEnd(24)}${numbers}${p50_ratio.toFixed(2).padStart(12)}${p99_ratio.toFixed(2).padStart(11)}`);
  };
  for (const [gap, pair] of Object.entries(measured.gaps)) row(gap === "0" ? "none" : `${gap} ms`, pair);
  row("none, whole shim client", measured.shim);
  return lines.join("\n");
}

async function main() {
  if (!existsSync(VENV_PYTHON)) throw new Missing("no Python environment in .venv: npm run setup");
  if (!existsSync(DAEMON)) throw new Missing("the daemon is not built: npm run build");
  const libzmq = bundledLibzmq();
  const echo = compileEcho();
  const folder = mkdtempSync(join(tmpdir(), "talebridge-bench-"));
  try {
    const sockets = join(folder, "run");
    const daemon = await startDaemon(sockets, join(folder, "journal"));
    try {
      const floor = join(folder, "echo");
      mkdirSync(floor);
      const out = await runClient(["--dir", sockets, "--echo", echo, "--libzmq", libzmq, "--scratch", floor]);
      const measured = /** @type {Measured} */ (JSON.parse(out));
      process.stdout.write(`${table(measured)}\n`);
      const result = {
        bench: "gate",
        hot: ratios(measured.gaps["0"]),
        gap_2ms: ratios(measured.gaps["2"]),
        gap_20ms: ratios(measured.gaps["20"]),
        shim: ratios(measured.shim),
        base_us: measured.gaps["0"]?.echo.p50_us,
        rounds: measured.rounds,
        bytes: measured.bytes,
      };
      process.stdout.write(`${JSON.stringify(result)}\n`);
    } finally {
      await daemon.stop();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

try {
  await main();
} catch (error) {
  process.stderr.write(`bench:gate: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = error instanceof Missing ? 2 : 1;
}
