/** What real strategies do, in real backtests on spot and futures: gated where it adds risk, untouched everywhere else. */

import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Exchange, startExchange } from "./harness/exchange.js";
import { freqtrade } from "./harness/freqtrade.js";
import { type GateLine, type Journal, readJournals } from "./harness/journal.js";
import { type DerivedMarket, derivedMarket } from "./harness/market.js";
import { ROOT } from "./harness/paths.js";
import { readResult, resultOf, type StrategyResult, type Trade } from "./harness/result.js";
import { makeUserDir, type UserDir } from "./harness/userdir.js";

const RUN_MS = 240_000;
/** freqtrade rounds amounts to the exchange's lot size after the gate has answered. */
const ROUNDING = 1e-6;
const CANDLE_MS = 300_000;

let market: DerivedMarket;
let exchange: Exchange;

beforeAll(async () => {
  market = await derivedMarket();
  exchange = await startExchange([...market.spot, ...market.futures]);
}, RUN_MS);

afterAll(async () => {
  await exchange?.stop();
});

interface Run {
  readonly user: UserDir;
  readonly results: Readonly<Record<string, StrategyResult>>;
  readonly journal: Journal;
  /** How often freqtrade called each hook, per strategy. */
  readonly counts: ReadonlyMap<string, Readonly<Record<string, number>>>;
}

interface RunOptions {
  readonly pairs: readonly string[];
  readonly config?: Readonly<Record<string, unknown>>;
  readonly risk_bridge?: Readonly<Record<string, unknown>>;
  readonly timerange?: string;
  readonly args?: readonly string[];
}

async function backtest(strategies: readonly string[], options: RunOptions): Promise<Run> {
  const { pairs, config = {}, risk_bridge = {} } = options;
  const user = makeUserDir({ datadir: market.datadir, pairs, exchange: exchange.url, config, risk_bridge });
  const notes = join(user.root, "notes.jsonl");
  const done = await freqtrade("backtesting", {
    user,
    env: { TALEBRIDGE_E2E_NOTES: notes },
    args: [
      ...["--strategy-list", ...strategies, "--timeframe", "5m", "--timerange", options.timerange ?? market.timerange],
      ...["--cache", "none", "--export", "trades", ...(options.args ?? [])],
    ],
    timeout_ms: RUN_MS,
  });
  expect(done.code, done.stderr.slice(-3000)).toBe(0);
  const lines: readonly { strategy: string; counts: Record<string, number> }[] = existsSync(notes)
    ? readFileSync(notes, "utf8")
        .trim()
        .split("\n")
        .map((text) => JSON.parse(text))
    : [];
  return {
    user,
    results: readResult(user.results),
    journal: readJournals(user.journals),
    counts: new Map(lines.map(({ strategy, counts }) => [strategy, counts])),
  };
}

/** Gate lines of a strategy: its name is part of a backtest's session. */
function linesOf(run: Run, strategy: string): readonly GateLine[] {
  return run.journal.gates.filter(({ session }) => session.startsWith(`backtest-${strategy}-`));
}

const entryOf = (line: GateLine): string => `${line.pair}|${line.now_ms}`;
const orderOf = (trade: Trade): string => `${trade.pair}|${trade.open_timestamp}`;

describe.each([
  { name: "spot", base: "Busy", futures: false },
  { name: "futures, longs and shorts, 1-minute detail, frames of float32", base: "BusyFutures", futures: true },
])("every hook at once: $name", ({ base, futures }) => {
  let run: Run;
  const trades = (strategy: string) => resultOf(run.results, strategy).trades;

  beforeAll(async () => {
    run = await backtest([base, `${base}Shadow`, `${base}Gated`], {
      pairs: futures ? market.futures : market.spot,
      config: futures ? { stake_amount: "unlimited", reduce_df_footprint: true } : { max_open_trades: -1 },
      timerange: futures ? market.day : market.timerange,
      risk_bridge: { market_pair: futures ? "BTC/USDT:USDT" : "ALFA/USDT" },
      args: ["--enable-protections", ...(futures ? ["--timeframe-detail", "1m"] : [])],
    });
  }, RUN_MS);

  afterAll(() => run?.user.remove());

  it("exercises what it is meant to: both outcomes of orders, additions, partial exits, sides", () => {
    const counts = run.counts.get(base) ?? {};
    for (const hook of ["custom_exit", "custom_stoploss", "adjust_entry_price", "adjust_trade_position"])
      expect(counts[hook], hook).toBeGreaterThan(0);
    const plain = trades(base);
    expect(plain.length).toBeGreaterThan(15);
    const orders = plain.map((trade) => trade.orders.length);
    expect(Math.max(...orders)).toBeGreaterThan(2);
    expect(new Set(plain.map(({ is_short }) => is_short))).toEqual(new Set(futures ? [true, false] : [false]));
    expect(new Set(plain.map(({ leverage }) => leverage))).toEqual(new Set([futures ? 3 : 1]));
    expect(run.results[base]?.locks.length).toBeGreaterThan(0);
  });

  it("shadow mode: the same trades to the last order, tag and protection lock", () => {
    expect(trades(`${base}Shadow`)).toEqual(trades(base));
    expect(run.results[`${base}Shadow`]?.locks).toEqual(run.results[base]?.locks);
  });

  it("calls no hook of the strategy more or less often, and wraps none that exits", () => {
    expect(run.counts.get(`${base}Shadow`)).toEqual(run.counts.get(base));
    for (const counts of run.counts.values())
      expect(Object.keys(counts).filter((name) => name.includes("not the strategy's own"))).toEqual([]);
  });

  it("asks about each new entry twice, about a replaced order once, about each addition once", () => {
    const lines = linesOf(run, `${base}Shadow`);
    const count = (kind: GateLine["kind"], stage: GateLine["stage"]) =>
      lines.filter((line) => line.kind === kind && line.stage === stage).length;
    const { custom_stake_amount, confirm_trade_entry } = run.counts.get(base) ?? {};
    expect(count("entry", "size")).toBe(custom_stake_amount);
    expect(count("entry", "final") + count("replace", "final")).toBe(confirm_trade_entry);
    expect(count("replace", "final")).toBeGreaterThan(0);
    expect(count("scale_in", "size")).toBeGreaterThan(0);
    expect(lines.filter(({ kind, would }) => kind === "replace" && would !== "allow")).toEqual([]);
  });

  it("gated: no order is larger than what the gate allowed for it, none is there that it denied", () => {
    const lines = linesOf(run, `${base}Gated`);
    const words = new Map(lines.filter(({ kind }) => kind === "entry").map((line) => [entryOf(line), line]));
    const additions = new Map(lines.filter(({ kind }) => kind === "scale_in").map((line) => [entryOf(line), line]));
    expect(lines.some(({ kind, decision }) => kind === "entry" && decision === "reduce")).toBe(true);
    expect(lines.some(({ decision }) => decision === "deny")).toBe(true);
    for (const trade of trades(`${base}Gated`)) {
      const word = words.get(orderOf(trade));
      expect(word?.decision, orderOf(trade)).not.toBe("deny");
      const [first, ...later] = trade.orders.filter(({ ft_is_entry }) => ft_is_entry);
      const stakeOf = (order: { amount: number; safe_price: number }) =>
        (order.amount * order.safe_price) / trade.leverage;
      expect(stakeOf(first ?? { amount: Number.NaN, safe_price: 0 })).toBeLessThanOrEqual(
        (word?.stake_allowed ?? 0) * (1 + ROUNDING),
      );
      for (const order of later) {
        const near = [...additions.values()].filter(
          (line) => line.pair === trade.pair && line.now_ms <= order.order_filled_timestamp && line.decision !== "deny",
        );
        const asked = near.at(-1);
        expect(stakeOf(order)).toBeLessThanOrEqual((asked?.stake_allowed ?? 0) * (1 + ROUNDING));
      }
      expect(trade.enter_tag).toBe(trade.is_short ? "spike" : "dip");
    }
  });

  it("measures every pair against the market pair, though freqtrade asks no backtest for informative pairs", () => {
    const { judged, measured } = run.counts.get(`${base}Gated`) ?? {};
    expect(judged).toBeGreaterThan(500);
    expect(measured).toBe(judged);
  });

  it("judges what freqtrade fills an outage with, too", () => {
    const { silent, "silent, judged": judged } = run.counts.get(`${base}Gated`) ?? {};
    // Five hours of one pair on spot; the futures have none.
    expect([silent, judged]).toEqual(futures ? [0, 0] : [60, 60]);
  });

  it("judges the candle before, also where an order is placed within one", () => {
    for (const line of linesOf(run, `${base}Gated`)) {
      const age = line.now_ms - line.candle_open_ms;
      expect(age).toBeGreaterThanOrEqual(CANDLE_MS);
      expect(age).toBeLessThan(2 * CANDLE_MS + 1);
    }
  });
});

describe("odd entries", () => {
  let run: Run;

  beforeAll(async () => {
    run = await backtest(["Pending", "Insists", "Tiny", "Wild"], { pairs: market.spot, timerange: market.halfDay });
  }, RUN_MS);

  afterAll(() => run?.user.remove());

  it("counts an order that has not filled against the next pair that asks", () => {
    const lines = linesOf(run, "Pending").filter(({ stage }) => stage === "size");
    expect(resultOf(run.results, "Pending").trades).toEqual([]);
    const first = lines.filter(({ now_ms }) => now_ms === lines[0]?.now_ms);
    expect(first.map(({ decision, reason }) => [decision, reason])).toEqual([
      ["allow", "ok"],
      ["reduce", "exposure_gross"],
      ["deny", "below_min_stake"],
    ]);
  });

  it("does not count an order against the one that takes its place", () => {
    const additions = linesOf(run, "Insists").filter(({ kind }) => kind === "scale_in");
    const full = additions.filter(({ candle }) => candle.size === 1);
    expect(full.length).toBeGreaterThan(50);
    // Position and addition together stay below what a pair may have; with the order before it they would not.
    expect(new Set(full.map(({ decision, stake_allowed }) => `${decision} ${stake_allowed}`))).toEqual(
      new Set(["allow 400"]),
    );
  });

  it("never lets freqtrade raise a stake that was cut below the exchange's minimum", () => {
    const lines = linesOf(run, "Tiny");
    const small = lines.filter(({ reason }) => reason === "below_min_stake");
    expect(small.length).toBeGreaterThan(0);
    expect(small.every(({ decision }) => decision === "deny")).toBe(true);
    const words = new Map(lines.map((line) => [entryOf(line), line]));
    const { trades } = resultOf(run.results, "Tiny");
    expect(trades.length).toBeGreaterThan(20);
    for (const trade of trades) {
      expect(trade.stake_amount).toBeLessThanOrEqual((words.get(orderOf(trade))?.stake_allowed ?? 0) * (1 + ROUNDING));
    }
  });

  it("denies stakes that are no numbers, which freqtrade would take for the whole balance or die of", () => {
    expect(resultOf(run.results, "Wild").trades).toEqual([]);
    const lines = linesOf(run, "Wild");
    expect(lines.length).toBeGreaterThan(0);
    expect(new Set(lines.map(({ decision, reason }) => `${decision} ${reason}`))).toEqual(new Set(["deny bad_stake"]));
  });
});

it(
  "a strategy that drops our columns does not run ungated: the backtest stops and says why",
  async () => {
    const user = makeUserDir({ datadir: market.datadir, pairs: market.spot, exchange: exchange.url });
    try {
      const done = await freqtrade("backtesting", {
        user,
        args: ["--strategy", "Drops", "--timerange", market.halfDay, "--cache", "none", "--export", "none"],
        timeout_ms: RUN_MS,
      });
      expect(done.code).toBe(2);
      expect(done.stderr).toMatch(
        /of ALFA\/USDT carry no verdict: let .*populate_entry_trend.* keep the risk_ columns/,
      );
    } finally {
      user.remove();
    }
  },
  RUN_MS,
);

describe("before anything runs", () => {
  let user: UserDir;

  beforeAll(() => {
    user = makeUserDir({ datadir: market.datadir, pairs: market.spot, exchange: exchange.url });
  });

  afterAll(() => user?.remove());

  it("a search among strategy files runs every one of them and leaves nothing behind", async () => {
    const done = await freqtrade("list-strategies", { user, args: ["--one-column"], timeout_ms: RUN_MS });
    expect(done.code, done.stderr.slice(-3000)).toBe(0);
    for (const name of ["BusyGated", "DipsGated", "GateOnly", "Puppet"]) expect(done.stdout).toContain(name);
    // The folder of a clone has the name as well.
    expect((done.stdout + done.stderr).replaceAll(ROOT, "")).not.toMatch(/talebridge/i);
    expect(readJournals(user.journals).hellos).toEqual([]);
  });

  it("on Kraken, a bot with the standard windows does not start, and is told of the compact ones", async () => {
    const kraken = await startKraken();
    try {
      const done = await freqtrade("trade", {
        user,
        configs: [user.extra("kraken", kraken.config)],
        args: ["--strategy", "DipsGated", "--dry-run"],
        timeout_ms: RUN_MS,
      });
      expect(done.code, done.stderr.slice(-1500)).toBe(2);
      expect(done.stderr).toMatch(/kraken gives no more than its newest 720: set risk_bridge.window_set to compact/);
    } finally {
      kraken.server.close();
    }
  });
});

/** As much of Kraken's API as freqtrade needs to know its markets. */
async function startKraken() {
  const pair = {
    ...{ altname: "ALFAUSDT", wsname: "ALFA/USDT", base: "ALFA", quote: "USDT", status: "online" },
    ...{ aclass_base: "currency", aclass_quote: "currency", lot: "unit", lot_multiplier: 1 },
    ...{
      pair_decimals: 8,
      cost_decimals: 8,
      lot_decimals: 8,
      tick_size: "0.00000001",
      ordermin: "0.0001",
      costmin: "0.5",
    },
    ...{ leverage_buy: [], leverage_sell: [], fees: [[0, 0.4]], fees_maker: [[0, 0.25]] },
  };
  const server = createServer((request, response) => {
    const answers: Record<string, unknown> = { AssetPairs: { ALFAUSDT: pair }, Time: { unixtime: Date.now() / 1000 } };
    const result = answers[request.url?.split("/").at(-1) ?? ""] ?? {};
    response.end(JSON.stringify({ error: [], result }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const url = typeof address === "object" && address !== null ? `http://127.0.0.1:${address.port}` : "";
  const api = { public: url, private: url, zendesk: url };
  const config = { exchange: { name: "kraken", pair_whitelist: ["ALFA/USDT"], ccxt_config: { urls: { api } } } };
  return { server, config };
}
