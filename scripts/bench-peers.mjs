/**
 * `npm run bench:peers`: the engine beside what a user would write instead (bench/peers), on the same candles in one run.
 * The last line of stdout is one JSON object. Exit codes: 0 done, 1 failed, 2 something has to be installed first.
 */

import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { ADDON, ROOT, VENV_PYTHON } from "./lib/paths.mjs";

if (!existsSync(ADDON) || !existsSync(VENV_PYTHON)) {
  console.error("bench:peers: nothing is built yet; run `npm run setup` first");
  process.exit(2);
}
const run = spawnSync(VENV_PYTHON, [join(ROOT, "bench", "peers", "run.py")], { cwd: ROOT, stdio: "inherit" });
if (run.error) console.error(`bench:peers: ${run.error.message}`);
process.exitCode = run.status ?? 1;
