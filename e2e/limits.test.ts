/** Limits that need more than a question and an account, in a real backtest: what they are told is what freqtrade itself has written down. */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Exchange, startExchange } from "./harness/exchange.js";
import { freqtrade } from "./harness/freqtrade.js";
import { type Market, syntheticMarket } from "./harness/market.js";
import { DAEMON_JS, PYTHON } from "./harness/paths.js";
import { run } from "./harness/process.js";
import { readResult, resultOf, type Trade } from "./harness/result.js";
import { makeUserDir, type UserDir } from "./harness/userdir.js";

const RUN_MS = 180_000;
const LIMITS = {
  loss_streak_trades: 2,
  loss_streak_pause_hours: 3,
  max_entries: 3,
  max_entries_hours: 6,
  max_rate_deviation: 0.02,
  max_trade_loss: 0.02,
  max_book_loss: 0.5,
  kelly_fraction: 0.5,
  barbell_loss: 0.9,
};

interface GateLine {
  readonly type: "gate";
  readonly pair: string;
  readonly stage: string;
  readonly now_ms: number;
  readonly stake: number;
  readonly rate: number;
  readonly would: string;
  readonly reason: string;
  readonly facts?: readonly (number | null)[];
}
interface PortfolioLine {
  readonly type: "portfolio";
  readonly at_ms: number;
  readonly positions: readonly (readonly unknown[])[];
  readonly closed?: readonly (readonly [number, number, number])[];
}
interface ReplayedEntry {
  readonly stake: number;
  readonly caps: readonly { readonly reason: string; readonly stake: number }[];
}
type Line = GateLine | PortfolioLine | { readonly type: "other" };

let market: Market;
let exchange: Exchange;
let user: UserDir;
let lines: readonly Line[];
let trades: readonly Trade[];

beforeAll(async () => {
  market = await syntheticMarket();
  exchange = await startExchange(market.pairs);
  user = makeUserDir({
    datadir: market.datadir,
    pairs: market.pairs,
    exchange: exchange.url,
    risk_bridge: { limits: LIMITS },
  });
  const done = await freqtrade("backtesting", {
    user,
    args: ["--strategy", "DipsGated", "--timerange", market.timerange, "--cache", "none", "--export", "trades"],
    timeout_ms: RUN_MS,
  });
  expect(done.code, done.stderr.slice(-4000)).toBe(0);
  trades = resultOf(readResult(user.results), "DipsGated").trades;
  lines = readdirSync(user.journals)
    .flatMap((name) => readFileSync(join(user.journals, name), "utf8").trim().split("\n"))
    .map((text): Line => JSON.parse(text));
}, RUN_MS);

afterAll(async () => {
  user?.remove();
  await exchange?.stop();
});

describe("a backtest under limits that need more", () => {
  const gates = () => lines.filter((line) => line.type === "gate");

  it("tells each question the close, and the stop-loss of the strategy", () => {
    expect(gates().length).toBeGreaterThan(50);
    for (const { facts, rate } of gates()) {
      expect(facts).toHaveLength(9);
      const [close, stop, es, xi] = facts ?? [];
      expect(Math.abs((close ?? 0) / rate - 1)).toBeLessThan(0.05);
      expect(stop).toBeGreaterThan(0);
      expect(es === null || xi === null || (Number(es) > 0 && Number(xi) >= 0.1)).toBe(true);
    }
  });

  it("tells every closed trade once, with the profit that freqtrade's result has", () => {
    const told = lines.flatMap((line) => (line.type === "portfolio" ? (line.closed ?? []) : []));
    const last_ms = Math.max(...lines.map((line) => (line.type === "portfolio" ? line.at_ms : 0)));
    const before = trades.filter(({ close_timestamp }) => close_timestamp < last_ms);
    expect(before.length).toBeGreaterThan(20);
    const inOrder = (rows: readonly (readonly [number, number])[]) =>
      [...rows].sort((a, b) => a[0] - b[0] || a[1] - b[1]).map(([t_ms, profit]) => [t_ms, Number(profit.toFixed(6))]);
    expect(inOrder(told.filter(([, t_ms]) => t_ms < last_ms).map(([, t_ms, profit]) => [t_ms, profit]))).toEqual(
      inOrder(before.map(({ close_timestamp, profit_ratio }) => [close_timestamp, profit_ratio])),
    );
    const times = told.map(([, t_ms]) => t_ms);
    expect(times).toEqual([...times].sort((a, b) => a - b));
  });

  it("tells how far the stop-loss of each open position is", () => {
    const rows = lines.flatMap((line) => (line.type === "portfolio" ? line.positions : []));
    expect(rows.length).toBeGreaterThan(0);
    for (const row of rows) {
      expect(row[5]).toBeGreaterThanOrEqual(0);
      expect(row[5]).toBeLessThan(1);
    }
  });

  it("pauses after two losses in a row and at no other time", () => {
    const told = lines.flatMap((line) => (line.type === "portfolio" ? (line.closed ?? []) : []));
    const paused = (now_ms: number) => {
      const known = told.filter(([, t_ms]) => t_ms <= now_ms).slice(-2);
      const [, last_ms = 0] = known.at(-1) ?? [];
      return known.length === 2 && known.every(([, , profit]) => profit < 0) && now_ms < last_ms + 3 * 3_600_000;
    };
    const denied = gates().filter(({ reason }) => reason === "loss_streak");
    expect(denied.length).toBeGreaterThan(0);
    for (const { now_ms } of denied) expect(paused(now_ms)).toBe(true);
  });

  it("has at most three entries in any six hours", () => {
    const opened = trades.map(({ open_timestamp }) => open_timestamp).sort((a, b) => a - b);
    for (const [i, t_ms] of opened.entries()) {
      const fourth = opened[i + 3] ?? Number.POSITIVE_INFINITY;
      expect(fourth - t_ms).toBeGreaterThanOrEqual(6 * 3_600_000);
    }
  });
});

describe("a backtest under limits on what moves together", () => {
  const TOGETHER = { max_cluster_exposure: 0.15, cluster_correlation: 0.55, max_book_es: 0.012, book_es_hours: 24 };

  it(
    "cuts as the candles alone say, told every close once and none of the future",
    async () => {
      const own = makeUserDir({
        datadir: market.datadir,
        pairs: market.pairs,
        exchange: exchange.url,
        risk_bridge: { profile: "extreme", limits: TOGETHER },
      });
      try {
        const args = [
          "--strategy",
          "DipsGated",
          "--timerange",
          market.timerange,
          "--cache",
          "none",
          "--export",
          "trades",
        ];
        const done = await freqtrade("backtesting", { user: own, args, timeout_ms: RUN_MS });
        expect(done.code, done.stderr.slice(-4000)).toBe(0);
        const script = fileURLToPath(new URL("harness/together.py", import.meta.url));
        const checked = await run(PYTHON, [script, own.journals, market.datadir, JSON.stringify(TOGETHER)], {
          timeout_ms: RUN_MS,
        });
        expect(checked.code, checked.stderr).toBe(0);
        const found = JSON.parse(checked.stdout);
        expect(found.off).toEqual([]);
        expect(found.questions).toBeGreaterThan(50);
        expect(found.cluster).toBeGreaterThan(5);
        expect(found.shortfall).toBeGreaterThan(5);

        // A replay of what was let through tells the gate the same closes, but for pairs that were only asked about: they are in the mean that
        // correlations are shrunk to. Nothing is cut again but by that little, and a stricter limit cuts.
        const zip = join(own.results, readdirSync(own.results).find((name) => name.endsWith(".zip")) ?? "none");
        const replayed = async (...more: string[]) => {
          const json = join(own.root, "replay.json");
          const args = ["replay", zip, "--datadir", market.datadir, "--json", json, "--quiet", ...more];
          const ended = await run(process.execPath, [DAEMON_JS, ...args], { timeout_ms: RUN_MS });
          expect(ended.code, ended.stderr).toBe(0);
          const { entries }: { entries: readonly ReplayedEntry[] } = JSON.parse(readFileSync(json, "utf8"));
          return entries.flatMap(({ stake, caps }) =>
            caps
              .filter(({ reason }) => reason === "exposure_cluster" || reason === "book_es")
              .map((cap) => cap.stake / stake),
          );
        };
        for (const share of await replayed()) expect(share).toBeGreaterThan(0.98);
        const cut = await replayed("--set", "limits.max_book_es=0.006");
        expect(cut.filter((share) => share < 0.9).length).toBeGreaterThan(5);
      } finally {
        own.remove();
      }
    },
    2 * RUN_MS,
  );
});
