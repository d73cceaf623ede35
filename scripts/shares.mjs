/**
 * `npm run shares`: which share of candles, and of the sample strategies' entry signals, each profile cuts and denies on real candles.
 *
 * freqtrade analyses the candles, the real bridge judges them; nothing is sampled and nothing random. Writes docs/shares.md. Candles come from
 * TALEBRIDGE_DATADIR. The last line of stdout is one JSON object. Exit codes: 0 done, 1 failed, 2 something is missing.
 */

import { execFile } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { freqtradeConfig } from "../e2e/harness/config.mjs";
import { ROOT, VENV_PYTHON } from "./lib/paths.mjs";
import { PROFILES, sharesPage, summary } from "./lib/shares-page.mjs";

const RUN_MS = 900_000;
/** Sample strategies; Biased is left out: it knows the future, so its signals are nobody's. */
const STRATEGIES = ["GateOnly", "GateAndSizing", "DcaGated"];
const MARKETS = /** @type {const} */ ([
  { timeframe: "5m", timerange: "20250101-20260101" },
  { timeframe: "1h", timerange: "20241001-20260201" },
]);

class Missing extends Error {}

/** @param {string} datadir @param {string} timeframe @returns {string[]} */
function pairsIn(datadir, timeframe) {
  const suffix = `_USDT-${timeframe}.feather`;
  return readdirSync(datadir)
    .filter((name) => name.endsWith(suffix))
    .map((name) => `${name.slice(0, -suffix.length)}/USDT`)
    .sort();
}

/**
 * @param {{ datadir: string, exchange: string, profile: string, timeframe: string, timerange: string, pairs: string[] }} what
 * @returns {Promise<Record<string, import("./lib/shares-page.mjs").Line[]>>} by strategy
 */
async function count({ datadir, exchange, profile, timeframe, timerange, pairs }) {
  const root = mkdtempSync(join(tmpdir(), "talebridge-shares-"));
  try {
    for (const sub of ["backtest_results", "data", "journals"]) mkdirSync(join(root, sub));
    const config = {
      ...freqtradeConfig({
        user_data_dir: root,
        pairs,
        exchange,
        risk_bridge: { profile, mode: "shadow", journal_dir: join(root, "journals") },
      }),
      timeframe,
      timerange,
    };
    const file = join(root, "config.json");
    writeFileSync(file, JSON.stringify(config));
    const script = join(ROOT, "scripts", "lib", "shares.py");
    const { stdout } = await promisify(execFile)(
      VENV_PYTHON,
      [script, file, datadir, join(ROOT, "strategies"), ...STRATEGIES],
      { cwd: root, timeout: RUN_MS, maxBuffer: 1 << 26 },
    );
    return JSON.parse(stdout);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
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
  /** @type {import("./lib/shares-page.mjs").Run[]} */
  const runs = [];
  for (const { timeframe, timerange } of MARKETS) {
    const pairs = pairsIn(datadir, timeframe);
    const exchange = await stub.startStub({ pairs });
    try {
      for (const profile of PROFILES) {
        process.stderr.write(`${timeframe}, ${pairs.length} pairs, ${profile}\n`);
        const counted = await count({ datadir, exchange: exchange.url, profile, timeframe, timerange, pairs });
        for (const [strategy, lines] of Object.entries(counted))
          runs.push({ timeframe, timerange, profile, strategy, lines });
      }
    } finally {
      await exchange.close();
    }
  }
  writeFileSync(join(ROOT, "docs", "shares.md"), sharesPage(runs));
  process.stdout.write(`${JSON.stringify({ bench: "shares", runs: summary(runs) })}\n`);
}

try {
  await main();
} catch (error) {
  process.stderr.write(`shares: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = error instanceof Missing ? 2 : 1;
}
