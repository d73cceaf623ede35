/**
 * `npm run strategies:published -- DIR`: strategies that others wrote, gated by nothing but the two lines. Every strategy file of DIR is copied to a
 * scratch folder beside subclasses of its class: ungated, in shadow mode and gated, all three with the same start-up candles. The shadow's trades have
 * to equal the ungated ones in every field. `--analyses` runs freqtrade's own as well: lookahead-analysis may find nothing in the gated twin that it
 * does not find in the ungated one, and recursive-analysis no variance on `risk_` columns. `--names A,B` for some classes, `--timerange` and `--pairs`
 * as the candles allow; these come from TALEBRIDGE_DATADIR, longer timeframes are made from shorter ones. Strategies that go short trade `--perpetuals`.
 * The last line of stdout is one JSON object. Exit codes: 0 every shadow equal, 1 one was not, 2 wrong use or something is missing.
 */

import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs, promisify } from "node:util";
import { ROOT, VENV_PYTHON } from "./lib/paths.mjs";
import { tryStrategy } from "./lib/published.mjs";

const CLASS = /^class (\w+)\s*\(\s*IStrategy\s*\)/m;
const execute = promisify(execFile);

/** @param {string} script @param {readonly string[]} args */
const python = async (script, args) =>
  (await execute(VENV_PYTHON, [join(ROOT, "scripts", "lib", script), ...args], { maxBuffer: 1 << 26 })).stdout;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    names: { type: "string" },
    timerange: { type: "string", default: "20250301-20250401" },
    pairs: { type: "string", default: "BTC/USDT,ETH/USDT,SOL/USDT" },
    perpetuals: { type: "string", default: "BTC/USDT:USDT,ETH/USDT:USDT,SOL/USDT:USDT" },
    analyses: { type: "boolean", default: false },
  },
});
const folder = resolve(process.env.INIT_CWD ?? ".", positionals[0] ?? "");
const candles = resolve(ROOT, process.env.TALEBRIDGE_DATADIR ?? "../shared/data/binance");
const stub = await import("../demo/dist/exchange-stub.js").catch(() => null);
if (positionals.length !== 1 || !existsSync(folder) || !existsSync(candles) || stub === null) {
  process.stderr.write(
    "strategies:published: give a folder of strategies; npm run setup first; candles in TALEBRIDGE_DATADIR\n",
  );
  process.exitCode = 2;
} else {
  const [pairs, perpetuals] = [values.pairs.split(","), values.perpetuals.split(",")];
  const wanted = values.names?.split(",");
  const exchange = await stub.startStub({ pairs: [...pairs, ...perpetuals] });
  const datadir = mkdtempSync(join(tmpdir(), "talebridge-published-data-"));
  /** @type {import("./lib/published.mjs").Row[]} */
  const rows = [];
  try {
    await python("longer_candles.py", [candles, datadir, ...pairs, ...perpetuals]);
    for (const file of readdirSync(folder).filter((name) => name.endsWith(".py"))) {
      const name = CLASS.exec(readFileSync(join(folder, file), "utf8"))?.[1];
      if (name === undefined || (wanted !== undefined && !wanted.includes(name))) continue;
      /** @type {import("./lib/published.mjs").Row} */
      let found;
      try {
        /** @type {import("./lib/published.mjs").Facts} */
        const facts = JSON.parse(
          (await python("strategy_facts.py", [join(folder, file), name])).trim().split("\n").at(-1) ?? "",
        );
        const market = {
          datadir,
          pairs: facts.can_short ? perpetuals : pairs,
          exchange: exchange.url,
          timerange: values.timerange,
        };
        found = await tryStrategy(folder, file, name, facts, market, values.analyses);
      } catch (error) {
        found = { strategy: name, problem: String(Object(error).stderr ?? error).slice(-300), refused: true };
      }
      rows.push(found);
      const { facts, trades, shorts, gated_trades, stake_share, questions, lookahead, recursive, problem } = found;
      const kind =
        facts === undefined
          ? ""
          : ` (${[facts.timeframe, facts.can_short ? "short" : "", ...facts.hooks].filter(Boolean).join(" ")})`;
      const told = `${trades} trades, ${shorts} short, shadow equal; gated ${gated_trades} at ${stake_share}, ${questions} questions`;
      const all = [trades === undefined ? "" : told, lookahead, recursive, problem].filter(Boolean).join("; ");
      process.stdout.write(`${name}${kind}: ${all}\n`);
    }
  } finally {
    await exchange.close();
    rmSync(datadir, { recursive: true, force: true });
  }
  const equal = rows.filter(({ problem }) => problem === null).length;
  process.stdout.write(`${JSON.stringify({ bench: "strategies-published", equal, of: rows.length, rows })}\n`);
  // What freqtrade itself cannot run, or what never trades, says nothing about the gate, and is told.
  if (equal === 0 || rows.some(({ problem, refused }) => problem !== null && !refused)) process.exitCode = 1;
}
