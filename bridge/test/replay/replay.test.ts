import { readFileSync } from "node:fs";
import { unzipSync } from "fflate";
import { Compile } from "typebox/compile";
import { describe, expect, it } from "vitest";
import { LIMIT_DEFAULTS } from "../../src/config/limits_schema.js";
import type { Policy } from "../../src/gate/types.js";
import { REASON } from "../../src/protocol/codes.js";
import { readBacktest } from "../../src/replay/read/backtest.js";
import { type Leg, legsOf } from "../../src/replay/run/legs.js";
import type { CandleVerdict } from "../../src/replay/run/market.js";
import { ReplayResultSchema } from "../../src/replay/run/result.js";
import { walk } from "../../src/replay/run/walk.js";
import { CASES, replayCase, replayOf, SPOT } from "./fixture.js";

/** The trade table as freqtrade wrote it, read without the code under test. */
function tradeTable(path: string, strategy: string): Record<string, unknown>[] {
  const members = unzipSync(readFileSync(path));
  const name = Object.keys(members).find((member) => /\d\.json$/.test(member)) ?? "";
  return JSON.parse(new TextDecoder().decode(members[name])).strategy[strategy].trades;
}

/** freqtrade's ratios of a strategy, read without the code under test. */
function ownFigures(path: string, strategy: string): Record<"sharpe" | "sortino" | "calmar" | "profit_factor", number> {
  const members = unzipSync(readFileSync(path));
  const name = Object.keys(members).find((member) => /\d\.json$/.test(member)) ?? "";
  return JSON.parse(new TextDecoder().decode(members[name])).strategy[strategy];
}

describe.each(CASES)("a replay of $name", (case_) => {
  it("agrees with freqtrade's own totals to the cent and with its wallet record", async () => {
    const { checks, without } = await replayCase(case_);
    expect(checks.profit.freqtrade).not.toBeNull();
    expect(checks.profit.ours).toBeCloseTo(checks.profit.freqtrade ?? Number.NaN, 6);
    expect(checks.drawdown_closed.ours).toBeCloseTo(checks.drawdown_closed.freqtrade ?? Number.NaN, 9);
    expect(without.trades).toBe(tradeTable(case_.path, case_.strategy).length);
    if (case_.name.startsWith("spot")) {
      expect(checks.wallet?.points).toBeGreaterThan(700);
      expect(checks.wallet?.max_difference_abs).toBeLessThan(1e-6);
    }
  });

  it("adds up", async () => {
    const { counts, entries, effect, without, with: gated } = await replayCase(case_);
    const table = tradeTable(case_.path, case_.strategy);
    expect(counts.allowed + counts.reduced + counts.denied + counts.not_asked).toBe(counts.entries);
    expect(counts.reduced + counts.denied).toBeGreaterThan(0);
    expect(counts.by_reason.reduce((sum, { denied, reduced }) => sum + denied + reduced, 0)).toBe(
      counts.reduced + counts.denied,
    );
    table.forEach((trade, index) => {
      const legs = entries.filter((entry) => entry.trade === index);
      expect(legs.reduce((sum, leg) => sum + (leg.profit_abs ?? 0), 0)).toBeCloseTo(Number(trade.profit_abs), 8);
    });
    // The gated profit once more, from freqtrade's table: exact where a trade has one entry order.
    const single = entries.filter((entry) => entries.filter(({ trade }) => trade === entry.trade).length === 1);
    for (const entry of single) {
      const own = Number(table[entry.trade]?.profit_abs) * (entry.stake_allowed / entry.stake);
      expect(entry.profit_with).toBeCloseTo(own, 8);
    }
    expect(gated.profit_abs).toBeCloseTo(
      entries.reduce((sum, entry) => sum + (entry.profit_with ?? 0), 0),
      8,
    );
    expect(effect.profit_change_abs).toBeCloseTo(gated.profit_abs - without.profit_abs, 8);
    expect(effect.loss_avoided_abs - effect.profit_foregone_abs).toBeCloseTo(effect.profit_change_abs, 8);
  });

  it("has freqtrade's own ratios, and tables that add up", async () => {
    const { effect, groups, second_order, without, with: gated, counts, candidates } = await replayCase(case_);
    const own = ownFigures(case_.path, case_.strategy);
    for (const figure of ["sharpe", "sortino", "calmar", "profit_factor"] as const) {
      const found = effect.figures.find((row) => row.figure === figure);
      expect(found?.without, figure).toBeCloseTo(own[figure], 6);
    }
    const drawdown = effect.figures.find((row) => row.figure === "drawdown_closed");
    expect(drawdown?.without).toBeCloseTo(without.drawdown_closed.ratio, 12);
    expect(drawdown?.with).toBeCloseTo(gated.drawdown_closed.ratio, 12);
    for (const table of Object.values(groups)) {
      const sum = (of: (row: (typeof table)[number]) => number): number =>
        table.reduce((total, row) => total + of(row), 0);
      expect(sum((row) => row.entries)).toBe(counts.entries);
      expect(sum((row) => row.affected)).toBe(counts.reduced + counts.denied + counts.not_asked);
      expect(sum((row) => row.profit_without)).toBeCloseTo(without.profit_abs, 8);
      expect(sum((row) => row.profit_with)).toBeCloseTo(gated.profit_abs, 8);
      expect(sum((row) => row.loss_avoided - row.profit_foregone)).toBeCloseTo(effect.profit_change_abs, 8);
    }
    expect(candidates.count).toBe(without.trades);
    // The fixtures stake a fixed amount: nothing compounds, and the second order is the first.
    expect(second_order).toMatchObject({ compounding: "fixed", side: gated, slots: { max_open_trades: 2 } });
  });

  it("is what its schema says, finite, and the same twice", async () => {
    const first = await replayCase(case_);
    expect(Compile(ReplayResultSchema).Check(JSON.parse(JSON.stringify(first)))).toBe(true);
    expect(JSON.stringify(await replayCase(case_))).toBe(JSON.stringify(first));
  });

  it("changes nothing when nothing is asked of it", async () => {
    const settings = ["rules=[]", "portfolio_limits=off"];
    const { counts, without, with: gated, placebo, equity } = await replayCase(case_, settings);
    expect(counts.allowed).toBe(counts.entries);
    expect(gated).toEqual(without);
    expect(equity.with).toEqual(equity.without);
    expect(placebo).toEqual({ status: "nothing_cut" });
  });

  it("takes every trade away when everything is denied", async () => {
    const everything = 'rules=[{"measure":"jump","from":-2,"to":-1,"min_size":0}]';
    const { counts, with: gated, without, effect } = await replayCase(case_, [everything]);
    expect(counts.denied + counts.not_asked).toBe(counts.entries);
    expect(gated).toMatchObject({ profit_abs: 0, trades: 0, drawdown_closed: { abs: 0 }, drawdown_marked: { abs: 0 } });
    expect(effect.profit_change_abs).toBeCloseTo(-without.profit_abs, 8);
    expect(effect.stake_share).toBe(0);
  });
});

it("denies as warming up what comes before the engine's memory, and says how short the history is", async () => {
  const backtest = await readBacktest(SPOT, { strategy: "FixtureDip" });
  const result = await replayOf(backtest, ["window_set=standard"]);
  const warming = result.counts.by_reason.find(({ reason }) => reason === "warming_up");
  expect(warming?.denied).toBeGreaterThan(0);
  expect(result.source.candles.every((candles) => candles.rows_before_start < result.gate.memory_rows)).toBe(true);
  for (const entry of result.entries.filter(({ reason }) => reason === "warming_up")) {
    const candles = result.source.candles.find(({ pair }) => pair === entry.pair);
    const seen = (entry.at_ms - (candles?.from_ms ?? 0)) / backtest.timeframe_ms;
    expect(seen).toBeLessThan(result.gate.memory_rows);
  }
});

it("refuses candles that are not those of the backtest", async () => {
  const backtest = await readBacktest(SPOT, { strategy: "FixtureDip" });
  const swapped = backtest.trades.map((trade) => ({
    ...trade,
    pair: trade.pair === "ALFA/USDT" ? "BRVO/USDT" : "ALFA/USDT",
  }));
  await expect(replayOf({ ...backtest, trades: swapped })).rejects.toThrow("not the candles the backtest ran on");
  const later = { ...backtest, start_ms: backtest.start_ms + 1e11, end_ms: backtest.end_ms + 1e11 };
  await expect(replayOf(later)).rejects.toThrow("do not cover the backtest");
});

it("lets stakes follow the balance the gate has made, where the backtest's did", async () => {
  const backtest = await readBacktest(SPOT, { strategy: "FixtureDip" });
  const settings = ["portfolio_limits=off"];
  const [first, second] = await Promise.all([
    replayOf(backtest, settings),
    replayOf({ ...backtest, stakes: "unlimited" }, settings),
  ]);
  expect(second.with).toEqual(first.with);
  // By hand: without limits of the account the verdicts are the same, only the stakes move with the balance of closed trades.
  // At one time: older trades close, then new ones open, then those close that lasted no longer.
  const events = first.entries.flatMap((entry) => [
    { t: entry.at_ms, order: 1, entry },
    { t: entry.close_ms, order: entry.close_ms === entry.at_ms ? 2 : 0, entry },
  ]);
  events.sort((a, b) => (a.t ?? 0) - (b.t ?? 0) || a.order - b.order);
  let [without, gated] = [backtest.starting_balance, backtest.starting_balance];
  const scales = new Map<number, number>();
  for (const { order, entry } of events) {
    if (order === 1) scales.set(entry.trade, gated / without);
    else {
      without += entry.profit_abs ?? 0;
      gated += (entry.profit_with ?? 0) * (scales.get(entry.trade) ?? Number.NaN);
    }
  }
  expect(second.second_order.side.profit_abs).toBeCloseTo(gated - backtest.starting_balance, 6);
  expect(second.second_order.side.profit_abs).not.toBeCloseTo(first.with.profit_abs, 2);
});

describe("the market pair", () => {
  const gamma = 'rules=[{"measure":"beta_down","from":-100,"to":-99,"min_size":0.5}]';

  it("reaches the engine, so that rules on market measures judge", async () => {
    const backtest = await readBacktest(SPOT, { strategy: "FixtureDip" });
    const withMarket = await replayOf(backtest, [gamma, "market_pair=ALFA/USDT"]);
    const undefinedAll = await replayOf(backtest, [gamma]);
    expect(withMarket.gate.market_pair).toBe("ALFA/USDT");
    const names = (result: typeof withMarket): string[] => [...new Set(result.entries.map(({ reason }) => reason))];
    expect(names(withMarket)).not.toEqual(names(undefinedAll));
    expect(withMarket.counts.reduced).toBeGreaterThan(0);
  });

  it("has to be one of the trading mode, with candles", async () => {
    const backtest = await readBacktest(SPOT, { strategy: "FixtureDip" });
    await expect(replayOf(backtest, ["market_pair=ALFA/USDT:USDT"])).rejects.toThrow("write ALFA/USDT");
    await expect(replayOf(backtest, ["market_pair=NONE/USDT"])).rejects.toThrow("No candles for NONE/USDT");
  });
});

describe("legs", () => {
  it("share a trade's exits in proportion to what each holds", async () => {
    const { trades } = await readBacktest(SPOT, { strategy: "FixtureDca" });
    const trade = trades.find(({ entries, exits }) => entries.length > 1 && exits.length > 1);
    if (trade === undefined) throw new Error("the fixture has no such trade");
    const legs = legsOf(trade);
    expect(legs.map((leg) => leg.kind)).toEqual(["entry", ...Array(legs.length - 1).fill("scale_in")]);
    for (const leg of legs) {
      expect(leg.exits.reduce((sum, exit) => sum + exit.amount, 0)).toBeCloseTo(leg.amount, 9);
    }
    expect(legs.reduce((sum, leg) => sum + leg.profit, 0)).toBeCloseTo(trade.profit_abs, 9);
  });
});

describe("the walk", () => {
  const M5 = 300_000;
  const policy: Policy = {
    mode: "enforce",
    timeframe_s: 300,
    portfolio_limits: true,
    candle_limits: new Map(),
    limits: {
      ...LIMIT_DEFAULTS,
      max_drawdown: 0.1,
      drawdown_window_days: 1,
      max_daily_loss: null,
      max_gross_exposure: null,
      max_pair_exposure: null,
    },
  };
  const fine = (t_ms: number): CandleVerdict => ({
    candle_open_ms: t_ms - M5,
    size: 1,
    reason: REASON.ok,
    value: Number.NaN,
  });

  /** A long of 100 that opens and closes at the given candles and earns `profit`. */
  function leg(index: number, opened: number, closed: number, profit: number, pair = "A/B"): Leg {
    const [made] = legsOf({
      index,
      pair,
      side: "long",
      leverage: 1,
      open_ms: opened * M5,
      close_ms: closed * M5,
      open_rate: 100,
      close_rate: 100 + profit,
      stake: 100,
      profit_abs: profit,
      profit_ratio: profit / 100,
      fee_open: 0,
      fee_close: 0,
      min_rate: null,
      max_rate: null,
      enter_tag: "",
      exit_reason: "",
      funding_fees: 0,
      entries: [{ filled_ms: opened * M5, rate: 100, amount: 1, stake: 100 }],
      exits: [{ filled_ms: closed * M5, rate: 100 + profit, amount: 1 }],
      has_orders: true,
    });
    if (made === undefined) throw new Error("no leg");
    return made;
  }

  function run(legs: readonly Leg[], change: Partial<Parameters<typeof walk>[0]> = {}) {
    return walk({
      legs,
      starting_balance: 100,
      start_ms: 0,
      end_ms: 1000 * M5,
      timeframe_ms: M5,
      memory_rows: 990,
      pairlist: ["A/B", "C/D"],
      policy,
      verdictAt: (_, t_ms) => fine(t_ms),
      closeAt: () => 100,
      openAt: () => 100,
      ...change,
    });
  }

  it("judges by the account its own answers make: a loss it prevented does not count against later entries", () => {
    const legs = [leg(0, 10, 20, -50), leg(1, 30, 40, 1)];
    const decisions = (size: number) =>
      run(legs, {
        verdictAt: (_, t_ms) =>
          t_ms === 10 * M5 ? { ...fine(t_ms), size, reason: size === 1 ? 0 : REASON.jump } : fine(t_ms),
      }).judged.map(({ verdict }) => verdict?.decision);
    expect(decisions(1)).toEqual(["allow", "deny"]);
    expect(decisions(0)).toEqual(["deny", "allow"]);
  });

  it("sees open losses, and resumes when the drawdown window has passed", () => {
    const legs = [leg(0, 10, 900, 0), leg(1, 30, 31, 1, "C/D"), leg(2, 400, 401, 1, "C/D")];
    const { judged, curves } = run(legs, {
      closeAt: (pair, t_ms) => (pair === "A/B" && t_ms > 11 * M5 ? 70 : 100),
      openAt: (pair, t_ms) => (pair === "A/B" && t_ms > 11 * M5 ? 70 : 100),
    });
    expect(judged.map(({ verdict }) => verdict?.reason)).toEqual([REASON.ok, REASON.drawdown, REASON.ok]);
    expect(curves.with[20]).toBe(70);
  });

  it("tells the closes of pairs held and asked about, up to the signal candle: twins are cut, strangers are not", () => {
    const wave = (t_ms: number) => (Math.floor(t_ms / 3_600_000) % 2 === 0 ? 100 : 101);
    const slow = (t_ms: number) => (Math.floor(t_ms / 7_200_000) % 2 === 0 ? 100 : 101);
    const limits = { ...policy.limits, max_drawdown: null, max_cluster_exposure: 1.5 };
    const legs = [leg(0, 10, 30, 0), leg(1, 20, 25, 0, "C/D")];
    const shares = (of: (t_ms: number) => number) =>
      run(legs, {
        policy: { ...policy, limits },
        closeAt: (pair, t_ms) => (pair === "A/B" ? wave(t_ms) : of(t_ms)),
      }).judged.map(({ share }) => share);
    expect(shares(slow)).toEqual([1, 1]);
    // A twin leaves half of equity, which is 100 and what the open leg has made since.
    const [first, second] = shares(wave);
    expect(first).toBe(1);
    expect(second).toBeCloseTo(0.5, 1);
    // Nothing is known of either: the other counts in whole.
    expect(shares(() => Number.NaN).at(1)).toBeCloseTo(0.5, 1);
  });

  it("frees exits before it judges entries of the same candle", () => {
    const limits = { ...policy.limits, max_drawdown: null, max_gross_exposure: 1.5 };
    const legs = [leg(0, 10, 20, 0), leg(1, 20, 30, 0, "C/D")];
    const { judged } = run(legs, { policy: { ...policy, limits } });
    expect(judged.map(({ share }) => share)).toEqual([1, 1]);
    const overlapping = run([leg(0, 10, 21, 0), leg(1, 20, 30, 0, "C/D")], { policy: { ...policy, limits } });
    expect(overlapping.judged.map(({ share }) => share)).toEqual([1, 0.5]);
  });

  it("closes what opens and closes within a candle before the next pair's turn", () => {
    const limits = { ...policy.limits, max_drawdown: null, max_gross_exposure: 1.5 };
    const order = (pairlist: string[]) =>
      run([leg(0, 20, 20, 0), leg(1, 20, 30, 0, "C/D")], { policy: { ...policy, limits }, pairlist }).judged.map(
        ({ leg: { trade }, share }) => [trade.pair, share],
      );
    expect(order(["A/B", "C/D"])).toEqual([
      ["A/B", 1],
      ["C/D", 1],
    ]);
    expect(order(["C/D", "A/B"])).toEqual([
      ["C/D", 1],
      ["A/B", 0.5],
    ]);
  });

  it("remembers the account's height from the hours in which nothing was asked", () => {
    // Up by half while the trade is open, back where it began when the next entry is asked for.
    const rising = (pair: string, t_ms: number): number =>
      pair === "A/B" && t_ms > 20 * M5 && t_ms < 60 * M5 ? 150 : 100;
    const { judged } = run([leg(0, 10, 80, 0), leg(1, 70, 71, 0, "C/D")], { closeAt: rising, openAt: rising });
    expect(judged[1]?.verdict).toMatchObject({ decision: "deny", reason: REASON.drawdown });
    expect(judged[1]?.verdict?.value).toBeCloseTo(1 / 3);
  });

  it("samples the account hourly and after fills, at the closes of the candle before the last, as the shim does", () => {
    const priced: number[] = [];
    run([leg(0, 10, 30, 0)], {
      closeAt: (_, t_ms) => {
        priced.push(t_ms / M5);
        return 100;
      },
    });
    // Filled at 10, so sampled at 11; then at the hours 12 and 24 while the position is open.
    expect(priced).toEqual([10, 11, 23]);
  });

  it("never asks for a candle that had not closed", () => {
    const legs = [leg(0, 10, 20, 1), leg(1, 15, 16, 1, "C/D")];
    const asked: number[] = [];
    run(legs, {
      verdictAt: (_, t_ms) => {
        asked.push(t_ms);
        return fine(t_ms);
      },
    });
    expect(asked).toEqual([10 * M5, 15 * M5]);
  });
});
