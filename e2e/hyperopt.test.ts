/** `freqtrade hyperopt -j 2` with a gated strategy: two worker processes, strategies pickled for every epoch. */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { bridgesOf } from "./harness/bridges.js";
import { type Exchange, startExchange } from "./harness/exchange.js";
import { freqtrade } from "./harness/freqtrade.js";
import { readJournals } from "./harness/journal.js";
import { type Market, syntheticMarket } from "./harness/market.js";
import { until } from "./harness/process.js";
import { makeUserDir } from "./harness/userdir.js";

const RUN_MS = 240_000;
const EPOCHS = 4;

let market: Market;
let exchange: Exchange;

beforeAll(async () => {
  market = await syntheticMarket();
  exchange = await startExchange(market.pairs);
}, RUN_MS);

afterAll(async () => {
  await exchange?.stop();
});

it.each([
  { name: "plain", extra: [] },
  { name: "--analyze-per-epoch", extra: ["--analyze-per-epoch"] },
])(
  "$name: every epoch is gated, and the daemon goes with the run",
  async ({ extra }) => {
    const user = makeUserDir({
      datadir: market.datadir,
      pairs: market.pairs,
      exchange: exchange.url,
      // Wide, but on: with them entries pass only where the pairs' closes are told, in workers that annotate no candles as well.
      risk_bridge: { limits: { max_cluster_exposure: 100, max_book_es: 1, book_es_hours: 1 } },
    });
    try {
      const done = await freqtrade("hyperopt", {
        user,
        args: [
          ...["--strategy", "DipsHyper", "--timerange", market.shortTimerange],
          ...["--spaces", "buy", "--epochs", String(EPOCHS), "-j", "2", "--min-trades", "1"],
          ...["--hyperopt-loss", "OnlyProfitHyperOptLoss", "--random-state", "7", "--disable-param-export"],
          ...extra,
        ],
        timeout_ms: RUN_MS,
      });
      expect(done.code, done.stderr.slice(-4000)).toBe(0);
      const epochs = epochsOf(join(user.root, "hyperopt_results"));
      expect(epochs.length).toBe(EPOCHS);
      const { hellos, gates } = readJournals(user.journals);
      expect(new Set(hellos.map((line) => line.run_mode))).toEqual(new Set(["hyperopt"]));
      const sessions = new Set(gates.map((line) => line.session));
      expect(sessions.size).toBeGreaterThanOrEqual(EPOCHS);
      const trades = epochs.reduce((sum, epoch) => sum + epoch, 0);
      const allowed = gates.filter((line) => line.stage === "final" && line.decision !== "deny");
      expect(trades).toBeGreaterThan(0);
      expect(allowed.length).toBe(trades);
      await until("the daemon's end", () => (bridgesOf(user.root).length === 0 ? true : undefined), {
        timeout_ms: 10_000,
      });
    } finally {
      user.remove();
    }
  },
  RUN_MS,
);

/** Trades of each epoch. */
function epochsOf(folder: string): readonly number[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith(".fthypt"))
    .flatMap((name) => readFileSync(join(folder, name), "utf8").trim().split("\n"))
    .map((text) => {
      const epoch: unknown = JSON.parse(text);
      const metrics =
        typeof epoch === "object" && epoch !== null && "results_metrics" in epoch && epoch.results_metrics;
      if (typeof metrics !== "object" || metrics === null || !("total_trades" in metrics)) {
        throw new Error(`not an epoch: ${text.slice(0, 200)}`);
      }
      return Number(metrics.total_trades);
    });
}
