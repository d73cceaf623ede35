/** One published strategy under the gate: backtests of its twins, and freqtrade's own analyses of the gated one beside the ungated. */

import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readCsv, varianceTable } from "./analysis.mjs";
import { backtest, firstDifference, freqtrade } from "./freqtrade.mjs";
import { VENV_PYTHON } from "./paths.mjs";

/** The engine's memory of the standard window set, rounded up. */
const STARTUP_CANDLES = 1000;
const TRADES = { least: 4, looked_at: 5 };

/** @typedef {{ datadir: string, pairs: readonly string[], exchange: string, timerange: string }} Market */
/** @typedef {{ timeframe: string | null, can_short: boolean, adds: boolean, startup: number, informative: number, hooks: string[] }} Facts */
/** @typedef {{ strategy: string, facts?: Facts, trades?: number, shorts?: number, gated_trades?: number, stake_share?: number, questions?: number, lookahead?: string, recursive?: string, problem: string | null, refused?: boolean }} Row */

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

/** A run of freqtrade that says nothing about the gate: the strategy cannot be run, or does not trade. */
class Refused extends Error {}

/** Its errors, or else the end. @param {string} output */
function lastWords(output) {
  const lines = output.trim().split("\n");
  const errors = lines.filter((line) => / - (ERROR|CRITICAL) - |Error: /.test(line));
  return (errors.length > 0 ? errors : lines).slice(-3).join(" ").slice(-300);
}

/**
 * @param {string} folder @param {string} file @param {string} name class @param {Facts} facts @param {Market} market
 * @param {boolean} analyses whether to run freqtrade's analyses as well
 * @returns {Promise<Row>}
 */
export async function tryStrategy(folder, file, name, facts, market, analyses) {
  const root = mkdtempSync(join(tmpdir(), "talebridge-published-"));
  /** @type {Row} */
  let found = { strategy: name, facts, problem: null };
  try {
    const strategies = join(root, "strategies");
    cpSync(folder, strategies, { recursive: true });
    writeFileSync(join(strategies, "tb_twins.py"), twins(file.replace(/\.py$/, ""), name));
    // Several classes at once need it in the configuration, and some strategies leave it to that anyway.
    const config = { timeframe: facts.timeframe ?? "5m" };
    const where = { ...market, python: VENV_PYTHON, strategies, config };
    found = { ...found, ...(await compareTrades({ ...where, root: join(root, "backtest") })) };
    if (analyses) {
      found.lookahead = await lookahead(where, root);
      found.recursive = await recursive({ ...where, root: join(root, "recursive") }, facts, market.timerange);
    }
  } catch (error) {
    found.problem = error instanceof Error ? error.message : String(error);
    found.refused = error instanceof Refused;
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
  return found;
}

/** @param {import("./freqtrade.mjs").Where & { timerange: string }} where */
async function compareTrades(where) {
  const run = await backtest({ ...where, names: ["TbPlain", "TbShadow", "TbGated"] });
  if (run.code !== 0) throw new Refused(lastWords(run.output));
  const { TbPlain: plain = [], TbShadow: shadow = [], TbGated: gated = [] } = run.trades;
  // Two empty lists are equal and show nothing.
  if (plain.length === 0 && shadow.length === 0) throw new Refused("no trade in this time range");
  const different = firstDifference(plain, shadow) === null ? null : await differenceAlone(where);
  if (different !== null) throw new Error(`ungated against shadow: ${different}`);
  const stakes = (/** @type {typeof plain} */ trades) => trades.reduce((sum, one) => sum + Number(one.stake_amount), 0);
  return {
    trades: plain.length,
    shorts: plain.filter((trade) => trade.is_short === true).length,
    gated_trades: gated.length,
    stake_share: Math.round((stakes(gated) / stakes(plain)) * 1000) / 1000,
    questions: run.gates,
  };
}

/**
 * The first difference of the two twins when each has a process of its own: freqtrade numbers orders through all classes of one run, and there are
 * strategies that write these numbers into their tags.
 * @param {import("./freqtrade.mjs").Where & { timerange: string }} where
 */
async function differenceAlone(where) {
  const alone = async (/** @type {string} */ twin) => {
    const run = await backtest({ ...where, root: `${where.root}-${twin}`, names: [twin] });
    if (run.code !== 0) throw new Error(`${twin} alone: ${lastWords(run.output)}`);
    return run.trades[twin] ?? [];
  };
  return firstDifference(await alone("TbPlain"), await alone("TbShadow"));
}

/** What lookahead-analysis says of the gated twin that it does not say of the ungated one. @param {Omit<import("./freqtrade.mjs").Where, "root"> & { timerange: string }} where @param {string} root */
async function lookahead(where, root) {
  /** @param {string} twin */
  const analysed = async (twin) => {
    const csv = join(root, `${twin}.csv`);
    const { code, output } = await freqtrade("lookahead-analysis", { ...where, root: join(root, twin) }, [
      ...["--strategy", twin, "--timerange", where.timerange, "--lookahead-analysis-exportfilename", csv],
      ...["--minimum-trade-amount", String(TRADES.least), "--targeted-trade-amount", String(TRADES.looked_at)],
    ]);
    const [row] = readCsv(csv);
    return row ?? `not analysed: ${code === 0 ? "too few trades" : lastWords(output)}`;
  };
  const plain = await analysed("TbPlain");
  const gated = await analysed("TbGated");
  if (typeof plain === "string") return plain;
  if (typeof gated === "string") throw new Error(`lookahead-analysis of the gated twin: ${gated}`);
  for (const count of ["biased_entry_signals", "biased_exit_signals"])
    if (Number(gated[count]) > Number(plain[count]))
      throw new Error(`lookahead-analysis: ${count} ${gated[count]}, ungated ${plain[count]}`);
  const columns = (/** @type {Record<string, string>} */ row) =>
    (row.biased_indicators ?? "").split(/[\s,]+/).filter(Boolean);
  const known = new Set(columns(plain));
  const added = columns(gated).filter((column) => !known.has(column));
  if (added.length > 0) throw new Error(`lookahead-analysis: biased with the gate only: ${added.join(", ")}`);
  return `${gated.total_signals} signals, ${plain.has_bias === "True" ? "no bias but its own" : "no bias"}`;
}

/** Whether a `risk_` column varies with the number of start-up candles. @param {import("./freqtrade.mjs").Where} where @param {Facts} facts @param {string} timerange */
async function recursive(where, facts, timerange) {
  const least = Math.max(STARTUP_CANDLES, facts.startup);
  // One below the engine's memory, where the columns do vary, so that the table names them.
  const starts = [Math.floor(STARTUP_CANDLES / 2), least, least + 13, least + 200];
  const { code, stdout, output } = await freqtrade("recursive-analysis", { ...where, pairs: where.pairs.slice(0, 1) }, [
    ...["--strategy", "TbGated", "--timerange", timerange, "--startup-candle", ...starts.map(String)],
  ]);
  if (code !== 0) throw new Error(`recursive-analysis: ${lastWords(output)}`);
  const risk = [...varianceTable(stdout)].filter(([column]) => column.startsWith("risk_"));
  if (risk.length === 0) throw new Error("recursive-analysis names no risk_ column");
  for (const [column, variance] of risk)
    for (const start of starts.slice(1))
      if (variance.get(start) !== "-") throw new Error(`recursive-analysis: ${column} varies: ${variance.get(start)}`);
  if (/found lookahead in indicator risk_/.test(output))
    throw new Error("recursive-analysis found lookahead in a risk_ column");
  return `0.000 % on ${risk.length} risk_ columns`;
}
