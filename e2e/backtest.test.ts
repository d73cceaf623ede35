/** A real backtest, gated by a daemon it starts itself, beside its ungated twin. */

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bridgesOf } from "./harness/bridges.js";
import { type Exchange, startExchange } from "./harness/exchange.js";
import { startFreqtrade } from "./harness/freqtrade.js";
import { candidateOf, type GateLine, type Journal, readJournals } from "./harness/journal.js";
import { type Market, syntheticMarket } from "./harness/market.js";
import { type Finished, isAlive, until } from "./harness/process.js";
import { comparable, readResult, resultOf, type StrategyResult, type Trade, walletOf } from "./harness/result.js";
import { makeUserDir, type UserDir } from "./harness/userdir.js";

const RUN_MS = 180_000;
const CANDLE_MS = 300_000;
const STAKE = 1000;
/** freqtrade rounds amounts to the exchange's lot size, here 1e-8, after the gate has answered. */
const ROUNDING = 1e-6;

let market: Market;
let exchange: Exchange;

beforeAll(async () => {
  market = await syntheticMarket();
  exchange = await startExchange(market.pairs);
}, RUN_MS);

afterAll(async () => {
  await exchange?.stop();
});

interface Backtest {
  readonly user: UserDir;
  readonly done: Finished;
  /** Process ids of the private daemons seen while it ran. */
  readonly bridges: ReadonlySet<number>;
  readonly results: Readonly<Record<string, StrategyResult>>;
  readonly journal: Journal;
}

async function backtest(strategies: readonly string[], timerange: string): Promise<Backtest> {
  const user = makeUserDir({ datadir: market.datadir, pairs: market.pairs, exchange: exchange.url });
  const running = startFreqtrade("backtesting", {
    user,
    args: [
      "--strategy-list",
      ...strategies,
      "--timeframe",
      "5m",
      "--timerange",
      timerange,
      "--cache",
      "none",
      "--export",
      "trades",
    ],
  });
  const bridges = new Set<number>();
  const watch = setInterval(() => {
    for (const pid of bridgesOf(user.root)) bridges.add(pid);
  }, 200);
  try {
    const done = await running.finished(RUN_MS);
    expect(done.code, running.tail()).toBe(0);
    return { user, done, bridges, results: readResult(user.results), journal: readJournals(user.journals) };
  } catch (error) {
    user.remove();
    throw error;
  } finally {
    clearInterval(watch);
    running.kill();
  }
}

const keyOf = (trade: Trade): string => `${trade.pair}|${trade.open_timestamp}`;
const entryOf = (line: GateLine): string => `${line.pair}|${line.now_ms}`;

/** The gate's last word on each entry, by pair and time of entry. */
function lastWords(lines: readonly GateLine[]): ReadonlyMap<string, GateLine> {
  return new Map(lines.map((line) => [entryOf(line), line]));
}

/** Whether a trade of `trades` on the same pair was open at that time. */
function wasIn(trades: readonly Trade[], pair: string, at: number): boolean {
  return trades.some((trade) => trade.pair === pair && trade.open_timestamp <= at && at <= trade.close_timestamp);
}

describe("one run over gated and ungated twins", () => {
  const strategies = ["Dips", "DipsGated", "DipsConservative", "DipsShadow", "DipsChild", "DipsTwice", "DipsVerdict"];
  let run: Backtest;

  beforeAll(async () => {
    run = await backtest(strategies, market.timerange);
  }, RUN_MS);

  afterAll(() => run?.user.remove());

  /** Gate lines of one gated strategy: sessions come in the order the strategies ran. */
  function linesOf(strategy: string): readonly GateLine[] {
    const sessions = [...new Set(run.journal.gates.map((line) => line.session))];
    const session = sessions[strategies.indexOf(strategy) - 1];
    return run.journal.gates.filter((line) => line.session === session);
  }

  it("opens one session for each gated strategy", () => {
    expect(new Set(run.journal.gates.map((line) => line.session)).size).toBe(strategies.length - 1);
  });

  it("was answered by one daemon, which is gone with the run", async () => {
    expect(run.bridges.size).toBe(1);
    await until("the daemon's end", () => ([...run.bridges].some(isAlive) ? undefined : true), { timeout_ms: 10_000 });
    expect(bridgesOf(run.user.root)).toEqual([]);
  });

  it.each(["DipsGated", "DipsConservative"])(
    "%s: every trade was let in by the gate, at no more than it allowed",
    (name) => {
      const words = lastWords(linesOf(name));
      const { trades } = resultOf(run.results, name);
      expect(trades.length).toBeGreaterThan(20);
      for (const trade of trades) {
        const line = words.get(keyOf(trade));
        expect(line, `no journal line for ${keyOf(trade)}`).toBeDefined();
        expect(line?.decision).not.toBe("deny");
        expect(trade.stake_amount / (line?.stake_allowed ?? 0)).toBeCloseTo(1, 6);
        expect(line?.candle_open_ms).toBe(trade.open_timestamp - CANDLE_MS);
      }
    },
  );

  it.each(["DipsGated", "DipsConservative"])(
    "%s: whatever was not simply allowed has a reason in the journal",
    (name) => {
      const lines = linesOf(name);
      const affected = lines.filter((line) => line.decision !== "allow");
      expect(affected.length).toBeGreaterThan(0);
      for (const line of affected) expect(line.reason).not.toBe("ok");
      const reduced = new Set(lines.filter((line) => line.decision === "reduce").map(entryOf));
      for (const trade of resultOf(run.results, name).trades) {
        expect(trade.stake_amount < STAKE * (1 - ROUNDING), keyOf(trade)).toBe(reduced.has(keyOf(trade)));
      }
    },
  );

  it("decides no entry before the engine has its memory", () => {
    expect(run.journal.gates.filter((line) => line.candle.reason === "warming_up")).toEqual([]);
  });

  it("the default profile only cuts: same trades, same times, smaller stakes", () => {
    const plain = resultOf(run.results, "Dips").trades;
    const gated = resultOf(run.results, "DipsGated").trades;
    const denied = linesOf("DipsGated").filter((line) => line.decision === "deny");
    expect(denied).toEqual([]);
    expect(gated.map((trade) => [keyOf(trade), trade.close_timestamp, trade.open_rate, trade.close_rate])).toEqual(
      plain.map((trade) => [keyOf(trade), trade.close_timestamp, trade.open_rate, trade.close_rate]),
    );
    const cut = gated.filter((trade, at) => trade.stake_amount < (plain[at]?.stake_amount ?? 0) * (1 - ROUNDING));
    expect(cut.length).toBeGreaterThan(0);
    expect(gated.every((trade, at) => trade.stake_amount <= (plain[at]?.stake_amount ?? 0))).toBe(true);
  });

  it("the conservative profile also denies: each missing trade was denied, each new one took a place left free", () => {
    const plain = resultOf(run.results, "Dips").trades;
    const gated = resultOf(run.results, "DipsConservative").trades;
    const words = lastWords(linesOf("DipsConservative"));
    const denied = plain.filter((trade) => words.get(keyOf(trade))?.decision === "deny");
    expect(denied.length).toBeGreaterThan(0);
    const entered = new Set(gated.map(keyOf));
    for (const trade of plain) {
      if (entered.has(keyOf(trade))) continue;
      const wasDenied = words.get(keyOf(trade))?.decision === "deny";
      expect(wasDenied || wasIn(gated, trade.pair, trade.open_timestamp), `${keyOf(trade)} vanished`).toBe(true);
    }
    const original = new Set(plain.map(keyOf));
    for (const trade of gated) {
      if (!original.has(keyOf(trade))) expect(wasIn(plain, trade.pair, trade.open_timestamp), keyOf(trade)).toBe(true);
    }
  });

  it("shadow mode changes no trade and records what it would have done", () => {
    expect(comparable(resultOf(run.results, "DipsShadow"))).toEqual(comparable(resultOf(run.results, "Dips")));
    expect(walletOf(run.user.results, "DipsShadow").equals(walletOf(run.user.results, "Dips"))).toBe(true);
    const lines = linesOf("DipsShadow");
    expect(lines.every((line) => line.decision === "allow")).toBe(true);
    expect(lines.some((line) => line.would !== "allow")).toBe(true);
  });

  it("a child that overrides the gated hooks without calling them is gated like its parent", () => {
    expect(resultOf(run.results, "DipsChild").trades).toEqual(resultOf(run.results, "DipsConservative").trades);
  });

  it("the verdict's columns alone give the same trades and the same decisions", () => {
    expect(comparable(resultOf(run.results, "DipsVerdict"))).toEqual(comparable(resultOf(run.results, "DipsGated")));
    const decided = (strategy: string) =>
      linesOf(strategy).map(({ type: _, seq: _seq, t_ms: _t_ms, session: _session, ...decision }) => {
        return { ...decision, crc: null };
      });
    expect(decided("DipsVerdict")).toEqual(decided("DipsGated"));
    expect(new Set(run.journal.hellos.map(({ fingerprint }) => fingerprint)).size).toBe(3);
  });

  it("parent and child both decorated are gated once", () => {
    const once = linesOf("DipsConservative");
    const twice = linesOf("DipsTwice");
    expect(resultOf(run.results, "DipsTwice").trades).toEqual(resultOf(run.results, "DipsConservative").trades);
    expect(twice.length).toBe(once.length);
    const words = twice.map((line) => `${candidateOf(line)}|${line.stage}`);
    expect(new Set(words).size).toBe(words.length);
  });
});

describe("a gated strategy with a start-up count of its own", () => {
  it("starts with the engine's memory filled: nothing is denied for warming up", async () => {
    const run = await backtest(["DipsGated"], market.shortTimerange);
    try {
      expect(run.journal.gates.length).toBeGreaterThan(0);
      expect(run.journal.gates.filter((line) => line.reason === "warming_up")).toEqual([]);
      const first = Math.min(...run.journal.gates.map((line) => line.candle_open_ms));
      expect(first - resultOf(run.results, "DipsGated").backtest_start_ts).toBeLessThan(86_400_000);
    } finally {
      run.user.remove();
    }
  });
});

describe("mode off", () => {
  it("equals the undecorated twin, trade by trade, from the same first candle, and starts no daemon", async () => {
    const run = await backtest(["DipsShort", "DipsOff"], market.shortTimerange);
    try {
      const plain = resultOf(run.results, "DipsShort");
      const off = resultOf(run.results, "DipsOff");
      expect(plain.trades.length).toBeGreaterThan(5);
      expect(Object.keys(plain.trades[0] ?? {}).length).toBeGreaterThan(25);
      expect(comparable(off)).toEqual(comparable(plain));
      expect(walletOf(run.user.results, "DipsOff").equals(walletOf(run.user.results, "DipsShort"))).toBe(true);
      expect(run.bridges.size).toBe(0);
      expect(run.journal.gates).toEqual([]);
    } finally {
      run.user.remove();
    }
  });
});
