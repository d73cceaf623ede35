/**
 * `npm run matrix:freqtrade`: the shim on several releases of freqtrade, each with the pandas and numpy it brings, in environments of their own
 * under .cache/freqtrade. For each: the arguments of the hooks against those the shim knows, and a short backtest, ungated and in shadow mode, whose
 * trades have to be equal. `-- --versions 2026.1,2026.5` for others (before 2025.8, TA-Lib comes without wheels and needs its C library). Needs the network the first time.
 * The last line of stdout is one JSON object. Exit codes: 0 all passed, 1 one did not, 2 something has to be installed first.
 */

import { execFile } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs, promisify } from "node:util";
import { backtest, firstDifference } from "./lib/freqtrade.mjs";
import { CACHE, ROOT, VENV_PYTHON } from "./lib/paths.mjs";

const VERSIONS = "2025.8,2025.12,2026.3,2026.9";
const PAIRS = ["ALFA/USDT", "BRVO/USDT"];
const TIMERANGE = "20250110-20250125";
const INSTALL_MS = 1_800_000;
const execute = promisify(execFile);

const CHECK = `
import json
import freqtrade, numpy, pandas
from freqtrade.strategy.interface import IStrategy
from talebridge.signatures import differences
print(json.dumps({"freqtrade": freqtrade.__version__, "pandas": pandas.__version__, "numpy": numpy.__version__,
                  "differences": differences(IStrategy)}))
`;

/** @typedef {{ freqtrade: string, pandas?: string, numpy?: string, trades?: number, gates?: number, problem: string | null }} Row */

/** @param {string} version @returns {Promise<string>} its interpreter */
async function environment(version) {
  const folder = join(CACHE, "freqtrade", version);
  const python = join(folder, "bin", "python");
  if (existsSync(join(folder, "bin", "freqtrade"))) return python;
  process.stderr.write(`installing freqtrade ${version} …\n`);
  mkdirSync(join(CACHE, "freqtrade"), { recursive: true });
  await execute(VENV_PYTHON, ["-m", "venv", folder]);
  const wanted = [`freqtrade==${version}`, "pyzmq", "msgpack"];
  await execute(python, ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", ...wanted], {
    timeout: INSTALL_MS,
    maxBuffer: 1 << 26,
  });
  return python;
}

/** @param {string} version @param {string} datadir @param {string} exchange @returns {Promise<Row>} */
async function row(version, datadir, exchange) {
  const root = mkdtempSync(join(tmpdir(), "talebridge-matrix-"));
  try {
    const python = await environment(version);
    const env = { ...process.env, PYTHONPATH: join(ROOT, "python-shim", "src") };
    const { stdout } = await execute(python, ["-c", CHECK], { env });
    const { differences, ...versions } = JSON.parse(stdout.trim().split("\n").at(-1) ?? "{}");
    if (differences.length > 0) return { ...versions, problem: differences.join("; ") };
    const run = await backtest({
      ...{ root, python, datadir, exchange, pairs: PAIRS, timerange: TIMERANGE },
      ...{ strategies: join(ROOT, "bench", "backtest", "strategies"), names: ["BenchPlain", "BenchShadow"] },
    });
    if (run.code !== 0) return { ...versions, problem: `exit code ${run.code}: ${run.output.slice(-1500)}` };
    const { BenchPlain: plain = [], BenchShadow: shadow = [] } = run.trades;
    const silent = plain.length === 0 || run.gates === 0 ? "no trade, or no question about one" : null;
    return {
      ...{ ...versions, trades: plain.length, gates: run.gates },
      problem: firstDifference(plain, shadow) ?? silent,
    };
  } catch (error) {
    return { freqtrade: version, problem: error instanceof Error ? error.message.slice(-1500) : String(error) };
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

const { values } = parseArgs({ options: { versions: { type: "string", default: VERSIONS } } });
const stub = await import("../demo/dist/exchange-stub.js").catch(() => null);
if (stub === null || !existsSync(VENV_PYTHON)) {
  process.stderr.write("matrix:freqtrade: not built or not installed: npm run setup\n");
  process.exitCode = 2;
} else {
  const data = mkdtempSync(join(tmpdir(), "talebridge-matrix-data-"));
  const exchange = await stub.startStub({ pairs: PAIRS });
  /** @type {Row[]} */
  const rows = [];
  try {
    await execute(VENV_PYTHON, [join(ROOT, "bench", "backtest", "candles.py"), "--out", data, ...PAIRS]);
    for (const version of values.versions.split(",")) {
      const found = await row(version, data, exchange.url);
      rows.push(found);
      process.stdout.write(
        `freqtrade ${found.freqtrade}, pandas ${found.pandas ?? "?"}, numpy ${found.numpy ?? "?"}: ` +
          `${found.problem ?? `${found.trades} trades, equal; ${found.gates} questions`}\n`,
      );
    }
  } finally {
    await exchange.close();
    rmSync(data, { recursive: true, force: true });
  }
  process.stdout.write(`${JSON.stringify({ bench: "freqtrade-matrix", rows })}\n`);
  if (rows.some(({ problem }) => problem !== null)) process.exitCode = 1;
}
