/** freqtrade's own checks for strategies that look ahead or depend on where history starts. */

import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { readCsv, varianceTable } from "../scripts/lib/analysis.mjs";
import { type Exchange, startExchange } from "./harness/exchange.js";
import { freqtrade, python } from "./harness/freqtrade.js";
import { type Market, syntheticMarket } from "./harness/market.js";
import { makeUserDir, type UserDir } from "./harness/userdir.js";

const RUN_MS = 240_000;

let market: Market;
let exchange: Exchange;
let user: UserDir;
/** Extra configuration that names a market pair. */
let withMarket: string;

beforeAll(async () => {
  market = await syntheticMarket();
  exchange = await startExchange(market.pairs);
  user = makeUserDir({ datadir: market.datadir, pairs: market.pairs, exchange: exchange.url });
  // Lookahead-analysis takes the first pair with enough trades, so this is another one's market.
  withMarket = user.extra("market", { risk_bridge: { market_pair: market.pairs.at(-1) } });
}, RUN_MS);

afterAll(async () => {
  user?.remove();
  await exchange?.stop();
});

// One run each: given a list, freqtrade analyses the first strategy again under the names of the others.
it.each([
  { strategy: "GateOnly", bias: "False", market_pair: false },
  { strategy: "GateOnly", bias: "False", market_pair: true },
  { strategy: "GateAndSizing", bias: "False", market_pair: false },
  { strategy: "DcaGated", bias: "False", market_pair: false },
  { strategy: "DipsGated", bias: "False", market_pair: false },
  { strategy: "Biased", bias: "True", market_pair: false },
])(
  "lookahead-analysis of $strategy, market pair $market_pair: has_bias $bias",
  async ({ strategy, bias, market_pair }) => {
    const csv = join(user.root, `${strategy}-${market_pair}.csv`);
    const done = await freqtrade("lookahead-analysis", {
      user,
      configs: market_pair ? [withMarket] : [],
      args: [
        ...["--strategy", strategy, "--timerange", market.shortTimerange],
        ...["--minimum-trade-amount", "4", "--targeted-trade-amount", "5", "--lookahead-analysis-exportfilename", csv],
      ],
      timeout_ms: RUN_MS,
    });
    expect(done.code, done.stderr.slice(-4000)).toBe(0);
    const [row] = readCsv(csv);
    expect(row).toMatchObject({ strategy, has_bias: bias, total_signals: "5" });
    if (bias === "False") {
      expect(row).toMatchObject({ biased_entry_signals: "0", biased_exit_signals: "0", biased_indicators: "" });
    }
  },
  RUN_MS,
);

it.each([
  { strategy: "GateOnly", market_pair: false },
  { strategy: "GateOnly", market_pair: true },
  { strategy: "GateAndSizing", market_pair: false },
  { strategy: "DcaGated", market_pair: false },
])(
  "recursive-analysis of $strategy sees no variance on any risk_ column from the engine's memory M on, market pair $market_pair",
  async ({ strategy, market_pair }) => {
    const memory = await memoryRows();
    const starts = [Math.floor(memory / 2), memory, memory + 13, 2 * memory];
    const done = await freqtrade("recursive-analysis", {
      user,
      configs: market_pair ? [withMarket] : [],
      args: [
        ...["--strategy", strategy, "--timerange", market.shortTimerange],
        ...["--startup-candle", ...starts.map(String)],
      ],
      timeout_ms: RUN_MS,
    });
    expect(done.code, done.stderr.slice(-4000)).toBe(0);
    const table = varianceTable(done.stdout);
    const risk = [...table].filter(([column]) => column.startsWith("risk_"));
    expect(risk.length, done.stdout.slice(-3000)).toBeGreaterThan(5);
    for (const [column, variance] of risk) {
      expect(variance.get(starts[0] ?? 0), `${column} below M`).not.toBe("-");
      for (const start of starts.slice(1)) expect(variance.get(start), `${column} from ${start} candles`).toBe("-");
    }
    expect(done.stderr).not.toMatch(/found lookahead in indicator/);
  },
  RUN_MS,
);

/** The engine's memory, as the shim knows it. */
async function memoryRows(): Promise<number> {
  return Number(await python("from talebridge._generated import MEMORY_ROWS; print(MEMORY_ROWS['standard'])", []));
}
