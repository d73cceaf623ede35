/**
 * `npm run bench:backtest`: what the gate adds to a backtest: three pairs, a year of 5-minute candles, the same strategy gated and not, with the same
 * start-up candles, in turns. Each run is a whole `freqtrade backtesting`, start of the private bridge included.
 * Candles come from TALEBRIDGE_DATADIR, or are generated. `--rounds N` for more turns, `--strategy BenchShadow` for shadow mode.
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
 * @returns {Promise<{ wall_s: number, cpu_s: number, trades: number }>}
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

/** @param {readonly number[]} values */
function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

await bench("backtest", async (folder) => {
  const { values } = parseArgs({
    options: { rounds: { type: "string", default: "5" }, strategy: { type: "string", default: "BenchGated" } },
  });
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
    await backtest(root, datadir, "BenchPlain");
    await backtest(root, datadir, values.strategy);
    /** @type {{ plain: { wall_s: number, cpu_s: number, trades: number }, gated: { wall_s: number, cpu_s: number, trades: number } }[]} */
    const turns = [];
    for (let i = 0; i < rounds; i++) {
      // Each goes first in every other turn.
      const first = i % 2 === 0;
      const a = await backtest(root, datadir, first ? "BenchPlain" : values.strategy);
      const b = await backtest(root, datadir, first ? values.strategy : "BenchPlain");
      const [plain, gated] = first ? [a, b] : [b, a];
      turns.push({ plain, gated });
      process.stdout.write(
        `ungated ${plain.wall_s.toFixed(2)} s (CPU ${plain.cpu_s.toFixed(2)}, ${plain.trades} trades), ` +
          `gated ${gated.wall_s.toFixed(2)} s (CPU ${gated.cpu_s.toFixed(2)}, ${gated.trades} trades)\n`,
      );
    }
    process.stdout.write(`${machine()}; ${pairs.join(", ")}, ${TIMERANGE}\n`);
    return {
      ratio: round(median(turns.map(({ plain, gated }) => gated.wall_s / plain.wall_s))),
      seconds_ungated: round(median(turns.map(({ plain }) => plain.wall_s)), 2),
      seconds_gated: round(median(turns.map(({ gated }) => gated.wall_s)), 2),
      cpu_ratio: round(median(turns.map(({ plain, gated }) => gated.cpu_s / plain.cpu_s))),
      trades: turns[0]?.plain.trades ?? 0,
      rounds,
    };
  } finally {
    await exchange.close();
  }
});
