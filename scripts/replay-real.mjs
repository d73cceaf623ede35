/**
 * `npm run replay:real`: the sample strategies on real candles, replayed under each profile, and run once more gated.
 *
 * Each part of a row is kept in .cache/replay-real/<version of the code>/ once it is known, so an interrupted run goes on where it was; another version of the
 * code begins anew. TALEBRIDGE_ROWS=n does at most n rows. When every row is there, the tables of docs/replay.md are written from them.
 * The totals of every replay are recomputed from freqtrade's own trade table by scripts/lib/replay_totals.py and have to agree to the cent.
 * Candles come from TALEBRIDGE_DATADIR. The last line of stdout is one JSON object: rows done and rows to do.
 * Exit codes: 0 done, 1 failed or a total differs, 2 something is missing.
 */

import { execFile } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { promisify } from "node:util";
import { freqtradeConfig } from "../e2e/harness/config.mjs";
import { ADDON, CACHE, ROOT, VENV, VENV_PYTHON } from "./lib/paths.mjs";
import { cases, filled, labelOf, MARKETS } from "./lib/replay-real-page.mjs";
import { hashInputs } from "./lib/stamp.mjs";

const run = promisify(execFile);
const RUN_MS = 3_600_000;
const MAX_OUTPUT_BYTES = 1 << 26;
const CENT = 0.01;
const PAGE = join(ROOT, "docs", "replay.md");
const MAIN = join(ROOT, "bridge", "dist", "main.js");

/** Of a row: the whole gate, and its candle rules without the limits on the account. */
const PARTS = /** @type {const} */ (["gate", "rules"]);

class Missing extends Error {}

/** @typedef {import("./lib/replay-real-page.mjs").Case} Case */
/** @typedef {import("./lib/replay-real-page.mjs").Row} Row */
/** @typedef {Row["result"] & { without: Total, with: Total, entries: unknown[], equity: unknown }} Replayed */
/** @typedef {{ profit_abs: number, trades: number, drawdown_closed: { ratio: number } }} Total */

/** What the figures are made by: the built bridge, the engine, the shim, the strategies. */
function codeOf() {
  const folders = [join(ROOT, "bridge", "dist"), join(ROOT, "python-shim", "src"), join(ROOT, "strategies")];
  const files = folders.flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((name) => /\.(js|py)$/.test(name))
      .sort()
      .map((name) => join(folder, name)),
  );
  return hashInputs([...files, ADDON], []).slice(0, 12);
}

/** @param {string} datadir @param {string} timeframe */
function pairsIn(datadir, timeframe) {
  const suffix = `_USDT-${timeframe}.feather`;
  return readdirSync(datadir)
    .filter((name) => name.endsWith(suffix))
    .map((name) => `${name.slice(0, -suffix.length)}/USDT`)
    .sort();
}

/**
 * The backtest without the gate, made once for the rows that share it. In shadow mode it asks and records but changes nothing, and begins where a
 * gated run begins.
 * @param {Case} of @param {{ root: string, kept: string, datadir: string, config: string }} where
 * @returns {Promise<string>} the result file
 */
async function ungated({ strategy, timeframe }, { root, kept, datadir, config }) {
  // freqtrade reads a result only under the name it gave it.
  const folder = join(kept, `${strategy}-${timeframe}`);
  const made = existsSync(folder) ? zipIn(folder) : undefined;
  if (made !== undefined) return made;
  const out = join(root, "ungated");
  mkdirSync(out);
  const { timerange = "" } = MARKETS.find((market) => market.timeframe === timeframe) ?? {};
  const args = [
    ...["-m", "freqtrade", "backtesting", "--config", config, "--userdir", root, "--datadir", datadir],
    ...["--strategy-path", join(ROOT, "strategies"), "--strategy", strategy, "--timeframe", timeframe],
    ...["--timerange", timerange, "--cache", "none", "--export", "trades", "--backtest-directory", out],
  ];
  await run(VENV_PYTHON, args, { cwd: root, timeout: RUN_MS, maxBuffer: MAX_OUTPUT_BYTES });
  const result = zipIn(out);
  if (result === undefined) throw new Error(`${strategy} on ${timeframe}: freqtrade wrote no result`);
  mkdirSync(folder, { recursive: true });
  const file = join(folder, basename(result));
  // Perhaps from another file system.
  copyFileSync(result, `${file}.new`);
  renameSync(`${file}.new`, file);
  return file;
}

/** @param {string} folder */
function zipIn(folder) {
  const name = readdirSync(folder).find((entry) => entry.endsWith(".zip"));
  return name === undefined ? undefined : join(folder, name);
}

/**
 * @param {Case} of @param {{ root: string, kept: string, datadir: string, config: string }} where
 * @param {typeof PARTS[number]} part the whole gate, with the gated backtest beside it, or its candle rules alone
 * @returns {Promise<Row["result"]>}
 */
async function replayed(of, where, part) {
  const { root, datadir, config } = where;
  const file = await ungated(of, where);
  const json = join(root, "replay.json");
  const exact = [
    ...["--exact", "--config", config, "--userdir", root, "--strategy-path", join(ROOT, "strategies")],
    ...["--freqtrade", join(VENV, "bin", "freqtrade")],
  ];
  const args = [
    ...[MAIN, "replay", file, "--datadir", datadir, "--profile", of.profile, "--tried", "3", "--json", json, "--quiet"],
    ...(part === "rules" ? ["--set", "portfolio_limits=off"] : exact),
  ];
  await run(process.execPath, args, { cwd: root, timeout: RUN_MS, maxBuffer: MAX_OUTPUT_BYTES });
  const result = /** @type {Replayed} */ (JSON.parse(readFileSync(json, "utf8")));
  const { stdout } = await run(VENV_PYTHON, [
    join(ROOT, "scripts", "lib", "replay_totals.py"),
    file,
    of.strategy,
    json,
  ]);
  requireSame(labelOf(of), result, JSON.parse(stdout));
  const { entries: _, equity: __, ...kept } = result;
  return kept;
}

/** @param {string} what @param {Replayed} result @param {Record<"without" | "with", { profit_abs: number, trades: number, drawdown_ratio: number }>} own */
function requireSame(what, result, own) {
  for (const side of /** @type {const} */ (["without", "with"])) {
    const [ours, theirs] = [result[side], own[side]];
    const differs =
      Math.abs(ours.profit_abs - theirs.profit_abs) >= CENT ||
      ours.trades !== theirs.trades ||
      Math.abs(ours.drawdown_closed.ratio - theirs.drawdown_ratio) >= 1e-6;
    if (differs) {
      throw new Error(
        `${what}, ${side} the gate: ${JSON.stringify(ours)}, from freqtrade's table ${JSON.stringify(theirs)}`,
      );
    }
  }
}

/**
 * One part of a row: from the candles to the figures.
 * @param {Case} of @param {string} kept @param {string} datadir @param {typeof PARTS[number]} part
 * @returns {Promise<Row["result"]>}
 */
async function partOf(of, kept, datadir, part) {
  const stub = await import("../demo/dist/exchange-stub.js").catch(() => {
    throw new Missing("the exchange stub is not built: npm run build");
  });
  const root = mkdtempSync(join(tmpdir(), "talebridge-real-"));
  const pairs = pairsIn(datadir, of.timeframe);
  const exchange = await stub.startStub({ pairs });
  try {
    for (const sub of ["backtest_results", "data", "journals"]) mkdirSync(join(root, sub));
    const risk_bridge = { mode: "shadow", journal_dir: join(root, "journals") };
    const config = join(root, "config.json");
    const written = freqtradeConfig({ user_data_dir: root, pairs, exchange: exchange.url, risk_bridge });
    writeFileSync(config, JSON.stringify({ ...written, max_open_trades: 3, stake_amount: "unlimited" }));
    return await replayed(of, { root, kept, datadir, config }, part);
  } finally {
    await exchange.close();
    rmSync(root, { recursive: true, force: true });
  }
}

async function main() {
  const datadir = resolve(ROOT, process.env.TALEBRIDGE_DATADIR ?? "../shared/data/binance");
  if (!existsSync(join(datadir, "BTC_USDT-5m.feather"))) {
    throw new Missing(`no 5-minute candles in ${datadir}; set TALEBRIDGE_DATADIR to a folder with candles of Binance`);
  }
  if (!existsSync(VENV_PYTHON)) throw new Missing("no Python environment in .venv: npm run setup");
  const code = codeOf();
  const kept = join(CACHE, "replay-real", code);
  mkdirSync(kept, { recursive: true });
  const most = Number(process.env.TALEBRIDGE_ROWS ?? Number.POSITIVE_INFINITY);
  /** @type {Row[]} */
  const rows = [];
  let [made, left] = [0, 0];
  for (const of of cases()) {
    const name = `${of.strategy}-${of.timeframe}-${of.profile}`;
    const files = PARTS.map((part) => ({ part, file: join(kept, `${name}-${part}.json`) }));
    if (files.some(({ file }) => !existsSync(file))) {
      if (made >= most) {
        left += 1;
        continue;
      }
      for (const { part, file } of files) {
        if (existsSync(file)) continue;
        writeFileSync(`${file}.new`, JSON.stringify(await partOf(of, kept, datadir, part)));
        renameSync(`${file}.new`, file);
      }
      made += 1;
      process.stdout.write(`${labelOf(of)}: done\n`);
    }
    const [result, rules] = files.map(({ file }) => JSON.parse(readFileSync(file, "utf8")));
    rows.push({ ...of, code, result, rules });
  }
  if (left === 0) writeFileSync(PAGE, filled(readFileSync(PAGE, "utf8"), rows));
  process.stdout.write(`${JSON.stringify({ bench: "replay-real", code, done: rows.length, left })}\n`);
}

try {
  await main();
} catch (error) {
  process.stderr.write(`replay-real: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = error instanceof Missing ? 2 : 1;
}
