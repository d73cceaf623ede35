/**
 * `npm run campaign:fuzz [-- --messages 5000000 --seed 1]`: mutated golden frames and noise on both sockets of a real daemon, as fast as it
 * answers. Each message must get exactly one reply with the id it carried and a status of the closed list, never `internal`; honest clients must be
 * served correctly throughout; memory must stay bounded; the daemon must end cleanly and leave a journal without damage.
 * The last line of stdout is one JSON object. Exit code 1 when any of that failed.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { Packr, Unpackr } from "msgpackr";
import { readJournal } from "../bridge/dist/journal/reader.js";
import { LIMITS, OP, PROTOCOL_VERSION, STATUS } from "../bridge/dist/protocol/codes.js";
import { ROOT } from "../scripts/lib/paths.mjs";
import { Daemon } from "./lib/daemon.mjs";
import { annotateHonestly, askHonestly, CANDLE_MS, candleOpen, candles, Honest } from "./lib/honest.mjs";
import { mutate, noise } from "./lib/mutate.mjs";
import { seeded } from "./lib/random.mjs";
import { message, RawDealer } from "./lib/zmtp.mjs";

const MIB = 1024 * 1024;
const CONFIG = { limits: { sessions: 1024 }, journal: { max_file_bytes: 16 * MIB, max_total_bytes: 128 * MIB } };
const CONNECTIONS = { gate: 6, batch: 4 };
/**
 * Messages a connection has in flight: less than half the daemon's high-water mark (64; 2 for frames), because libzmq counts what has been sent
 * in steps of that. A client that asks for more and does not read in time loses replies.
 */
const WINDOW = { gate: 24, batch: 1 };
/** No reply for so long is a hang. */
const HANG_MS = 120_000;
const MAX_RSS_MB = 400;
const DECOYS = 700;
const packr = new Packr({ useRecords: false });
const unpackr = new Unpackr({ useRecords: false, int64AsType: "number" });
const STATUSES = new Set(Object.values(STATUS));

const { values } = parseArgs({
  options: { messages: { type: "string", default: "5000000" }, seed: { type: "string", default: "1" } },
});
const wanted = Number(values.messages);
const seed = Number(values.seed);
const random = seeded(seed);

/** @type {Record<"gate" | "batch", Map<number, number>>} */
const statuses = { gate: new Map(), batch: new Map() };
const totals = { messages: 0, batch_messages: 0, connections_cut: 0, unanswered_when_cut: 0 };
/** @type {string[]} */
const wrong = [];

/** The id of a frame that is certain to carry one. @param {Buffer | undefined} frame @returns {number | null} */
function certainId(frame) {
  const head = frame?.[0] ?? 0;
  const [v, op, id] = [frame?.[1] ?? 255, frame?.[2] ?? 255, frame?.[3] ?? 255];
  return head >= 0x93 && head <= 0x9f && v < 0x80 && op < 0x80 && id < 0x80 ? id : null;
}

/** @param {"gate" | "batch"} name @param {Buffer[]} frames @param {Buffer | undefined} sent */
function check(name, frames, sent) {
  const said = () => `${name}: ${frames[0]?.toString("hex")} to ${sent?.toString("hex")}`;
  let reply;
  try {
    reply = unpackr.unpack(frames[0] ?? Buffer.alloc(0));
  } catch {
    reply = null;
  }
  const [version, id, status, text, detail] = Array.isArray(reply) ? reply : [];
  if (version !== PROTOCOL_VERSION || !Number.isInteger(id) || !STATUSES.has(status))
    return wrong.push(`not a reply: ${said()}`);
  statuses[name].set(status, (statuses[name].get(status) ?? 0) + 1);
  if (status === STATUS.internal) return wrong.push(`a handler failed: ${said()}`);
  if (
    status !== STATUS.ok &&
    (typeof text !== "string" || text.length === 0 || text.length > LIMITS.message_chars || typeof detail !== "object")
  ) {
    return wrong.push(`an error without a sentence: ${said()}`);
  }
  const sure = certainId(sent);
  if (name === "gate" && sure !== null && id !== sure)
    return wrong.push(`the reply to ${sure} has id ${id}: ${said()}`);
  return 0;
}

/** Messages to begin with: the golden ones, and valid ones of a session that is open. @param {string} dir @param {"gate" | "batch"} socket */
async function seedsOf(dir, socket) {
  /** @type {Buffer[][]} */
  const seeds = [];
  for (const file of ["requests", "hostile"]) {
    for (const vector of JSON.parse(readFileSync(join(ROOT, "protocol", "vectors", `${file}.json`), "utf8"))) {
      const on = vector.socket ?? (vector.op === "annotate" ? "batch" : "gate");
      const frames = vector.frames.map((/** @type {string} */ hex) => Buffer.from(hex, "hex"));
      if (on === socket || vector.op === "hello") seeds.push(frames);
    }
  }
  const opener = new Honest(dir, "gate");
  const handle = await opener.open("fuzzed", "backtest");
  await opener.ask(OP.portfolio, [handle, 1, candleOpen(), 10_000, [], []]);
  opener.close();
  const open_ms = candleOpen();
  const question = [handle, 1, 0, "FUZ/ZED", open_ms, open_ms + CANDLE_MS, 1024, 0, Number.NaN, 100.5, 5, 1, 1.5];
  const engine = { profile: "aggressive", window_set: "compact", timeframe_s: 300 };
  const own =
    socket === "gate"
      ? [
          [OP.gate, 7, ...question],
          [OP.gate, 7, handle, 9, ...question.slice(2)],
          [OP.gate, 7, ...question, 1],
          [OP.portfolio, 7, handle, 1, open_ms, 10_000, [], [["FUZ/ZED", 0, 10, 1, 0]]],
          [OP.status, 7],
          [OP.control, 7, "fuzzed", 1, 0, "me", "fuzz"],
          [OP.control, 7, "fuzzed", 0, 0, "me", "fuzz"],
        ]
      : [[OP.annotate, 7, 50, 6, engine]];
  for (const body of own) {
    const frame = packr.pack([PROTOCOL_VERSION, ...body]);
    // Often, because these reach deepest.
    for (let i = 0; i < 4; i++) seeds.push(socket === "gate" ? [frame] : [frame, candles(50)]);
  }
  return seeds;
}

/** One connection that sends as much as is answered, until enough has been. @param {string} dir @param {"gate" | "batch"} name @param {Buffer[][]} seeds */
async function storm(dir, name, seeds) {
  const all = seeds.flat().filter((frame) => frame.length > 0);
  const path = join(dir, `${name}.sock`);
  while (totals.messages < wanted && wrong.length === 0) {
    /** @type {(Buffer | undefined)[]} */
    const flying = [];
    let last_ms = performance.now();
    let taken = 0;
    let broken_off = false;
    const dealer = await RawDealer.connect(path, (frames) => {
      last_ms = performance.now();
      const sent = flying[taken];
      taken += 1;
      totals.messages += 1;
      if (name === "batch") totals.batch_messages += 1;
      check(name, frames, sent);
      if (taken > 4096) {
        flying.splice(0, taken);
        taken = 0;
      }
      fill();
    });
    const fill = () => {
      if (broken_off || totals.messages >= wanted || wrong.length > 0) return;
      /** @type {Buffer[]} */
      const bytes = [];
      while (flying.length - taken < WINDOW[name]) {
        const frames = mutate(random, seeds, all);
        flying.push(frames[0]);
        bytes.push(message(frames));
      }
      if (bytes.length > 0) dealer.write(Buffer.concat(bytes));
    };
    fill();
    const cut_after_ms = performance.now() + random.between(2_000, 20_000);
    while (!dealer.closed && flying.length > taken) {
      await sleep(20);
      if (performance.now() - last_ms > HANG_MS) {
        wrong.push(`${name}: no reply for ${HANG_MS / 1000} s with ${flying.length - taken} messages in flight`);
        break;
      }
      if (performance.now() > cut_after_ms) {
        broken_off = true;
        // Now and then a client goes away, in the middle of a frame or after one above the limit, which the daemon cuts off.
        dealer.write(
          random.chance(0.5)
            ? Buffer.from([2, 0, 0, 0, 0, 0, 0, 0xff])
            : message([noise(random, LIMITS.portfolio_bytes * 3)]),
        );
        await sleep(50);
        break;
      }
    }
    if (flying.length > taken) {
      totals.connections_cut += 1;
      totals.unanswered_when_cut += flying.length - taken;
    }
    dealer.close();
  }
}

/** More frames at once than are taken: the rest must be told so. @param {string} dir */
async function flood(dir) {
  const rows = 20_000;
  const block = candles(rows);
  const header = packr.pack([
    PROTOCOL_VERSION,
    OP.annotate,
    9,
    rows,
    6,
    { profile: "aggressive", window_set: "compact", timeframe_s: 300 },
  ]);
  const bytes = message([header, block]);
  let answered = 0;
  const dealers = await Promise.all(
    Array.from({ length: 40 }, () =>
      RawDealer.connect(join(dir, "batch.sock"), (frames) => {
        answered += 1;
        check("batch", frames, header);
      }),
    ),
  );
  for (const dealer of dealers) dealer.write(bytes);
  const until = performance.now() + HANG_MS;
  while (answered < dealers.length && performance.now() < until) await sleep(20);
  if (answered < dealers.length) wrong.push(`${dealers.length - answered} frames of a flood were not answered`);
  for (const dealer of dealers) dealer.close();
}

const folder = mkdtempSync(join(tmpdir(), "talebridge-fuzz-"));
const dir = join(folder, "run");
const journal = join(folder, "journal");
mkdirSync(dir, { mode: 0o700 });
const began = performance.now();
const daemon = await Daemon.start({ dir, journal, config: CONFIG });
let over = false;
const on = () => !over && wrong.length === 0;
const rss = { start_mb: daemon.rssMb(), max_mb: 0, end_mb: 0 };
const watch = setInterval(() => {
  if (!daemon.alive) wrong.push("the daemon has ended");
  else rss.max_mb = Math.max(rss.max_mb, daemon.rssMb());
  if (rss.max_mb > MAX_RSS_MB) wrong.push(`the daemon's memory passed ${MAX_RSS_MB} MB`);
}, 500);
const progress = setInterval(() => process.stdout.write(`${totals.messages} messages answered\n`), 30_000);
const fail = (/** @type {unknown} */ error) => {
  wrong.push(String(error));
  return { answers: 0, slowest_ms: 0, frames: 0 };
};
// Handles are small numbers, and whoever may open the socket may use any: these sessions are for the fuzz to hit.
const decoy = new Honest(dir, "gate");
for (let i = 0; i < DECOYS; i++) await decoy.open(`decoy ${i}`, "backtest");
decoy.close();
const honest = Promise.all([
  askHonestly(dir, "honest 1", on).catch(fail),
  askHonestly(dir, "honest 2", on).catch(fail),
  annotateHonestly(dir, on).catch(fail),
]);
const [gate_seeds, batch_seeds] = [await seedsOf(dir, "gate"), await seedsOf(dir, "batch")];
await Promise.all([
  ...Array.from({ length: CONNECTIONS.gate }, () => storm(dir, "gate", gate_seeds)),
  ...Array.from({ length: CONNECTIONS.batch }, () => storm(dir, "batch", batch_seeds)),
]).catch(fail);
await flood(dir).catch(fail);
over = true;
const [first, second, frames] = await honest;
clearInterval(watch);
clearInterval(progress);
/** @type {Record<string, number>} */
let counters = {};
if (daemon.alive) {
  rss.end_mb = daemon.rssMb();
  const asker = new Honest(dir, "gate");
  counters = Object((await asker.ask(OP.status, [])).body[0]).counters;
  asker.close();
}
for (const name of ["handler_errors", "uncaught_errors", "replies_dropped", "journal_failures"]) {
  if (counters[name] !== 0) wrong.push(`${name} is ${counters[name]}`);
}
await daemon.end("SIGTERM");
if (daemon.child.exitCode !== 0)
  wrong.push(`the daemon ended with ${daemon.child.exitCode ?? daemon.child.signalCode}`);
let lines = 0;
for (const _ of readJournal(journal, {
  onDamage: ({ path, line, problem }) => wrong.push(`${path}:${line} ${problem}`),
}))
  lines += 1;

const named = (/** @type {Map<number, number>} */ counts) =>
  Object.fromEntries(
    Object.entries(STATUS).flatMap(([name, code]) => (counts.has(code) ? [[name, counts.get(code)]] : [])),
  );
// What a handler that failed is answered has a test of its own: here it must not happen.
const never = Object.entries(STATUS).filter(
  ([name, code]) => name !== "internal" && !statuses.gate.has(code) && !statuses.batch.has(code),
);
if (never.length > 0) wrong.push(`statuses that never came up: ${never.map(([name]) => name).join(", ")}`);
for (const problem of wrong.slice(0, 20)) process.stderr.write(`campaign:fuzz: ${problem}\n`);
rmSync(folder, { recursive: true, force: true });
const cpu = cpus();
const seconds = (performance.now() - began) / 1000;
const result = {
  campaign: "fuzz",
  ...totals,
  per_s: Math.round(totals.messages / seconds),
  statuses: { gate: named(statuses.gate), batch: named(statuses.batch) },
  honest: {
    answers: first.answers + second.answers,
    frames: frames.frames,
    slowest_ms: Math.round(Math.max(first.slowest_ms, second.slowest_ms)),
  },
  rss: { start_mb: Math.round(rss.start_mb), max_mb: Math.round(rss.max_mb), end_mb: Math.round(rss.end_mb) },
  journal_lines: lines,
  wrong: wrong.length,
  seed,
  seconds: Math.round(seconds),
  machine: `${cpu.length} × ${cpu[0]?.model.trim() ?? "unknown CPU"}, Node ${process.version}`,
};
process.stdout.write(`${JSON.stringify(result)}\n`);
process.exitCode = wrong.length === 0 ? 0 : 1;
