/**
 * `npm run strategies:published -- DIR`: strategies that others wrote, gated by nothing but the two lines. Every strategy file of DIR is copied to a
 * scratch folder beside subclasses of its class: ungated, in shadow mode and gated, all three with the same start-up candles. The shadow's trades have
 * to equal the ungated ones in every field. `--names A,B` for some classes, `--timerange`, `--timeframe` (5m) and `--pairs` as the candles allow;
 * these come from TALEBRIDGE_DATADIR. Spot, long only.
 * The last line of stdout is one JSON object. Exit codes: 0 every shadow equal, 1 one was not, 2 wrong use or something is missing.
 */

import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { backtest, firstDifference } from "./lib/freqtrade.mjs";
import { ROOT, VENV_PYTHON } from "./lib/paths.mjs";

const CLASS = /^class (\w+)\s*\(\s*IStrategy\s*\)/m;
/** The engine's memory of the standard window set, rounded up. */
const STARTUP_CANDLES = 1000;

/** @typedef {{ strategy: string, trades?: number, gated_trades?: number, questions?: number, problem: string | null, refused?: boolean }} Row */

/** @param {string} module @param {string} name */
function twins(module, name) {
  return `from ${module} import ${name}
from talebridge import risk_gated

STARTUP = max(${STARTUP_CANDLES}, ${name}.startup_candle_count)


class TbPlain(${name}):
    startup_candle_count = STARTUP


@risk_gated(mode="shadow")
class TbShadow(${name}):
    startup_candle_count = STARTUP


@risk_gated
class TbGated(${name}):
    startup_candle_count = STARTUP
`;
}

/**
 * @param {string} folder @param {string} file @param {string} name
 * @param {{ datadir: string, pairs: readonly string[], exchange: string, timerange: string, timeframe: string }} options
 * @returns {Promise<Row>}
 */
async function row(folder, file, name, options) {
  const root = mkdtempSync(join(tmpdir(), "talebridge-published-"));
  try {
    const strategies = join(root, "strategies");
    cpSync(folder, strategies, { recursive: true });
    writeFileSync(join(strategies, "tb_twins.py"), twins(file.replace(/\.py$/, ""), name));
    const { timeframe, ...market } = options;
    const names = ["TbPlain", "TbShadow", "TbGated"];
    const config = { timeframe };
    const run = await backtest({ ...market, root, python: VENV_PYTHON, strategies, names, config });
    if (run.code !== 0) {
      const why = run.output.trim().split("\n").slice(-3).join(" ");
      return { strategy: name, problem: why.slice(-300), refused: true };
    }
    const { TbPlain: plain = [], TbShadow: shadow = [], TbGated: gated = [] } = run.trades;
    const counts = { trades: plain.length, gated_trades: gated.length, questions: run.gates };
    // Two empty lists are equal and show nothing.
    if (plain.length === 0 && shadow.length === 0) {
      return { strategy: name, ...counts, problem: "no trade in this time range", refused: true };
    }
    return { strategy: name, ...counts, problem: firstDifference(plain, shadow) };
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    names: { type: "string" },
    timerange: { type: "string", default: "20250301-20250401" },
    timeframe: { type: "string", default: "5m" },
    pairs: { type: "string", default: "BTC/USDT,ETH/USDT,SOL/USDT" },
  },
});
const folder = resolve(process.env.INIT_CWD ?? ".", positionals[0] ?? "");
const datadir = resolve(ROOT, process.env.TALEBRIDGE_DATADIR ?? "../shared/data/binance");
const stub = await import("../demo/dist/exchange-stub.js").catch(() => null);
if (positionals.length !== 1 || !existsSync(folder) || !existsSync(datadir) || stub === null) {
  process.stderr.write(
    "strategies:published: give a folder of strategies; npm run setup first; candles in TALEBRIDGE_DATADIR\n",
  );
  process.exitCode = 2;
} else {
  const pairs = values.pairs.split(",");
  const wanted = values.names?.split(",");
  const exchange = await stub.startStub({ pairs });
  /** @type {Row[]} */
  const rows = [];
  try {
    for (const file of readdirSync(folder).filter((name) => name.endsWith(".py"))) {
      const name = CLASS.exec(readFileSync(join(folder, file), "utf8"))?.[1];
      if (name === undefined || (wanted !== undefined && !wanted.includes(name))) continue;
      const { timerange, timeframe } = values;
      const found = await row(folder, file, name, { datadir, pairs, exchange: exchange.url, timerange, timeframe });
      rows.push(found);
      const told = `${found.trades} trades, shadow equal; gated ${found.gated_trades}, ${found.questions} questions`;
      process.stdout.write(`${found.strategy}: ${found.problem ?? told}\n`);
    }
  } finally {
    await exchange.close();
  }
  const equal = rows.filter(({ problem }) => problem === null).length;
  process.stdout.write(`${JSON.stringify({ bench: "strategies-published", equal, of: rows.length, rows })}\n`);
  // What freqtrade itself cannot run, or what never trades, says nothing about the gate, and is told.
  if (equal === 0 || rows.some(({ problem, refused }) => problem !== null && !refused)) process.exitCode = 1;
}
