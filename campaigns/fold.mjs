/**
 * `npm run campaign:fold [-- --days 366 --seed 1]`: a year of minutes of five bots on one bridge: entries, fills, losses, additions, re-asks, halts,
 * overrides, rebases, groups, silence, journal files that come and go, and a daemon that is stopped, killed and killed while it writes. Before and
 * after every start the sessions and groups that the journal folds to must equal those that stood, to the bit, and give the same verdicts. The clock
 * is simulated; gate service, sessions, reducers, journal and its files are the daemon's own. The last line of stdout is one JSON object. Exit code 1
 * when anything differed.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { loadEngine } from "../bridge/dist/engine/engine.js";
import { simulate } from "./lib/fold_time.mjs";

const DAY_MINUTES = 1440;
const EVERY_DAYS = 30;

const { values } = parseArgs({
  options: { days: { type: "string", default: "366" }, seed: { type: "string", default: "1" } },
});
const [days, seed] = [Number(values.days), Number(values.seed)];
const dir = mkdtempSync(join(tmpdir(), "talebridge-fold-"));
const began = process.cpuUsage();
try {
  const onDay = (/** @type {number} */ day) => {
    if (day % EVERY_DAYS === 0) process.stderr.write(`day ${day} of ${days}\n`);
  };
  const { different, ...counts } = simulate({ seed, minutes: days * DAY_MINUTES, dir, engine: loadEngine(), onDay });
  const { user, system } = process.cpuUsage(began);
  const cpu_s = Math.round((user + system) / 1e6);
  process.stdout.write(`${JSON.stringify({ campaign: "fold", seed, days, ...counts, different, cpu_s })}\n`);
  process.exitCode = different.length === 0 ? 0 : 1;
} finally {
  rmSync(dir, { recursive: true, force: true });
}
