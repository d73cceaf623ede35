/** Backtests of un-patched freqtrade for scripts: a user folder, a run, and the trades it made. */

import { execFile } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { unzipSync } from "fflate";
import { freqtradeConfig } from "../../e2e/harness/config.mjs";
import { ROOT } from "./paths.mjs";

const RUN_MS = 900_000;

/** @typedef {Record<string, unknown>} Trade as freqtrade exports it */
/** @typedef {{ code: number, output: string, trades: Readonly<Record<string, readonly Trade[]>>, gates: number }} Run */

/**
 * @param {object} options
 * @param {string} options.root an empty folder
 * @param {string} options.python interpreter of an environment with freqtrade
 * @param {string} options.datadir candles
 * @param {readonly string[]} options.pairs
 * @param {string} options.exchange base URL of the loopback exchange
 * @param {string} options.strategies folder of strategy files
 * @param {readonly string[]} options.names classes to run, in this order
 * @param {string} options.timerange
 * @param {Record<string, unknown>} [options.config] what config.json says otherwise
 * @param {"trades" | "signals"} [options.results] what to export
 * @param {string} [options.keep] folder to copy the results to
 * @returns {Promise<Run>} `gates`: questions in the journals
 */
export async function backtest(options) {
  const { root } = options;
  const journals = join(root, "journals");
  const results = join(root, "backtest_results");
  for (const folder of [journals, results, join(root, "data")]) mkdirSync(folder, { recursive: true });
  const config = {
    ...freqtradeConfig({
      user_data_dir: root,
      pairs: options.pairs,
      exchange: options.exchange,
      risk_bridge: { journal_dir: journals },
    }),
    ...options.config,
  };
  writeFileSync(join(root, "config.json"), JSON.stringify(config));
  const done = await promisify(execFile)(
    options.python,
    [
      ...["-m", "freqtrade", "backtesting", "--config", join(root, "config.json"), "--userdir", root],
      ...["--datadir", options.datadir, "--strategy-path", options.strategies, "--strategy-list", ...options.names],
      ...["--timerange", options.timerange, "--cache", "none", "--export", options.results ?? "trades"],
    ],
    {
      cwd: root,
      timeout: RUN_MS,
      maxBuffer: 1 << 26,
      env: {
        ...process.env,
        NO_COLOR: "1",
        PYTHONDONTWRITEBYTECODE: "1",
        PYTHONPATH: join(ROOT, "python-shim", "src"),
        TALEBRIDGE_COMMAND: `${process.execPath} ${join(ROOT, "bridge", "dist", "main.js")}`,
      },
    },
  ).then(
    ({ stdout, stderr }) => ({ code: 0, output: stdout + stderr }),
    (error) => ({ code: Number(error.code ?? 1), output: `${error.stdout ?? ""}${error.stderr ?? error.message}` }),
  );
  if (options.keep !== undefined) cpSync(results, options.keep, { recursive: true });
  return { ...done, trades: done.code === 0 ? tradesOf(results) : {}, gates: gatesOf(journals) };
}

/** @param {string} results */
function tradesOf(results) {
  const name = readdirSync(results).find((file) => file.endsWith(".zip"));
  if (name === undefined) return {};
  const file = unzipSync(readFileSync(join(results, name)))[name.replace(/\.zip$/, ".json")];
  if (file === undefined) return {};
  /** @type {{ strategy: Record<string, { trades: Trade[] }> }} */
  const { strategy } = JSON.parse(new TextDecoder().decode(file));
  return Object.fromEntries(Object.entries(strategy).map(([key, value]) => [key, value.trades]));
}

/** @param {string} journals */
function gatesOf(journals) {
  return readdirSync(journals)
    .filter((name) => name.endsWith(".jsonl"))
    .flatMap((name) => readFileSync(join(journals, name), "utf8").split("\n"))
    .filter((line) => line.includes('"type":"gate"')).length;
}

/**
 * The first difference between two lists of trades, null when they are equal in every field.
 * @param {readonly Trade[]} a
 * @param {readonly Trade[]} b
 */
export function firstDifference(a, b) {
  if (a.length !== b.length) return `${a.length} trades against ${b.length}`;
  const at = a.findIndex((trade, i) => JSON.stringify(trade) !== JSON.stringify(b[i]));
  return at === -1 ? null : `trade ${at + 1}: ${JSON.stringify(a[at])} against ${JSON.stringify(b[at])}`;
}
