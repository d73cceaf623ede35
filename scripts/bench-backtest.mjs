/**
 * `npm run bench:backtest`: what the gate adds to a backtest: three pairs, a year of 5-minute candles, the same strategy ungated, gated, and gated with
 * the columns of the verdict alone, with the same start-up candles, in turns. Each run is a whole `freqtrade backtesting`, start of the private bridge
 * included. Candles come from TALEBRIDGE_DATADIR, or are generated. `--rounds N` for more turns, `--strategy BenchShadow` (and others) to choose.
 * The last line of stdout is one JSON object. Exit codes: 0 done, 1 failed, 2 something has to be installed first.
 */

import { execFile } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs, promisify } from "node:util";
import { freqtradeConfig } from "../e2e/harness/config.mjs";
import { bench, machine, round } from "./lib/bench.mjs";
import { ROOT, VENV_PYTHON } from "./lib/paths.mjs";

const REAL_PAIRS = ["BTC/USDT", "ETH/USDT", "SOL/USDT"];
const GENERATED_PAIRS = ["ALFA/USDT", "BRVO/USDT", "CRLI/USDT"];
const TIMERANGE = "20250101-20260101";
const RUN_MS = 900_000;
/** The bridge of this checkout, whatever else is installed. */
const ENVIRONMENT = {
  NO_COLOR: "1",
  COLUMNS: "200",
  TALEBRIDGE_COMMAND: `${process.execPath} ${join(ROOT, "bridge", "dist", "main.js")}`,
};
const execute = promisify(execFile);

/** @typedef {{ wall_s: number, cpu_s: number, trades: number }} Run */
/** @typedef {Record<string, Run>} Turn one run of each strategy */

/** Runs a strategy file's main module and tells the CPU time of the process itself: wall time on a busy machine tells little. */
const TIMED = `
import resource, sys
from freqtrade.main import main
try:
    main(sys.argv[1:])
finally:
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(f"cpu {used.ru_utime + used.ru_stime:.3f}", file=sys.stderr)
`;

/** @param {string} folder where to generate candles @returns {Promise<{ datadir: string, pairs: readonly string[] }>} */
async function market(folder) {
  const real = resolve(ROOT, process.env.TALEBRIDGE_DATADIR ?? "../shared/data/binance");
  if (REAL_PAIRS.every((pair) => existsSync(join(real, `${pair.replace("/", "_")}-5m.feather`)))) {
    return { datadir: real, pairs: REAL_PAIRS };
  }
  const datadir = join(folder, "data");
  await execute(VENV_PYTHON, [join(ROOT, "bench", "backtest", "candles.py"), "--out", datadir, ...GENERATED_PAIRS]);
  return { datadir, pairs: GENERATED_PAIRS };
}

/**
 * @param {string} root user folder
 * @param {string} datadir
 * @param {string} strategy
 * @returns {Promise<Run>}
 */
async function backtest(root, datadir, strategy) {
  const began = performance.now();
  const { stdout, stderr } = await execute(
    VENV_PYTHON,
    [
      ...["-c", TIMED, "backtesting", "--config", join(root, "config.json"), "--userdir", root, "--datadir", datadir],
      ...["--strategy-path", join(ROOT, "bench", "backtest", "strategies"), "--strategy", strategy],
      ...["--timerange", TIMERANGE, "--cache", "none", "--export", "none"],
    ],
    { cwd: root, timeout: RUN_MS, maxBuffer: 1 << 26, env: { ...process.env, ...ENVIRONMENT } },
  );
  const wall_s = (performance.now() - began) / 1000;
  const cpu = /^cpu ([\d.]+)$/m.exec(stderr)?.[1];
  const trades = /Total\/Daily Avg Trades\s*[│|]\s*(\d+)/.exec(stdout)?.[1];
  if (cpu === undefined || trades === undefined) throw new Error(`${strategy} told no result:\n${stderr.slice(-2000)}`);
  return { wall_s, cpu_s: Number(cpu), trades: Number(trades) };
}

/**
 * @param {Turn} turn
 * @param {string} strategy
 */
function of(turn, strategy) {
  const run = turn[strategy];
  if (run === undefined) throw new Error(`${strategy} did not run`);
  return run;
}

/** @param {readonly number[]} values */
function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

await bench("backtest", async (folder) => {
  const { values } = parseArgs({
    options: {
      rounds: { type: "string", default: "5" },
      strategy: { type: "string", multiple: true, default: ["BenchGated", "BenchVerdict"] },
    },
  });
  const gated = values.strategy;
  const strategies = ["BenchPlain", ...gated];
  const rounds = Math.max(1, Number(values.rounds));
  const { datadir, pairs } = await market(folder);
  const { startStub } = await import("../demo/dist/exchange-stub.js");
  const exchange = await startStub({ pairs });
  try {
    const root = join(folder, "user");
    for (const sub of ["backtest_results", "data", "journals"]) mkdirSync(join(root, sub), { recursive: true });
    const risk_bridge = { journal_dir: join(root, "journals") };
    const config = freqtradeConfig({ user_data_dir: root, pairs, exchange: exchange.url, risk_bridge });
    writeFileSync(join(root, "config.json"), JSON.stringify(config));
    // Once each to fill the page cache and Python's.
    for (const strategy of strategies) await backtest(root, datadir, strategy);
    /** @type {Turn[]} */
    const turns = [];
    for (let i = 0; i < rounds; i++) {
      /** @type {Turn} */
      const turn = {};
      // Each goes first in its turn.
      for (let k = 0; k < strategies.length; k++) {
        const strategy = strategies[(i + k) % strategies.length] ?? "";
        turn[strategy] = await backtest(root, datadir, strategy);
      }
      turns.push(turn);
      const told = strategies.map((strategy) => {
        const { wall_s, cpu_s, trades } = of(turn, strategy);
        return `${strategy} ${wall_s.toFixed(2)} s (CPU ${cpu_s.toFixed(2)}, ${trades} trades)`;
      });
      process.stdout.write(`${told.join(", ")}\n`);
    }
    process.stdout.write(`${machine()}; ${pairs.join(", ")}, ${TIMERANGE}\n`);
    /** @param {(turn: Turn) => number} value */
    const middle = (value) => median(turns.map(value));
    const [first = ""] = gated;
    return {
      ratio: round(middle((turn) => of(turn, first).wall_s / of(turn, "BenchPlain").wall_s)),
      seconds_ungated: round(
        middle((turn) => of(turn, "BenchPlain").wall_s),
        2,
      ),
      trades: of(turns[0] ?? {}, "BenchPlain").trades,
      rounds,
      gated: Object.fromEntries(
        gated.map((strategy) => [
          strategy,
          {
            ratio: round(middle((turn) => of(turn, strategy).wall_s / of(turn, "BenchPlain").wall_s)),
            seconds: round(
              middle((turn) => of(turn, strategy).wall_s),
              2,
            ),
            cpu_ratio: round(middle((turn) => of(turn, strategy).cpu_s / of(turn, "BenchPlain").cpu_s)),
          },
        ]),
      ),
    };
  } finally {
    await exchange.close();
  }
});
