/**
 * `npm run campaign:soak [-- --minutes 5 --seed 1]`: several live bots that send everything there is to send, frames beside them, an operator who
 * halts and resumes, and a daemon that is ended and killed and started anew all the while. At the end every answer each client noted is in the
 * journal, and the sessions continue as they were. The last line of stdout is one JSON object. Exit code 1 when anything was lost.
 */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { readJournal } from "../bridge/dist/journal/reader.js";
import { DECISION, OP, REASONS, STATUS } from "../bridge/dist/protocol/codes.js";
import { Daemon } from "./lib/daemon.mjs";
import { CANDLE_MS, candleOpen, candles, Honest } from "./lib/honest.mjs";
import { seeded } from "./lib/random.mjs";
import { foldedPrints, linesOf } from "./lib/verify.mjs";

const MIB = 1024 * 1024;
const BOTS = 6;
/** Everything is kept: what was answered in the first minute is looked for at the end. */
const CONFIG = { journal: { max_file_bytes: MIB, max_total_bytes: 64 * 1024 * MIB } };
/** @type {Map<number, string>} */
const DECISIONS = new Map(Object.entries(DECISION).map(([name, code]) => [code, name]));
/** @type {Map<number, string>} */
const REASON_NAMES = new Map(REASONS.map((reason) => [reason.code, reason.name]));

const { values } = parseArgs({
  options: { minutes: { type: "string", default: "5" }, seed: { type: "string", default: "1" } },
});
const seed = Number(values.seed);
const random = seeded(seed);
const folder = mkdtempSync(join(tmpdir(), "talebridge-soak-"));
const [dir, journal] = [join(folder, "run"), join(folder, "journal")];
for (const path of [dir, journal]) mkdirSync(path, { mode: 0o700 });

/** @type {string[]} */
const wrong = [];
const totals = {
  gates: 0,
  several: 0,
  portfolios: 0,
  hellos: 0,
  frames: 0,
  statuses: 0,
  controls: 0,
  no_answers: 0,
  restarts: 0,
  kills: 0,
};
/** What clients were told, by boot and journal line: session, pair, decision, reason. @type {Map<string, string>} */
const told = new Map();
/** Portfolios acknowledged, by session. @type {Map<string, number>} */
const acknowledged = new Map();
/** Controls acknowledged: their reasons are unique. @type {Set<string>} */
const controls = new Set();
const end_ms = performance.now() + Number(values.minutes) * 60_000;
const on = () => performance.now() < end_ms && wrong.length === 0;

/** A client that reconnects when nobody answers. @param {"gate" | "batch"} name @param {(client: Honest) => Promise<void>} work */
async function persist(name, work) {
  while (on()) {
    const client = new Honest(dir, name);
    client.socket.receiveTimeout = 2_000;
    client.socket.sendTimeout = 2_000;
    try {
      while (on()) await work(client);
    } catch (error) {
      const code = Object(error).code;
      if (code === "EAGAIN") totals.no_answers += 1;
      else wrong.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
    } finally {
      client.close();
    }
    await sleep(20);
  }
}

/** @param {string} session */
function bot(session) {
  let seq = 0;
  let handle = 0;
  let boot = "";
  let equity = 10_000;
  /** @type {Honest | null} */
  let known = null;
  const note = (
    /** @type {unknown} */ line,
    /** @type {string} */ pair,
    /** @type {unknown} */ decision,
    /** @type {unknown} */ reason,
  ) => {
    if (line !== 0)
      told.set(
        `${boot} ${line}`,
        `${session} ${pair} ${DECISIONS.get(Number(decision))} ${REASON_NAMES.get(Number(reason))}`,
      );
  };
  const question = () => {
    const open_ms = candleOpen();
    const pair = `P${random.below(40)}/X`;
    const cut = random.chance(0.3);
    const size = cut ? random.below(16) * 64 : 1024;
    return [
      random.below(2) | (random.below(2) << 1) | (random.below(2) << 3),
      pair,
      open_ms,
      open_ms + CANDLE_MS,
      size,
      cut ? 4 : 0,
      cut ? 5 : Number.NaN,
      random.between(10, 500),
      5,
      1,
      1.5,
    ];
  };
  return async (/** @type {Honest} */ client) => {
    if (known !== client || random.chance(0.002)) {
      known = client;
      const settings = { timeframe_s: 300, limits: { max_drawdown: 0.9, max_daily_loss: 0.9 } };
      const { status, body } = await client.ask(OP.hello, [
        { client: "soak", minor: 1, run_mode: "live", session, settings },
      ]);
      if (status !== STATUS.ok) throw new Error(`hello was answered ${status}: ${String(body[0])}`);
      const reply = Object(body[0]);
      if (reply.seq < (acknowledged.get(session) ?? 0))
        wrong.push(`${session}: portfolio ${acknowledged.get(session)} was forgotten`);
      ({ handle, boot, seq } = reply);
      totals.hellos += 1;
    }
    if (seq === 0 || random.chance(0.03)) {
      equity *= random.between(0.999, 1.001);
      const now = Date.now();
      const { status } = await client.ask(OP.portfolio, [
        handle,
        seq + 1,
        now,
        equity,
        [[now, equity]],
        [["P1/X", 0, 50, 1, 0]],
      ]);
      if (status !== STATUS.ok) throw new Error(`a portfolio was answered ${status}`);
      seq += 1;
      acknowledged.set(session, seq);
      totals.portfolios += 1;
    } else if (random.chance(0.1)) {
      const questions = Array.from({ length: 1 + random.below(20) }, question);
      const { status, body } = await client.ask(OP.gates, [handle, seq, questions]);
      const answers = body[0];
      if (status !== STATUS.ok || !Array.isArray(answers) || answers.length !== questions.length)
        throw new Error(`several questions were answered ${status} ${JSON.stringify(body)}`);
      questions.forEach((asked, i) => {
        const [item, decision, reason, , , , line] = answers[i];
        if (item === STATUS.ok) note(line, String(asked[1]), decision, reason);
        else wrong.push(`a question among several was answered ${item}`);
      });
      totals.several += questions.length;
    } else {
      const asked = question();
      const { status, body } = await client.ask(OP.gate, [handle, seq, ...asked]);
      if (status !== STATUS.ok) throw new Error(`a question was answered ${status} ${JSON.stringify(body)}`);
      note(body[5], String(asked[1]), body[0], body[1]);
      totals.gates += 1;
    }
  };
}

const block = candles(700);
/** @type {Buffer | undefined} */
let bits;
async function annotate(/** @type {Honest} */ client) {
  const {
    status,
    body,
    block: reply,
  } = await client.ask(
    OP.annotate,
    [700, 6, { profile: "aggressive", window_set: "compact", timeframe_s: 300 }],
    block,
  );
  if (status !== STATUS.ok || reply === undefined) throw new Error(`a frame was answered ${status} ${String(body[0])}`);
  bits ??= Buffer.from(reply);
  if (!bits.equals(reply)) wrong.push("the same frame came back with other bits");
  totals.frames += 1;
  await sleep(50);
}

async function operate(/** @type {Honest} */ client) {
  await sleep(random.between(20, 200));
  const { status } = await client.ask(OP.status, []);
  if (status !== STATUS.ok) throw new Error(`status was answered ${status}`);
  totals.statuses += 1;
  for (const state of [random.pick([1, 2]), 0]) {
    const why = `order ${totals.controls}`;
    const { status: done } = await client.ask(OP.control, ["bot-0", state, 0, "soak", why]);
    // Before the first hello there is no such session.
    if (done === STATUS.ok) controls.add(why);
    else if (done !== STATUS.no_session) throw new Error(`a halt was answered ${done}`);
    totals.controls += 1;
  }
}

const began = performance.now();
let daemon = await Daemon.start({ dir, journal, config: CONFIG });
async function restart() {
  while (on()) {
    await sleep(random.between(5_000, 20_000));
    const killed = random.chance(0.5);
    await daemon.end(killed ? "SIGKILL" : "SIGTERM");
    if (!killed && daemon.child.exitCode !== 0)
      wrong.push(`the daemon ended with ${daemon.child.exitCode ?? daemon.child.signalCode}`);
    totals[killed ? "kills" : "restarts"] += 1;
    daemon = await Daemon.start({ dir, journal, config: CONFIG });
  }
}
await Promise.all([
  restart(),
  ...Array.from({ length: BOTS }, (_, n) => persist("gate", bot(`bot-${n}`))),
  persist("batch", annotate),
  persist("gate", operate),
]);
const rss_mb = Math.round(daemon.rssMb());
await daemon.end("SIGTERM");

/** @type {Map<string, string>} */
const boots = new Map();
let lines = 0;
const written = new Set();
for (const line of readJournal(journal, {
  onDamage: ({ path, line, problem }) => wrong.push(`${path}:${line} ${problem}`),
})) {
  lines += 1;
  if (line.type === "boot") boots.set(line.boot, line.boot);
  if (line.type === "control") written.add(line.why);
}
for (const why of controls) if (!written.has(why)) wrong.push(`the control "${why}" is not in the journal`);
let checked = 0;
for (const boot of boots.keys()) {
  const { lines: of_boot } = linesOf(journal, boot);
  for (const [seq, line] of of_boot) {
    const answer = told.get(`${boot} ${seq}`);
    if (answer === undefined) continue;
    checked += 1;
    if (line.type !== "gate" || `${line.session} ${line.pair} ${line.decision} ${line.reason}` !== answer)
      wrong.push(`line ${seq} of ${boot} is not what was answered: ${answer}`);
  }
}
if (checked !== told.size) wrong.push(`${told.size - checked} answers are not in the journal`);
if (foldedPrints(journal).size !== BOTS) wrong.push("a session was not continued");
for (const problem of wrong.slice(0, 20)) process.stderr.write(`campaign:soak: ${problem}\n`);
if (wrong.length === 0) rmSync(folder, { recursive: true, force: true });
const cpu = cpus();
const result = {
  campaign: "soak",
  ...totals,
  answers_checked: checked,
  journal_lines: lines,
  rss_mb,
  lost: wrong.length,
  seed,
  seconds: Math.round((performance.now() - began) / 1000),
  machine: `${cpu.length} × ${cpu[0]?.model.trim() ?? "unknown CPU"}, Node ${process.version}`,
};
process.stdout.write(`${JSON.stringify(result)}\n`);
process.exitCode = wrong.length === 0 && checked > 0 ? 0 : 1;
