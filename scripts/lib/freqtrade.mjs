/** Backtests of un-patched freqtrade for scripts: a user folder, a run, and the trades it made. */

import { execFile } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { unzipSync } from "fflate";
import { freqtradeConfig } from "../../e2e/harness/config.mjs";
import { ROOT } from "./paths.mjs";

const RUN_MS = 3_600_000;

/** @typedef {Record<string, unknown>} Trade as freqtrade exports it */
/** @typedef {{ code: number, output: string, trades: Readonly<Record<string, readonly Trade[]>>, gates: number }} Run */

/**
 * @typedef {object} Where
 * @property {string} root an empty folder
 * @property {string} python interpreter of an environment with freqtrade
 * @property {string} datadir candles
 * @property {readonly string[]} pairs
 * @property {string} exchange base URL of the loopback exchange
 * @property {string} strategies folder of strategy files
 * @property {Record<string, unknown>} [config] what config.json says otherwise
 */

/**
 * Runs a command of freqtrade in a user folder at `root`, whose journals are in `journals` there.
 * @param {string} command @param {Where} where @param {readonly string[]} args
 * @returns {Promise<{ code: number, stdout: string, output: string }>}
 */
export async function freqtrade(command, where, args) {
  const { root } = where;
  const journals = journalsOf(root);
  for (const folder of [journals, resultsOf(root), join(root, "data")]) mkdirSync(folder, { recursive: true });
  const config = {
    ...freqtradeConfig({
      user_data_dir: root,
      pairs: where.pairs,
      exchange: where.exchange,
      risk_bridge: { journal_dir: journals },
    }),
    ...where.config,
  };
  writeFileSync(join(root, "config.json"), JSON.stringify(config));
  return promisify(execFile)(
    where.python,
    [
      ...["-m", "freqtrade", command, "--config", join(root, "config.json"), "--userdir", root],
      ...["--datadir", where.datadir, "--strategy-path", where.strategies, ...args],
    ],
    {
      cwd: root,
      timeout: RUN_MS,
      maxBuffer: 1 << 26,
      env: {
        ...process.env,
        COLUMNS: "400",
        NO_COLOR: "1",
        PYTHONDONTWRITEBYTECODE: "1",
        PYTHONPATH: join(ROOT, "python-shim", "src"),
        TALEBRIDGE_COMMAND: `${process.execPath} ${join(ROOT, "bridge", "dist", "main.js")}`,
      },
    },
  ).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, output: stdout + stderr }),
    (error) => ({
      code: typeof error.code === "number" ? error.code : 1,
      stdout: String(error.stdout ?? ""),
      output: `${error.stdout ?? ""}${error.stderr ?? ""}${error.killed ? `\nnot done after ${RUN_MS / 1000} s` : ""}`,
    }),
  );
}

/**
 * @param {Where & { names: readonly string[], timerange: string, results?: "trades" | "signals", keep?: string }} options
 * `names`: classes to run, in this order; `results`: what to export; `keep`: folder to copy the results to
 * @returns {Promise<Run>} `gates`: questions in the journals
 */
export async function backtest(options) {
  const { root, names, timerange, keep } = options;
  const { code, output } = await freqtrade("backtesting", options, [
    ...["--strategy-list", ...names, "--timerange", timerange, "--cache", "none"],
    ...["--export", options.results ?? "trades"],
  ]);
  if (keep !== undefined) cpSync(resultsOf(root), keep, { recursive: true });
  return { code, output, trades: code === 0 ? tradesOf(resultsOf(root)) : {}, gates: gatesOf(journalsOf(root)) };
}

const journalsOf = (/** @type {string} */ root) => join(root, "journals");
const resultsOf = (/** @type {string} */ root) => join(root, "backtest_results");

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
