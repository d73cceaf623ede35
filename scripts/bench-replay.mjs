/**
 * `npm run bench:replay`: a year of 5-minute candles of 20 pairs and 5,000 trades, from the command line to the written report and figures.
 * The last line of stdout is one JSON object: seconds (best round), rss_mb (largest round), trades, candles. Exit codes: 0 done, 1 failed, 2 something
 * has to be installed first.
 */

import { join } from "node:path";
import { bench, machine, runClient } from "./lib/bench.mjs";
import { ROOT } from "./lib/paths.mjs";

/** @typedef {{ seconds: number, rss_mb: number, trades: number, candles: number, rounds: number[], html_bytes: number }} Measured */

await bench("replay", async (folder) => {
  const main = join(ROOT, "bridge", "dist", "main.js");
  const args = ["--folder", folder, "--node", process.execPath, "--main", main];
  const measured = /** @type {Measured} */ (await runClient("replay/client.py", args));
  const { seconds, rss_mb, trades, candles, rounds } = measured;
  process.stdout.write(`${machine()}; ${rounds.length} rounds: ${rounds.join(", ")} s\n`);
  process.stdout.write(`${trades} trades, ${candles} candles: ${seconds} s, ${rss_mb} MB at most\n`);
  return measured;
});
