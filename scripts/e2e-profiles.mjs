/**
 * `npm run e2e:profiles`: the gate-only sample strategy on real 5-minute candles of 2025, once per profile.
 *
 * Prints how many entries were asked for, allowed, reduced and denied, and which share of the candidates the candle rules
 * touched, beside the share docs/method.md states for the profile. Candles come from TALEBRIDGE_DATADIR.
 * The last line of stdout is one JSON object. Exit codes: 0 done, 1 failed or an entry was decided without history,
 * 2 something is missing.
 */

import { execFile } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { freqtradeConfig } from "../e2e/harness/config.mjs";
import { ROOT, VENV_PYTHON } from "./lib/paths.mjs";

const STRATEGY = "GateOnly";
const PAIRS = ["BTC/USDT", "DOGE/USDT", "ETH/USDT", "SOL/USDT", "SUI/USDT", "XRP/USDT"];
const TIMERANGE = "20250105-20260101";
const RUN_MS = 900_000;
/** Share of candidates the profile's candle rules are expected to touch (docs/method.md). */
const NOMINAL = { conservative: 0.21, aggressive: 0.125, extreme: 0.125 };

/** @typedef {"conservative" | "aggressive" | "extreme"} Profile */
/** @typedef {{ type: string, kind: string, pair: string, side: string, candle_open_ms: number, decision: string, reason: string, candle: { size: number, reason: string } }} GateLine */
/**
 * @typedef {object} Counts
 * @property {number} asked candidates: entries asked about, each counted once
 * @property {number} allowed
 * @property {number} reduced
 * @property {number} denied
 * @property {number} affected_share of candidates whose candle verdict was below full size
 * @property {number} denied_share of candidates whose candle verdict was to deny
 * @property {number} nominal_share
 * @property {Record<string, number>} reasons of reduced and denied candidates
 * @property {number} without_history candidates decided before the engine had its memory
 */

class Missing extends Error {}

/** @param {string} folder */
function gateLines(folder) {
  return readdirSync(folder)
    .filter((name) => name.endsWith(".jsonl"))
    .sort()
    .flatMap((name) => readFileSync(join(folder, name), "utf8").split("\n"))
    .filter((text) => text !== "")
    .map((text) => /** @type {GateLine} */ (JSON.parse(text)))
    .filter((line) => line.type === "gate" && line.kind === "entry");
}

const SEVERITY = ["allow", "reduce", "deny"];

/**
 * @param {readonly GateLine[]} lines
 * @param {Profile} profile
 * @returns {Counts}
 */
function count(lines, profile) {
  /** @type {Map<string, GateLine>} the strictest answer to each candidate */
  const candidates = new Map();
  for (const line of lines) {
    const key = `${line.pair}|${line.side}|${line.candle_open_ms}`;
    const known = candidates.get(key);
    if (known === undefined || SEVERITY.indexOf(line.decision) > SEVERITY.indexOf(known.decision)) {
      candidates.set(key, line);
    }
  }
  const all = [...candidates.values()];
  const share = (/** @type {(line: GateLine) => boolean} */ wanted) => all.filter(wanted).length / all.length;
  /** @type {Record<string, number>} */
  const reasons = {};
  for (const line of all) {
    if (line.decision !== "allow") reasons[line.reason] = (reasons[line.reason] ?? 0) + 1;
  }
  return {
    asked: all.length,
    allowed: all.filter((line) => line.decision === "allow").length,
    reduced: all.filter((line) => line.decision === "reduce").length,
    denied: all.filter((line) => line.decision === "deny").length,
    affected_share: share((line) => line.candle.size < 1),
    denied_share: share((line) => line.candle.size === 0),
    nominal_share: NOMINAL[profile],
    reasons,
    without_history: all.filter((line) => line.candle.reason === "warming_up").length,
  };
}

/**
 * @param {Profile} profile
 * @param {string} datadir
 * @param {string} exchange
 * @returns {Promise<Counts>}
 */
async function backtest(profile, datadir, exchange) {
  const root = mkdtempSync(join(tmpdir(), "talebridge-profile-"));
  try {
    const journals = join(root, "journals");
    for (const sub of ["backtest_results", "data", "journals"]) mkdirSync(join(root, sub));
    const config = freqtradeConfig({
      user_data_dir: root,
      pairs: PAIRS,
      exchange,
      risk_bridge: { profile, journal_dir: journals },
    });
    writeFileSync(join(root, "config.json"), JSON.stringify(config));
    await promisify(execFile)(
      VENV_PYTHON,
      [
        ...["-m", "freqtrade", "backtesting", "--config", join(root, "config.json"), "--userdir", root],
        ...["--datadir", datadir],
        ...["--strategy-path", join(ROOT, "strategies"), "--strategy", STRATEGY],
        ...["--timerange", TIMERANGE, "--cache", "none", "--export", "none"],
      ],
      { cwd: root, timeout: RUN_MS, maxBuffer: 1 << 26 },
    );
    return count(gateLines(journals), profile);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

const percent = (/** @type {number} */ share) => `${(100 * share).toFixed(1)} %`;

async function main() {
  const datadir = resolve(ROOT, process.env.TALEBRIDGE_DATADIR ?? "../shared/data/binance");
  if (!existsSync(join(datadir, "BTC_USDT-5m.feather"))) {
    throw new Missing(`no 5-minute candles in ${datadir}; set TALEBRIDGE_DATADIR to a folder with ${PAIRS.join(", ")}`);
  }
  if (!existsSync(VENV_PYTHON)) throw new Missing("no Python environment in .venv: npm run setup");
  const stub = await import("../demo/dist/exchange-stub.js").catch(() => {
    throw new Missing("the exchange stub is not built: npm run build");
  });
  const exchange = await stub.startStub({ pairs: PAIRS });
  /** @type {Partial<Record<Profile, Counts>>} */
  const profiles = {};
  try {
    process.stdout.write(`${STRATEGY}, ${PAIRS.length} pairs, 5m, ${TIMERANGE}\n`);
    process.stdout.write(
      "profile        asked  allowed  reduced  denied   touched by candle rules (nominal)  denied by them\n",
    );
    for (const profile of /** @type {const} */ (["conservative", "aggressive", "extreme"])) {
      const counts = await backtest(profile, datadir, exchange.url);
      profiles[profile] = counts;
      const numbers = [counts.asked, counts.allowed, counts.reduced, counts.denied];
      process.stdout.write(
        `${profile.padEnd(12)}${numbers.map((value) => String(value).padStart(8)).join("")}   ` +
          `${percent(counts.affected_share)} (${percent(counts.nominal_share)})`.padEnd(34) +
          `${percent(counts.denied_share)}\n` +
          `             ${JSON.stringify(counts.reasons)}\n`,
      );
    }
  } finally {
    await exchange.close();
  }
  const early = Object.values(profiles).reduce((sum, counts) => sum + counts.without_history, 0);
  process.stdout.write(`entries decided before the engine had its memory: ${early}\n`);
  process.stdout.write(
    `${JSON.stringify({ bench: "profiles", strategy: STRATEGY, timerange: TIMERANGE, profiles })}\n`,
  );
  if (early > 0) process.exitCode = 1;
}

try {
  await main();
} catch (error) {
  process.stderr.write(`e2e:profiles: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = error instanceof Missing ? 2 : 1;
}
