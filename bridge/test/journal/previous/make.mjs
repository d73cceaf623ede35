#!/usr/bin/env node
/**
 * Writes the journal in this folder by another version of the daemon: two live bots, one of them halted, and a backtest; then a restart, whose first lines
 * tell what that daemon itself made of it. For each version that wrote journals others may have, from a checkout of it that is built:
 *   node bridge/test/journal/previous/make.mjs CHECKOUT/bridge/dist/main.js OUT
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Packr, Unpackr } from "msgpackr";
import { Dealer } from "zeromq";

const CANDLE_MS = 300_000;
const DAY_MS = 86_400_000;
// Codes are never changed, so today's are those of every version.
const ROOT = new URL("../../../../", import.meta.url);
/** @param {string} name */
const list = (name) => JSON.parse(readFileSync(new URL(`protocol/${name}.json`, ROOT), "utf8"));
const { op: OP, session_status: SESSION_STATUS } = list("enums");
/** @type {{ name: string, code: number }[]} */
const REASONS = list("reasons").reasons;
const JUMP = REASONS.find(({ name }) => name === "jump")?.code;

const [main = "", out = ""] = process.argv.slice(2);
if (out === "") throw new Error("usage: make.mjs CHECKOUT/bridge/dist/main.js OUT");

const packr = new Packr({ useRecords: false });
const unpackr = new Unpackr({ useRecords: false, int64AsType: "number" });
const scratch = mkdtempSync(join(tmpdir(), "tb-previous-"));
const [dir, journal] = [join(scratch, "run"), join(scratch, "journal")];

async function serve() {
  const args = [main, "serve", "--dir", dir, "--journal-dir", journal, "--log-level", "error"];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  process.once("exit", () => child.kill("SIGKILL"));
  for await (const _ of createInterface({ input: child.stdout })) return child;
  throw new Error("the daemon ended without a line");
}

/** @param {import("node:child_process").ChildProcess} child */
async function stop(child) {
  child.kill("SIGTERM");
  await once(child, "exit");
}

const first = await serve();
const socket = new Dealer({ linger: 0, receiveTimeout: 15_000 });
socket.connect(`ipc://${join(dir, "gate.sock")}`);
let id = 0;
/** @param {number} op @param {unknown[]} body */
async function ask(op, ...body) {
  id += 1;
  await socket.send(packr.pack([1, op, id, ...body]));
  const [head] = await socket.receive();
  const [, , status, ...rest] = unpackr.unpack(head ?? Buffer.alloc(0));
  if (status !== 0) throw new Error(`op ${op}: status ${status} ${JSON.stringify(rest)}`);
  return rest;
}

/** @param {string} session @param {object} settings @param {string} [run_mode] @returns {Promise<number>} */
async function open(session, settings, run_mode = "live") {
  const hello = { client: "previous", minor: 0, run_mode, session, settings: { timeframe_s: 300, ...settings } };
  return (await ask(OP.hello, hello))[0].handle;
}

const now_ms = Date.now();
const candle_ms = Math.floor(now_ms / CANDLE_MS) * CANDLE_MS - CANDLE_MS;
/** @param {number} handle @param {string} pair @param {number} size 1024 is whole @param {number} stake */
function gate(handle, pair, size, stake) {
  const [reason, jump] = size === 1024 ? [0, Number.NaN] : [JUMP, 5.5];
  return ask(OP.gate, handle, 1, 0, pair, candle_ms, now_ms, size, reason, jump, stake, 5, 1, 1.5);
}
/** @param {number} equity */
const samples = (equity) => [
  [now_ms - 3 * DAY_MS, 1000],
  [now_ms - 3 * DAY_MS + 1000, 1000],
  [now_ms - DAY_MS, 980],
  [now_ms - 2000, equity],
];

const alpha = await open("alpha", { profile: "conservative" });
const positions = [
  ["BTC/USDT", 0, 120.5, 1, 0],
  ["ETH/USDT", 0, 80, 1, 1],
];
const closed = [
  [1, now_ms - 2 * DAY_MS, 0.02],
  [2, now_ms - DAY_MS, -0.015],
];
await ask(OP.portfolio, alpha, 1, now_ms, 965.25, samples(965.25), positions, closed);
await gate(alpha, "SOL/USDT", 1024, 100);
await gate(alpha, "ADA/USDT", 512, 100);
await gate(alpha, "XRP/USDT", 0, 100);
const beta = await open("beta", { profile: "aggressive" }, "dry_run");
await ask(OP.portfolio, beta, 1, now_ms, 1010, samples(1010), []);
await gate(beta, "SOL/USDT", 1024, 50);
await ask(OP.control, "beta", SESSION_STATUS.HALTED, 0, "operator", "exchange maintenance");
await gate(beta, "DOT/USDT", 1024, 50);
const test = await open("test", {}, "backtest");
await ask(OP.portfolio, test, 1, now_ms, 1000, samples(1000), []);
await gate(test, "SOL/USDT", 1024, 50);
socket.close();
await stop(first);
await stop(await serve());

mkdirSync(out, { recursive: true });
for (const name of readdirSync(journal).filter((file) => file.endsWith(".jsonl")))
  cpSync(join(journal, name), join(out, name));
rmSync(scratch, { recursive: true, force: true });
