/**
 * `npm run campaign:crash [-- --kills 200 --seed 1]`: a daemon under load from real clients is killed at random points, again and again. After
 * every kill: each answer a client noted is in the journal word for word, the session folded from the journal is the one that died to the bit,
 * and the next boot continues from it. Some cycles stop the process and let it go on first, some end it properly; files rotate all the while.
 * The last line of stdout is one JSON object. Exit code 1 when anything was lost.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { importSession } from "../bridge/dist/gate/snapshot.js";
import { ROOT, VENV_PYTHON } from "../scripts/lib/paths.mjs";
import { fingerprintOf } from "./lib/canonical.mjs";
import { Daemon } from "./lib/daemon.mjs";
import { seeded } from "./lib/random.mjs";
import { checkNotes, checkWitness, foldedPrints, linesOf, readNotes } from "./lib/verify.mjs";

const BOTS = 3;
const MIB = 1024 * 1024;
/** Small files, so that kills fall into rotations as well. */
const CONFIG = { journal: { max_file_bytes: 65_536, max_total_bytes: 16 * MIB } };
const WITNESS = fileURLToPath(new URL("witness.mjs", import.meta.url));

const { values } = parseArgs({
  options: { kills: { type: "string", default: "200" }, seed: { type: "string", default: "1" } },
});
const wanted = Number(values.kills);
const seed = Number(values.seed);
const random = seeded(seed);
const folder = mkdtempSync(join(tmpdir(), "talebridge-crash-"));
const dir = join(folder, "run");
const journal = join(folder, "journal");
mkdirSync(dir, { mode: 0o700 });

const totals = {
  kills: 0,
  killed_while_stopped: 0,
  stops: 0,
  terminated: 0,
  answers: 0,
  sessions_compared: 0,
  continued: 0,
};
/** @type {string[]} */
const wrong = [];

/** @param {number} n */
function startBot(n) {
  const log = join(folder, `bot-${n}.log`);
  const args = [
    join(ROOT, "campaigns", "client.py"),
    "--dir",
    dir,
    "--log",
    log,
    "--session",
    `bot-${n}`,
    "--seed",
    String(seed * 100 + n),
  ];
  const env = { ...process.env, PYTHONPATH: join(ROOT, "python-shim", "src") };
  const child = spawn(VENV_PYTHON, args, { stdio: ["ignore", "inherit", "inherit"], env });
  return { session: `bot-${n}`, log, child };
}

/** A new boot must begin with what its predecessor left. @param {Daemon} daemon @param {Map<string, string>} before */
function checkContinued(daemon, before) {
  const { lines } = linesOf(journal, daemon.boot);
  /** @type {Map<string, string>} */
  const begun = new Map();
  for (const line of lines.values()) {
    if (line.type !== "boot" && line.type !== "state") break;
    if (line.type === "state")
      for (const session of line.sessions) begun.set(session.session, fingerprintOf(importSession(session)));
  }
  for (const [name, print] of before) {
    if (begun.get(name) !== print) wrong.push(`boot ${daemon.boot} did not continue ${name} as it was`);
    else totals.continued += 1;
  }
}

/** @param {Daemon} daemon @param {readonly { session: string, log: string }[]} bots @param {string | null} witness */
function verify(daemon, bots, witness) {
  const { lines, damage } = linesOf(journal, daemon.boot);
  wrong.push(...damage);
  for (const { session, log } of bots) {
    const notes = readNotes(log).filter((note) => note.boot === daemon.boot);
    const { checked, wrong: missing } = checkNotes(lines, notes, session);
    totals.answers += checked;
    wrong.push(...missing);
  }
  if (witness === null) return;
  const { compared, wrong: differing } = checkWitness(journal, daemon.boot, witness);
  totals.sessions_compared += compared;
  wrong.push(...differing);
}

/** One life of a daemon. @param {readonly { session: string, log: string }[]} bots @param {number} cycle */
async function live(bots, cycle) {
  // Half of them leave a trace of their memory, which slows them down; the others run at full speed.
  const witness = random.chance(0.5) ? join(folder, `witness-${cycle}`) : null;
  const before = foldedPrints(journal);
  const daemon = await Daemon.start({
    dir,
    journal,
    config: CONFIG,
    ...(witness === null ? {} : { node: ["--import", WITNESS], env: { TALEBRIDGE_WITNESS: witness } }),
  });
  checkContinued(daemon, before);
  await sleep(random.between(50, 900));
  let stopped = false;
  if (random.chance(0.15)) {
    daemon.signal("SIGSTOP");
    totals.stops += 1;
    await sleep(random.between(20, 700));
    stopped = random.chance(0.3);
    if (!stopped) {
      daemon.signal("SIGCONT");
      await sleep(random.between(0, 300));
    }
  }
  if (!stopped && random.chance(0.05)) {
    await daemon.end("SIGTERM");
    totals.terminated += 1;
  } else {
    await daemon.end("SIGKILL");
    totals.kills += 1;
    if (stopped) totals.killed_while_stopped += 1;
  }
  // What was in flight reaches the clients' notes.
  await sleep(10);
  verify(daemon, bots, witness);
  if (witness !== null) rmSync(witness, { force: true });
}

const began = Date.now();
mkdirSync(journal, { recursive: true, mode: 0o700 });
const bots = Array.from({ length: BOTS }, (_, n) => startBot(n));
const broken = bots.map(async ({ child }) => {
  const [code] = await once(child, "exit");
  if (code !== 0) wrong.push(`a client ended with ${code}`);
});
try {
  for (let cycle = 0; totals.kills < wanted && wrong.length === 0; cycle++) {
    await live(bots, cycle);
    if (totals.kills > 0 && totals.kills % 25 === 0)
      process.stdout.write(`${totals.kills} kills, ${totals.answers} answers checked\n`);
  }
} finally {
  for (const { child } of bots) child.kill("SIGTERM");
  await Promise.all(broken);
}
for (const problem of wrong.slice(0, 20)) process.stderr.write(`campaign:crash: ${problem}\n`);
if (wrong.length === 0) rmSync(folder, { recursive: true, force: true });
else process.stderr.write(`campaign:crash: journals and notes are kept in ${folder}\n`);
const cpu = cpus();
const result = {
  campaign: "crash",
  ...totals,
  lost: wrong.length,
  seed,
  seconds: Math.round((Date.now() - began) / 1000),
  machine: `${cpu.length} × ${cpu[0]?.model.trim() ?? "unknown CPU"}, Node ${process.version}`,
};
process.stdout.write(`${JSON.stringify(result)}\n`);
process.exitCode = wrong.length === 0 && totals.answers > 0 && totals.sessions_compared > 0 ? 0 : 1;
