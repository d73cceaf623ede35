/**
 * `npm run campaign:dryrun [-- --minutes 60 --pairs 20 --seed 1]`: two bots of freqtrade in dry-run side by side on one-minute candles of the loopback
 * exchange, the same strategy with the gate and without. For so many minutes their loops are timed and their memory is read; then the gated bot's
 * bridge is stopped, killed, replaced by others that lie, and robbed of its directory, one after the other, and each time entries have to stop, exits
 * to go on, and entries to resume when the bridge is back, with nobody touching the bot. At the end its log, its database and the journal have to tell
 * of the same decisions (`lib/decisions.mjs` says how they are matched).
 * `--faults stopped,liar` for some of them.
 * The last line of stdout is one JSON object. Exit codes: 0 every rule held, 1 one was broken, 2 freqtrade has to be installed first.
 */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { startStub } from "../demo/dist/exchange-stub.js";
import { VENV_PYTHON } from "../scripts/lib/paths.mjs";
import { Bot } from "./lib/bot.mjs";
import { Bridge } from "./lib/bridge.mjs";
import { compareDecisions, questionsIn } from "./lib/decisions.mjs";
import { seeded } from "./lib/random.mjs";
import { loopSpread, memoryCourse, words } from "./lib/spread.mjs";

const MINUTE_MS = 60_000;
const THROTTLE_S = 5;
const START_MS = 10 * MINUTE_MS;
/** A candle each way, and what a busy machine adds. */
const PHASE_MS = 6 * MINUTE_MS;
const HOLD_MS = 1.2 * MINUTE_MS;
/** What a bot may have begun when it is told to stop. */
const UNSETTLED_MS = 30_000;
const RSS_EVERY_MS = 10_000;
/** Wide enough that most entries pass and some are cut or denied. */
const LIMITS = { max_gross_exposure: 0.7, max_rate_deviation: 0.0015 };

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "60" },
    pairs: { type: "string", default: "20" },
    seed: { type: "string", default: "1" },
    faults: { type: "string" },
  },
});
if (!existsSync(VENV_PYTHON)) {
  process.stderr.write("campaign:dryrun: freqtrade is not installed: npm run setup\n");
  process.exit(2);
}
const random = seeded(Number(values.seed));
const pairs = Array.from({ length: Number(values.pairs) }, (_, n) => `C${String(n).padStart(2, "0")}X/USDT`);
const folder = mkdtempSync(join(tmpdir(), "tb-dry-"));
const started_ms = Date.now();
const load = [loadavg()[0] ?? 0];
/** @type {string[]} */
const wrong = [];
const say = (/** @type {string} */ text) => process.stdout.write(`${new Date().toISOString().slice(11, 19)} ${text}\n`);

/** @template T @param {string} what @param {number} patience_ms @param {() => Promise<T | null> | T | null} probe @returns {Promise<T>} */
async function until(what, patience_ms, probe) {
  const end = performance.now() + patience_ms;
  for (;;) {
    const found = await probe();
    if (found !== null) return found;
    for (const [name, bot] of Object.entries(bots))
      if (!bot.alive) throw new Error(`the ${name} bot ended: ${bot.logText().slice(-3000)}`);
    if (performance.now() > end) throw new Error(`${what}: not within ${patience_ms / 1000} s`);
    await sleep(2000);
  }
}

/** @typedef {import("./lib/bridge.mjs").Fault} Fault */
/** @typedef {{ from_ms: number, to_ms: number, back_ms: number }} Span `to_ms`: repaired; `back_ms`: the first entry after that */

const stub = await startStub({ pairs, seed: Number(values.seed) });
const settings = { profile: "conservative", timeframe_s: MINUTE_MS / 1000, limits: LIMITS };
const bridge = new Bridge(folder, settings, random, (problem) => wrong.push(problem));
await bridge.serve();
const makeBot = (/** @type {string} */ name, /** @type {string} */ strategy) =>
  new Bot({
    ...{ root: join(folder, name), strategy, exchange: stub.url, pairs, throttle_s: THROTTLE_S },
    risk_bridge: { dir: bridge.dir, autostart: "off", limits: LIMITS },
  });
const bots = { gated: makeBot("gated", "HourGated"), plain: makeBot("plain", "HourPlain") };

const FAULTS = bridge.faults().filter(({ name }) => values.faults?.split(",").includes(name) ?? true);

/** One fault from its start to the first entry after its end, and what may not happen meanwhile. @param {Fault} fault @returns {Promise<Span>} */
async function suffer({ name, serves, start, end }) {
  // Young positions, which have to leave while it lasts.
  await until(`${name}: open positions`, PHASE_MS, async () =>
    (await bots.gated.trades()).some(
      ({ close_ms, open_ms }) => close_ms === null && open_ms > Date.now() - MINUTE_MS / 2,
    )
      ? true
      : null,
  );
  await start();
  const from_ms = Date.now();
  const open = (await bots.gated.trades()).filter(({ close_ms }) => close_ms === null);
  await until(`${name}: exits and refused entries`, PHASE_MS, async () => {
    if (Date.now() < from_ms + HOLD_MS) return null;
    const left = (await bots.gated.trades()).filter(({ close_ms }) => close_ms === null);
    const wanted = bots.gated.notes().filter(({ kind, t_ms }) => kind === "wants in" && t_ms > from_ms);
    return left.length === 0 && wanted.length > 0 ? true : null;
  }).catch((error) => wrong.push(error.message));
  await end();
  const to_ms = Date.now();
  const back_ms = await until(`${name}: entries again`, PHASE_MS, async () => {
    const first = (await bots.gated.trades()).find(({ open_ms }) => open_ms >= to_ms);
    return first?.open_ms ?? null;
  });
  const during = (await bots.gated.trades()).filter(({ open_ms }) => open_ms > from_ms && open_ms < to_ms);
  const questions = questionsIn(bridge.journal, (problem) => wrong.push(problem));
  for (const { pair, link } of during) {
    // Decided before, and filled a moment later; or by the daemon itself where it can still be asked.
    const decided_ms = questions.get(`${link?.boot} ${link?.line}`)?.t_ms ?? Number.POSITIVE_INFINITY;
    if (decided_ms > (serves ? to_ms : from_ms)) wrong.push(`${name}: ${pair} was entered without the bridge`);
  }
  const stuck = (await bots.gated.trades()).filter(
    ({ id, close_ms }) => open.some((one) => one.id === id) && (close_ms ?? to_ms) >= to_ms,
  );
  for (const { pair } of stuck) wrong.push(`${name}: the position in ${pair} did not leave`);
  say(
    `${name}: ${open.length} positions left, ${during.length} entered on its word; entries again after ${Math.round((back_ms - to_ms) / 1000)} s`,
  );
  return { from_ms, to_ms, back_ms };
}

/** Memory in MB, as often as it is read. */
const memory = {
  gated: /** @type {number[]} */ ([]),
  plain: /** @type {number[]} */ ([]),
  daemon: /** @type {number[]} */ ([]),
};
/** @type {{ name: string, span: Span }[]} */
const spans = [];
let steady = { from_ms: 0, to_ms: 0 };
let settled_ms = 0;
try {
  await until("both bots trade", START_MS, async () => {
    const counts = await Promise.all(Object.values(bots).map(async (bot) => (await bot.trades()).length));
    return counts.every((count) => count > 0) ? true : null;
  });
  say(`both bots trade, in ${folder}`);
  steady = { from_ms: Date.now(), to_ms: Date.now() + Number(values.minutes) * MINUTE_MS };
  while (Date.now() < steady.to_ms) {
    memory.gated.push(bots.gated.rssMb());
    memory.plain.push(bots.plain.rssMb());
    memory.daemon.push(bridge.daemon.rssMb());
    load.push(loadavg()[0] ?? 0);
    const next_ms = performance.now() + RSS_EVERY_MS;
    await until("the next reading", 2 * RSS_EVERY_MS, () => (performance.now() > next_ms ? true : null));
  }
  for (const fault of FAULTS) spans.push({ name: fault.name, span: await suffer(fault) });
} catch (error) {
  wrong.push(error instanceof Error ? error.message : String(error));
} finally {
  // Before they are told to stop: freqtrade may be in the middle of a commit then, and says so at length.
  for (const [name, bot] of Object.entries(bots)) {
    const traces = (bot.logText().match(/^Traceback /gm) ?? []).length;
    if (traces > 0) wrong.push(`the log of the ${name} bot has ${traces} tracebacks`);
  }
  settled_ms = Date.now() - UNSETTLED_MS;
  await Promise.all(Object.values(bots).map((bot) => bot.stop()));
}
const trades = { gated: await bots.gated.trades(), plain: await bots.plain.trades() };
await bridge.stop();
await stub.close();

const log = bots.gated.logText();
const { wrong: unmatched, ...decisions } = compareDecisions({
  ...{ log, trades: trades.gated, settled_ms },
  questions: questionsIn(bridge.journal, (problem) => wrong.push(problem)),
});
wrong.push(...unmatched);
const loops = { gated: bots.gated.loops(), plain: bots.plain.loops() };
const during = (/** @type {{ from_ms: number, to_ms: number }} */ span) => ({
  gated: loopSpread(loops.gated, span),
  plain: loopSpread(loops.plain, span),
});
const hour = during(steady);
const lines = [["loops", "gated: p50 / p99 / max (n)", "ungated"]];
lines.push([`${values.minutes} min, all`, words(hour.gated.all), words(hour.plain.all)]);
lines.push(["with new candles", words(hour.gated.candle), words(hour.plain.candle)]);
const faults = spans.map(({ name, span }) => {
  const seen = during(span);
  lines.push([name, words(seen.gated.all), words(seen.plain.all)]);
  const seconds = (/** @type {number} */ ms) => Math.round(ms / 100) / 10;
  const { from_ms, to_ms, back_ms } = span;
  const left_out = trades.plain.filter(({ open_ms }) => open_ms > from_ms && open_ms < to_ms).length;
  if (left_out === 0) wrong.push(`${name}: the ungated bot did not enter either`);
  return {
    ...{
      fault: name,
      seconds: seconds(to_ms - from_ms),
      entries_after_s: seconds(back_ms - to_ms),
      entries_ungated: left_out,
    },
    ...{ loops: { gated: seen.gated.all, ungated: seen.plain.all } },
  };
});
if (spans.length < FAULTS.length) wrong.push(`only ${spans.length} of ${FAULTS.length} faults were tried`);
for (const [name, gated, plain] of lines) say(`${name?.padEnd(20)} ${gated?.padEnd(32)} ${plain}`);
for (const problem of wrong.slice(0, 30)) process.stderr.write(`campaign:dryrun: ${problem}\n`);
if (wrong.length > 0) process.stderr.write(`campaign:dryrun: logs, journal and databases are in ${folder}\n`);
else rmSync(folder, { recursive: true, force: true });
const cpu = cpus();
const result = {
  campaign: "dryrun",
  minutes: Number(values.minutes),
  pairs: pairs.length,
  loops: { gated: hour.gated, ungated: hour.plain },
  memory_mb: {
    bot_gated: memoryCourse(memory.gated),
    bot_ungated: memoryCourse(memory.plain),
    daemon: memoryCourse(memory.daemon),
  },
  trades: { gated: trades.gated.length, ungated: trades.plain.length },
  decisions,
  faults,
  wrong: wrong.length,
  seed: Number(values.seed),
  seconds: Math.round((Date.now() - started_ms) / 1000),
  load: { mean: Math.round((load.reduce((sum, one) => sum + one, 0) / load.length) * 10) / 10, processors: cpu.length },
  machine: `${cpu.length} × ${cpu[0]?.model.trim() ?? "unknown CPU"}, Node ${process.version}`,
};
process.stdout.write(`${JSON.stringify(result)}\n`);
process.exitCode = wrong.length === 0 ? 0 : 1;
