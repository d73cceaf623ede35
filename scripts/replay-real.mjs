/**
 * `npm run replay:real`: the sample strategies on real candles, replayed under each profile, and run once more gated.
 *
 * Prints the table of docs/replay.md as Markdown, row by row as they are known; TALEBRIDGE_EXACT=0 leaves the gated runs out,
 * TALEBRIDGE_TIMEFRAME (5m or 1h) all but one market. The totals of every replay
 * are recomputed from freqtrade's own trade table by scripts/lib/replay_totals.py and have to agree to the cent. Candles come from TALEBRIDGE_DATADIR.
 * The last line of stdout is one JSON object. Exit codes: 0 done, 1 failed or a total differs, 2 something is missing.
 */

import { execFile } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { freqtradeConfig } from "../e2e/harness/config.mjs";
import { ROOT, VENV, VENV_PYTHON } from "./lib/paths.mjs";

const run = promisify(execFile);
const RUN_MS = 3_600_000;
const CENT = 0.01;
const STRATEGIES = ["GateOnly", "GateAndSizing", "DcaGated"];
const PROFILES = /** @type {const} */ (["conservative", "aggressive", "extreme"]);
const MARKETS = /** @type {const} */ ([
  { timeframe: "5m", timerange: "20250105-20260101", exact: true },
  { timeframe: "1h", timerange: "20241101-20260201", exact: false },
]);

class Missing extends Error {}

/** @typedef {{ profit_abs: number, profit_ratio: number, trades: number, winners: number, drawdown_closed: { ratio: number } }} Side */
/** @typedef {{ status: string, percentile?: number, measures?: { measure: string, percentile: number }[], blocks?: number }} Placebo */
/** @typedef {{ source: { trades: number }, counts: Record<string, number>, without: Side, with: Side, effect: { stake_share: number, profit_change_abs: number, figures: { figure: string, low: number | null, high: number | null }[] }, placebo: Placebo, selection: { deflated: number } | null, second_order: { side: Side }, exact: (Side & { trades_only_gated: number }) | null }} Result */

/** @param {string} datadir @param {string} timeframe */
function pairsIn(datadir, timeframe) {
  const suffix = `_USDT-${timeframe}.feather`;
  return readdirSync(datadir)
    .filter((name) => name.endsWith(suffix))
    .map((name) => `${name.slice(0, -suffix.length)}/USDT`)
    .sort();
}

/**
 * The backtest without the gate. In shadow mode it asks and records but changes nothing, and begins where a gated run begins.
 * @param {{ root: string, datadir: string, strategy: string, timeframe: string, timerange: string }} what
 * @returns {Promise<string>} the result file
 */
async function ungated({ root, datadir, strategy, timeframe, timerange }) {
  const out = join(root, `${strategy}-${timeframe}`);
  mkdirSync(out);
  const config = join(root, `${timeframe}.json`);
  await run(
    VENV_PYTHON,
    [
      ...["-m", "freqtrade", "backtesting", "--config", config, "--userdir", root, "--datadir", datadir],
      ...["--strategy-path", join(ROOT, "strategies"), "--strategy", strategy, "--timeframe", timeframe],
      ...["--timerange", timerange, "--cache", "none", "--export", "trades", "--backtest-directory", out],
    ],
    { cwd: root, timeout: RUN_MS, maxBuffer: 1 << 26 },
  );
  const name = readdirSync(out).find((file) => file.endsWith(".zip"));
  if (name === undefined) throw new Error(`${strategy} on ${timeframe}: freqtrade wrote no result`);
  return join(out, name);
}

/**
 * @param {{ file: string, root: string, datadir: string, strategy: string, timeframe: string, profile: string, exact: boolean }} what
 * @returns {Promise<Result>}
 */
async function replayed({ file, root, datadir, strategy, timeframe, profile, exact }) {
  const json = join(root, `${strategy}-${timeframe}-${profile}.json`);
  const config = ["--config", join(root, `${timeframe}.json`), "--userdir", root];
  const freqtrade = ["--freqtrade", join(VENV, "bin", "freqtrade"), "--strategy-path", join(ROOT, "strategies")];
  const args = [join(ROOT, "bridge", "dist", "main.js"), "replay", file, "--datadir", datadir, "--profile", profile];
  await run(
    process.execPath,
    [...args, "--tried", "3", "--json", json, "--quiet", ...(exact ? ["--exact", ...config, ...freqtrade] : [])],
    { cwd: root, timeout: RUN_MS, maxBuffer: 1 << 26 },
  );
  const result = JSON.parse(readFileSync(json, "utf8"));
  const { stdout } = await run(VENV_PYTHON, [join(ROOT, "scripts", "lib", "replay_totals.py"), file, strategy, json]);
  requireSame(`${strategy} ${timeframe} ${profile}`, result, JSON.parse(stdout));
  return result;
}

/** @param {string} what @param {Result} result @param {Record<"without" | "with", { profit_abs: number, trades: number, drawdown_ratio: number }>} own */
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

const percent = (/** @type {number} */ ratio) => `${(100 * ratio).toFixed(1)} %`.replace("-", "−");

/** @param {Placebo} placebo @param {string} measure */
function percentile(placebo, measure) {
  const found = placebo.measures?.find((row) => row.measure === measure);
  return found === undefined ? placebo.status.replaceAll("_", " ") : (100 * found.percentile).toFixed(0);
}

/** @param {string} label @param {Result} result */
function row(label, { counts, without, with: gated, effect, placebo, selection, second_order, exact }) {
  const profit = effect.figures.find(({ figure }) => figure === "profit_abs");
  const balance = without.profit_abs / without.profit_ratio;
  const interval =
    profit?.low == null || profit.high == null
      ? "–"
      : `${percent(profit.low / balance)} … ${percent(profit.high / balance)}`;
  const cells = [
    label,
    `${counts.entries}`,
    `${counts.reduced} / ${(counts.denied ?? 0) + (counts.not_asked ?? 0)}`,
    percent(effect.stake_share),
    percent(without.profit_ratio),
    percent(gated.profit_ratio),
    interval,
    percent(second_order.side.profit_ratio),
    exact === null ? "–" : percent(exact.profit_ratio),
    `${percent(without.drawdown_closed.ratio)} → ${percent(gated.drawdown_closed.ratio)}`,
    ...["profit_change", "excess", "return_excess", "cvar95_change", "drawdown_change"].map((name) =>
      percentile(placebo, name),
    ),
    selection === null ? "–" : selection.deflated.toFixed(2),
  ];
  return `| ${cells.join(" | ")} |\n`;
}

async function main() {
  const datadir = resolve(ROOT, process.env.TALEBRIDGE_DATADIR ?? "../shared/data/binance");
  if (!existsSync(join(datadir, "BTC_USDT-5m.feather"))) {
    throw new Missing(`no 5-minute candles in ${datadir}; set TALEBRIDGE_DATADIR to a folder with candles of Binance`);
  }
  if (!existsSync(VENV_PYTHON)) throw new Missing("no Python environment in .venv: npm run setup");
  const stub = await import("../demo/dist/exchange-stub.js").catch(() => {
    throw new Missing("the exchange stub is not built: npm run build");
  });
  const root = mkdtempSync(join(tmpdir(), "talebridge-real-"));
  /** @type {Record<string, unknown>[]} */
  const rows = [];
  try {
    for (const sub of ["backtest_results", "data", "journals"]) mkdirSync(join(root, sub));
    const wanted = process.env.TALEBRIDGE_TIMEFRAME;
    for (const { timeframe, timerange, exact } of MARKETS) {
      if (wanted !== undefined && wanted !== timeframe) continue;
      const pairs = pairsIn(datadir, timeframe);
      const exchange = await stub.startStub({ pairs });
      const risk_bridge = { mode: "shadow", journal_dir: join(root, "journals") };
      const config = { ...freqtradeConfig({ user_data_dir: root, pairs, exchange: exchange.url, risk_bridge }) };
      writeFileSync(
        join(root, `${timeframe}.json`),
        JSON.stringify({ ...config, max_open_trades: 3, stake_amount: "unlimited" }),
      );
      try {
        for (const strategy of STRATEGIES) {
          const file = await ungated({ root, datadir, strategy, timeframe, timerange });
          for (const profile of PROFILES) {
            const again = exact && process.env.TALEBRIDGE_EXACT !== "0";
            const result = await replayed({ file, root, datadir, strategy, timeframe, profile, exact: again });
            const label = `${strategy}, ${timeframe}, ${profile}`;
            process.stdout.write(row(label, result));
            const { without, with: gated, placebo, exact: run_again } = result;
            rows.push({
              label,
              without: without.profit_ratio,
              with: gated.profit_ratio,
              exact: run_again?.profit_ratio ?? null,
              placebo,
            });
          }
        }
      } finally {
        await exchange.close();
      }
    }
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
  process.stdout.write(`${JSON.stringify({ bench: "replay-real", rows })}\n`);
}

try {
  await main();
} catch (error) {
  process.stderr.write(`replay-real: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = error instanceof Missing ? 2 : 1;
}
