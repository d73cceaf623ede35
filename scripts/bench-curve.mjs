/**
 * What tcp and its encryption cost: a gate question and a frame of 10,000 candles over ipc, over tcp without keys, and over tcp with CURVE, one
 * client, in turns. Usage: npm run bench:curve. The last line is one JSON object.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { Packr, Unpackr } from "msgpackr";
import { Dealer } from "zeromq";
import { runLogged } from "./lib/exec.mjs";
import { LOGS, ROOT } from "./lib/paths.mjs";

const MAIN = join(ROOT, "bridge", "dist", "main.js");
const ROUNDS = 12;
const GATES = 1500;
const FRAMES = 12;
const ROWS = 10_000;
const CANDLE_MS = 300_000;
const OP = { hello: 0, gate: 1, annotate: 2, portfolio: 4 };

const packr = new Packr({ useRecords: false });
const unpackr = new Unpackr({ useRecords: false, int64AsType: "number" });

/** @typedef {{ name: string, gate: Dealer, batch: Dealer, handle: number, asked: number }} Way */

/** @param {readonly string[]} args */
const talebridge = (args) => runLogged(process.execPath, [MAIN, ...args], { logFile: join(LOGS, "bench-curve.log") });

/**
 * @param {string} dir
 * @param {object} tcp
 */
async function startDaemon(dir, tcp) {
  const config = join(dir, "daemon.json");
  writeFileSync(config, JSON.stringify({ tcp: { gate: "127.0.0.1:0", batch: "127.0.0.1:0", ...tcp } }));
  const args = ["serve", "--dir", join(dir, "run"), "--config", config, "--log-level", "error"];
  const child = spawn(process.execPath, ["--min-semi-space-size=16", MAIN, ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  const ready = await new Promise((resolve, reject) => {
    child.stdout.once("data", (line) => resolve(JSON.parse(String(line))));
    child.once("exit", (code) => reject(new Error(`the daemon ended with ${code}`)));
  });
  return {
    ready,
    stop: async () => {
      child.kill("SIGTERM");
      await ended;
    },
  };
}

/**
 * @param {string} name
 * @param {string} gate endpoint
 * @param {string} batch endpoint
 * @param {{ server_public: string, public: string, secret: string } | null} key
 * @returns {Promise<Way>}
 */
async function connect(name, gate, batch, key) {
  const open = (/** @type {string} */ endpoint) => {
    const curve =
      key === null ? {} : { curveServerKey: key.server_public, curvePublicKey: key.public, curveSecretKey: key.secret };
    const socket = new Dealer({ linger: 0, sendTimeout: 5000, receiveTimeout: 5000, ...curve });
    socket.connect(endpoint);
    return socket;
  };
  const way = { name, gate: open(gate), batch: open(batch), handle: 0, asked: 0 };
  const settings = { timeframe_s: CANDLE_MS / 1000 };
  const hello = await ask(way.gate, OP.hello, {
    client: "bench",
    minor: 0,
    run_mode: "backtest",
    session: name,
    settings,
  });
  way.handle = Object(hello[3]).handle;
  await ask(way.gate, OP.portfolio, way.handle, 1, 0, 10_000, [], []);
  return way;
}

/**
 * @param {Dealer} socket
 * @param {number} op
 * @param {...unknown} body
 * @returns {Promise<unknown[]>}
 */
async function ask(socket, op, ...body) {
  await socket.send(packr.pack([1, op, 1, ...body]));
  const [frame = Buffer.alloc(0)] = await socket.receive();
  const reply = unpackr.unpack(frame);
  if (reply[2] !== 0) throw new Error(`the bridge answered ${reply[2]}: ${reply[3]}`);
  return reply;
}

/**
 * @param {Way} way
 * @param {number[]} times microseconds are added
 */
async function askGates(way, times) {
  for (let i = 0; i < GATES; i++) {
    const open_ms = ++way.asked * CANDLE_MS;
    const body = [way.handle, 1, 0, "BTC/USDT", open_ms, open_ms + CANDLE_MS, 1024, 0, 1.375, 250.5, 5.5, 1, 43_250.5];
    const began = performance.now();
    await ask(way.gate, OP.gate, ...body);
    times.push((performance.now() - began) * 1000);
  }
}

/**
 * @param {Way} way
 * @param {Buffer} block
 * @param {number[]} times microseconds are added
 */
async function askFrames(way, block, times) {
  const head = packr.pack([
    1,
    OP.annotate,
    1,
    ROWS,
    6,
    { profile: "aggressive", window_set: "compact", timeframe_s: 300 },
  ]);
  for (let i = 0; i < FRAMES; i++) {
    const began = performance.now();
    await way.batch.send([head, block]);
    const [reply = Buffer.alloc(0)] = await way.batch.receive();
    times.push((performance.now() - began) * 1000);
    if (unpackr.unpack(reply)[2] !== 0) throw new Error("the frame was not annotated");
  }
}

function candles() {
  const block = Buffer.alloc(ROWS * 6 * 8);
  for (let row = 0; row < ROWS; row++) {
    const price = 100 + 3 * Math.sin(row * 0.7) + Math.sin(row * 0.031);
    [row * CANDLE_MS, price, price * 1.002, price * 0.998, price * 1.001, 10 + (row % 7)].forEach((value, column) => {
      block.writeDoubleLE(value, (column * ROWS + row) * 8);
    });
  }
  return block;
}

/** @param {number[]} times */
function percentiles(times) {
  const sorted = times.sort((a, b) => a - b);
  const at = (/** @type {number} */ share) => Math.round(sorted[Math.floor(share * (sorted.length - 1))] ?? 0);
  return { p50_us: at(0.5), p99_us: at(0.99) };
}

async function main() {
  const folder = mkdtempSync(join(tmpdir(), "talebridge-curve-"));
  const keys = join(folder, "keys");
  const daemons = [];
  /** @type {Way[]} */
  const ways = [];
  try {
    await talebridge(["keys", "server", "--keys-dir", keys]);
    await talebridge(["keys", "client", "bench", "--keys-dir", keys]);
    const key = JSON.parse(readFileSync(join(keys, "issued", "bench.key"), "utf8"));
    const dirs = ["plain", "curve"].map((name) => mkdtempSync(join(folder, `${name}-`)));
    const plain = await startDaemon(dirs[0] ?? "", { insecure: true });
    daemons.push(plain);
    const curve = await startDaemon(dirs[1] ?? "", { keys_dir: keys });
    daemons.push(curve);
    const ipc = (/** @type {string} */ name) => `ipc://${join(plain.ready.dir, name)}`;
    ways.push(await connect("ipc", ipc("gate.sock"), ipc("batch.sock"), null));
    ways.push(await connect("tcp", plain.ready.gate, plain.ready.batch, null));
    ways.push(await connect("curve", curve.ready.gate, curve.ready.batch, key));
    const block = candles();
    /** @type {Record<string, { gate: number[], frame: number[] }>} */
    const times = Object.fromEntries(ways.map(({ name }) => [name, { gate: [], frame: [] }]));
    for (let round = -1; round < ROUNDS; round++) {
      for (const way of ways) {
        const kept = times[way.name];
        if (kept === undefined) continue;
        // The first round warms up.
        await askGates(way, round < 0 ? [] : kept.gate);
        await askFrames(way, block, round < 0 ? [] : kept.frame);
      }
    }
    report(times);
  } finally {
    for (const { gate, batch } of ways) {
      gate.close();
      batch.close();
    }
    for (const daemon of daemons) await daemon.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @param {Record<string, { gate: number[], frame: number[] }>} times */
function report(times) {
  const cpu = cpus();
  process.stdout.write(
    `${cpu.length} × ${cpu[0]?.model.trim()}, Node ${process.version}; ${ROUNDS} rounds in turns, pooled\n`,
  );
  /** @type {Record<string, Record<string, { p50_us: number, p99_us: number }>>} */
  const found = { gate: {}, frame_10k: {} };
  for (const [way, { gate, frame }] of Object.entries(times)) {
    Object.assign(found.gate ?? {}, { [way]: percentiles(gate) });
    Object.assign(found.frame_10k ?? {}, { [way]: percentiles(frame) });
  }
  for (const [what, by_way] of Object.entries(found)) {
    for (const [way, { p50_us, p99_us }] of Object.entries(by_way))
      process.stdout.write(
        `${what.padEnd(10)} ${way.padEnd(6)} p50 ${String(p50_us).padStart(7)} µs  p99 ${String(p99_us).padStart(7)} µs\n`,
      );
  }
  const ratio = (/** @type {string} */ what) =>
    Number(((found[what]?.curve?.p50_us ?? 0) / (found[what]?.tcp?.p50_us ?? 1)).toFixed(2));
  process.stdout.write(
    `${JSON.stringify({ bench: "curve", ...found, curve_over_tcp: { gate: ratio("gate"), frame_10k: ratio("frame_10k") } })}\n`,
  );
}

try {
  await main();
} catch (error) {
  process.stderr.write(`bench:curve: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
