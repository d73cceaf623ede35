/**
 * `npm run matrix:freqtrade`: the shim on several releases of freqtrade, each with the pandas and numpy it brings, in environments of their own
 * under .cache/freqtrade. For each: the arguments of the hooks against those the shim knows, and short backtests on made-up candles (spot, one-minute
 * detail, DCA, futures with shorts), ungated, in shadow mode and gated: the first two have to trade alike, the gate has to cut or deny some.
 * `-- --versions 2026.1,2026.5+pandas==2.2.*` for others, with `+` for a package in another version than pip would take and `@python3.13` for
 * another interpreter than this checkout's; `--exports FOLDER` keeps the
 * gated exports of every release there; `--only spot,futures,tests` for some parts. Needs the network the first time.
 * The last line of stdout is one JSON object. Exit codes: 0 all passed, 1 one did not, 2 something has to be installed first.
 */

import { execFile } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs, promisify } from "node:util";
import { backtest, firstDifference } from "./lib/freqtrade.mjs";
import { CACHE, ROOT, VENV_PYTHON } from "./lib/paths.mjs";

const VERSIONS = "2025.6,2025.8+pandas==2.2.*,2025.12,2026.3,2026.9";
const SPOT = ["ALFA/USDT", "BRVO/USDT"];
const FUTURES = ["BTC/USDT:USDT", "ETH/USDT:USDT"];
const TIMERANGE = "20250110-20250120";
const INSTALL_MS = 1_800_000;
const TESTS_MS = 900_000;
/** What the shim and its tests need beside freqtrade. */
const ADDED = ["pyzmq", "msgpack", "pytest", "hypothesis", "cloudpickle"];
/** Until 2025.7 freqtrade wants a TA-Lib that has no wheels. Newer ones work for it, and the shim uses none. */
const WITHOUT_WHEEL = /^ta-lib/i;
const execute = promisify(execFile);

const ENV = { ...process.env, PYTHONPATH: join(ROOT, "python-shim", "src"), PYTHONDONTWRITEBYTECODE: "1" };

const { values } = parseArgs({
  options: { versions: { type: "string", default: VERSIONS }, exports: { type: "string" }, only: { type: "string" } },
});
/** Whether a case, or the shim's tests, are wanted. @param {string} part */
const wants = (part) => values.only?.split(",").includes(part) ?? true;

/** @typedef {{ name: string, strategy: string, pairs: readonly string[], config?: Record<string, unknown> }} Case */
/** @type {readonly Case[]} */
const CASES = [
  { name: "spot", strategy: "Spot", pairs: SPOT },
  { name: "detail", strategy: "Spot", pairs: SPOT, config: { timeframe_detail: "1m" } },
  { name: "dca", strategy: "Dca", pairs: SPOT },
  { name: "futures", strategy: "Futures", pairs: FUTURES },
];
/** @type {readonly ("trades" | "signals")[]} */
const EXPORTS = ["trades", "signals"];

const CHECK = `
import json, platform
import freqtrade, numpy, pandas
from freqtrade.strategy.interface import IStrategy
from talebridge.signatures import differences
print(json.dumps({"freqtrade": freqtrade.__version__, "python": platform.python_version(), "pandas": pandas.__version__,
                  "numpy": numpy.__version__, "differences": differences(IStrategy)}))
`;

const REQUIRED = `
import importlib.metadata, json
print(json.dumps([one for one in importlib.metadata.requires("freqtrade") if "extra ==" not in one]))
`;

/** @typedef {{ case: string, trades: number, gated_trades: number, stake_share: number, questions: number }} Found */
/** @typedef {{ freqtrade: string, python?: string, pandas?: string, numpy?: string, cases: Found[], tests?: string, problem: string | null }} Row */

/**
 * @param {string} wanted version, packages and interpreter
 * @returns {Promise<string>} its interpreter
 */
async function environment(wanted) {
  const [packages = "", base = VENV_PYTHON] = wanted.split("@");
  const [version, ...others] = packages.split("+");
  const folder = join(CACHE, "freqtrade", wanted.replaceAll(/[^\w.+-]/g, "_"));
  const python = join(folder, "bin", "python");
  if (existsSync(join(folder, "ready"))) return python;
  process.stderr.write(`installing freqtrade ${wanted} …\n`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(CACHE, "freqtrade"), { recursive: true });
  await execute(base, ["-m", "venv", folder]);
  const pip = (/** @type {readonly string[]} */ args) =>
    execute(python, ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", ...args], {
      timeout: INSTALL_MS,
      maxBuffer: 1 << 26,
    });
  await pip(["--no-deps", `freqtrade==${version}`]);
  const { stdout } = await execute(python, ["-c", REQUIRED]);
  const required = JSON.parse(stdout).map((/** @type {string} */ one) => (WITHOUT_WHEEL.test(one) ? "ta-lib" : one));
  await pip([...required, ...ADDED, ...others]);
  writeFileSync(join(folder, "ready"), "");
  return python;
}

/**
 * The three twins of one case: equal where nothing is enforced, fewer or smaller trades where it is.
 * @param {Case} one @param {{ python: string, datadir: string, exchange: string }} where @param {string | null} keep
 * @returns {Promise<Found>}
 */
async function tryCase({ name, strategy, pairs, config }, where, keep) {
  const root = mkdtempSync(join(tmpdir(), "talebridge-matrix-"));
  try {
    const common = {
      ...{ ...where, pairs, timerange: TIMERANGE, config: { timeframe: "5m", ...config } },
      strategies: join(ROOT, "bench", "matrix", "strategies"),
    };
    const twins = ["Plain", "Shadow", "Gated"].map((twin) => strategy + twin);
    const run = await backtest({ ...common, root: join(root, "twins"), names: twins });
    if (run.code !== 0) throw new Error(`${name}: exit code ${run.code}: ${run.output.slice(-1500)}`);
    const [plain = [], shadow = [], gated = []] = twins.map((twin) => run.trades[twin] ?? []);
    const different = firstDifference(plain, shadow);
    if (different !== null) throw new Error(`${name}, ungated against shadow: ${different}`);
    if (plain.length === 0 || run.gates === 0) throw new Error(`${name}: no trade, or no question about one`);
    const stakes = (/** @type {typeof plain} */ trades) =>
      trades.reduce((sum, one) => sum + Number(one.stake_amount), 0);
    const stake_share = Math.round((stakes(gated) / stakes(plain)) * 1000) / 1000;
    if (!(stake_share < 1)) throw new Error(`${name}: the gated stakes are ${stake_share} of the ungated ones`);
    for (const results of keep === null ? [] : EXPORTS) {
      const folder = join(keep ?? "", `${name}-${results}`);
      const exported = await backtest({
        ...{ ...common, root: join(root, results), names: [`${strategy}Gated`], results, keep: folder },
      });
      if (exported.code !== 0) throw new Error(`${name}, export of ${results}: ${exported.output.slice(-1500)}`);
    }
    return { case: name, trades: plain.length, gated_trades: gated.length, stake_share, questions: run.gates };
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

/** The shim's own tests on this pandas and numpy. @param {string} python @returns {Promise<string>} the last line */
async function shimTests(python) {
  const done = await execute(python, ["-m", "pytest", "-p", "no:cacheprovider", "tests"], {
    ...{ cwd: join(ROOT, "python-shim"), timeout: TESTS_MS, maxBuffer: 1 << 26, env: ENV },
  }).catch((error) => error);
  const last = String(done.stdout).trim().split("\n").at(-1) ?? "";
  if (done.code !== undefined) throw new Error(`the shim's tests: ${String(done.stdout).slice(-1500)}`);
  return last;
}

/** @param {string} wanted @param {string} datadir @param {string} exchange @param {string | null} exports @returns {Promise<Row>} */
async function row(wanted, datadir, exchange, exports) {
  /** @type {Row} */
  let found = { freqtrade: wanted, cases: [], problem: null };
  try {
    const python = await environment(wanted);
    const { stdout } = await execute(python, ["-c", CHECK], { env: ENV });
    const { differences, ...versions } = JSON.parse(stdout.trim().split("\n").at(-1) ?? "{}");
    found = { ...found, ...versions };
    if (differences.length > 0) throw new Error(differences.join("; "));
    for (const one of CASES.filter(({ name }) => wants(name))) {
      const keep = exports === null ? null : join(exports, versions.freqtrade);
      found.cases.push(await tryCase(one, { python, datadir, exchange }, keep));
    }
    if (wants("tests")) found.tests = await shimTests(python);
  } catch (error) {
    found.problem = error instanceof Error ? error.message.slice(-1500) : String(error);
  }
  return found;
}

const stub = await import("../demo/dist/exchange-stub.js").catch(() => null);
if (stub === null || !existsSync(VENV_PYTHON)) {
  process.stderr.write("matrix:freqtrade: not built or not installed: npm run setup\n");
  process.exitCode = 2;
} else {
  const data = mkdtempSync(join(tmpdir(), "talebridge-matrix-data-"));
  const exports = values.exports === undefined ? null : resolve(process.env.INIT_CWD ?? ".", values.exports);
  const exchange = await stub.startStub({ pairs: [...SPOT, ...FUTURES] });
  /** @type {Row[]} */
  const rows = [];
  try {
    await execute(VENV_PYTHON, [join(ROOT, "bench", "matrix", "market.py"), "--out", data]);
    for (const wanted of values.versions.split(",")) {
      const found = await row(wanted, data, exchange.url, exports);
      rows.push(found);
      const { freqtrade, python, pandas, numpy, cases, tests, problem } = found;
      const told = cases.map(
        (one) => `${one.case} ${one.trades} equal, gated ${one.gated_trades} at ${one.stake_share}`,
      );
      process.stdout.write(
        `freqtrade ${freqtrade}, Python ${python ?? "?"}, pandas ${pandas ?? "?"}, numpy ${numpy ?? "?"}: ` +
          `${[...told, tests, problem].filter(Boolean).join("; ")}\n`,
      );
    }
  } finally {
    await exchange.close();
    rmSync(data, { recursive: true, force: true });
  }
  process.stdout.write(`${JSON.stringify({ bench: "freqtrade-matrix", rows })}\n`);
  if (rows.some(({ problem }) => problem !== null)) process.exitCode = 1;
}
