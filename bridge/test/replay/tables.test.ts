import { describe, expect, it } from "vitest";
import { readBacktest } from "../../src/replay/read/backtest.js";
import type { Trade } from "../../src/replay/read/trades.js";
import { caveats } from "../../src/replay/report/words.js";
import { coverageOf } from "../../src/replay/run/coverage.js";
import { crisesOf } from "../../src/replay/run/crises.js";
import { depthOf } from "../../src/replay/run/depth.js";
import { candidatesOf } from "../../src/replay/run/entries.js";
import { legsOf } from "../../src/replay/run/legs.js";
import type { PairMarket } from "../../src/replay/run/market.js";
import { slotsOf } from "../../src/replay/run/slots.js";
import { tradesAt } from "../../src/replay/run/totals.js";
import type { JudgedLeg } from "../../src/replay/run/walk.js";
import { FUTURES, replayOf } from "./fixture.js";

const DAY = 86_400_000;
const START = Date.UTC(2025, 3, 1);

function trade(index: number, given: Partial<Trade> = {}): Trade {
  const open_ms = given.open_ms ?? START + index * 3_600_000;
  return {
    index,
    pair: "A/B",
    side: "long",
    leverage: 1,
    open_ms,
    close_ms: open_ms + 3_600_000,
    open_rate: 100,
    close_rate: 101,
    stake: 100,
    profit_abs: 1,
    profit_ratio: 0.01,
    fee_open: 0,
    fee_close: 0,
    min_rate: 99,
    max_rate: 102,
    enter_tag: "",
    exit_reason: "roi",
    funding_fees: 0,
    entries: [{ filled_ms: open_ms, rate: 100, amount: 1, stake: 100 }],
    exits: [{ filled_ms: open_ms + 3_600_000, rate: 101, amount: 1 }],
    has_orders: true,
    ...given,
  };
}

function judged(trades: readonly Trade[], shareOf: (index: number) => number = () => 1): JudgedLeg[] {
  return trades.flatMap(legsOf).map((leg) => ({ leg, candle: null, verdict: null, share: shareOf(leg.trade.index) }));
}

/** A market whose close falls by a tenth on the day of OM's collapse, and whose forecasts are the trade's number. */
function market(given: Partial<PairMarket> = {}): PairMarket {
  const at = (t_ms: number): number => (t_ms > Date.UTC(2025, 3, 13, 12) ? 90 : 100);
  return {
    pair: "A/B",
    first_ms: START,
    rows: 1000,
    rows_before_start: 0,
    candles_sha256: "",
    series: null,
    coverage: [],
    verdictAt: () => null,
    sigmaRankAt: () => Number.NaN,
    depthAt: (t_ms) => ({ es99: (t_ms - START) / 3_600_000 / 1000, adverse: 0.05 }),
    worstMove: (t_ms) => (((t_ms - START) / 3_600_000) % 10 === 0 ? 0.06 : 0.01),
    closeAt: at,
    openAt: at,
    traded: () => true,
    ...given,
  };
}

describe("depth", () => {
  const settings = { adverse_horizon_candles: 12, adverse_quantile: 0.9 };

  it("sorts trades by what was forecast and says how deep they went", () => {
    // The higher the forecast, the lower the worst price; the last tenth is stopped.
    const trades = Array.from({ length: 100 }, (_, index) =>
      trade(index, { min_rate: 100 - index / 10, exit_reason: index >= 90 ? "stop_loss" : "roi" }),
    );
    const found = depthOf(judged(trades), new Map([["A/B", market()]]), settings);
    expect(found?.trades).toBe(100);
    expect(found?.rank_correlation).toBeCloseTo(1, 12);
    expect(found?.deciles.map(({ trades: count }) => count)).toEqual(Array(10).fill(10));
    expect(found?.deciles.map(({ stops }) => stops)).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 10]);
    expect(found?.deciles[3]).toMatchObject({ decile: 4, es99_from: 0.03, es99_to: 0.039 });
    expect(found?.deciles[3]?.excursion_median).toBeCloseTo(0.0345, 12);
    expect(found?.deciles[3]?.excursion_mean).toBeCloseTo(0.0345, 12);
    // Every tenth move is beyond its quantile, as a 90 % quantile promises.
    expect(found?.adverse).toMatchObject({ horizon_candles: 12, forecasts: 100, exceeded: 10 });
    expect(found?.adverse?.kupiec_p).toBeCloseTo(1, 6);
  });

  it("is not told of a few trades, or without forecasts", () => {
    const few = Array.from({ length: 49 }, (_, index) => trade(index));
    expect(depthOf(judged(few), new Map([["A/B", market()]]), settings)).toBeNull();
    const many = Array.from({ length: 80 }, (_, index) => trade(index));
    const blind = market({ depthAt: () => ({ es99: Number.NaN, adverse: Number.NaN }) });
    expect(depthOf(judged(many), new Map([["A/B", blind]]), settings)).toBeNull();
  });
});

describe("crises", () => {
  const span = { start_ms: START, end_ms: START + 30 * DAY };
  const t_ms = Float64Array.from({ length: 31 * 24 }, (_, hour) => START + hour * 3_600_000);
  const crash = Date.UTC(2025, 3, 13, 12);
  const curves = {
    t_ms,
    without: t_ms.map((t) => (t > crash ? 900 : 1000)),
    with: t_ms.map((t) => (t > crash ? 960 : 1000)),
  };

  it("are found in the data, and by name where they fall inside it", () => {
    const inside = trade(0, { open_ms: crash });
    const outside = trade(1, { open_ms: crash + 5 * DAY });
    const found = crisesOf(
      span,
      [market()],
      judged([inside, outside], () => 0.5),
      curves,
    );
    expect(found.map(({ name, kind }) => [name, kind])).toEqual([
      ["2025-04-13", "worst_day"],
      ["OM collapse", "named"],
    ]);
    for (const crisis of found) {
      expect(crisis).toMatchObject({ entries: 1, affected: 1, account_change_without: -100, account_change_with: -40 });
      expect(crisis.market_change).toBeCloseTo(-0.1, 12);
    }
  });

  it("are none where nothing falls and nothing is remembered", () => {
    const calm = { start_ms: Date.UTC(2023, 5, 1), end_ms: Date.UTC(2023, 5, 20) };
    expect(crisesOf(calm, [market({ closeAt: () => 100 })], [], curves)).toEqual([]);
  });
});

it("says for how long the gate lets nothing through", () => {
  const hours = [0, 1, 2, 30, 31, 32];
  const trades = hours.map((hour, index) => trade(index, { open_ms: START + hour * 3_600_000 }));
  // Let through at hours 0 and 31; denied between.
  const found = candidatesOf(judged(trades, (index) => (index === 0 || index === 4 ? 1 : index === 5 ? 0.5 : 0)));
  expect(found).toEqual({
    count: 6,
    affected_share: 4 / 6,
    denied_share: 3 / 6,
    longest_without_entry_ms: 31 * 3_600_000,
  });
  expect(candidatesOf(judged(trades)).longest_without_entry_ms).toBe(0);
});

it("measures how long every slot was taken", () => {
  const trades = [
    trade(0, { open_ms: START, close_ms: START + 6 * DAY }),
    trade(1, { open_ms: START + DAY, close_ms: START + 3 * DAY }),
    trade(2, { open_ms: START + 3 * DAY, close_ms: START + 4 * DAY }),
  ];
  const all = judged(trades);
  const without = tradesAt({ trades }, all, () => 1);
  const withGate = tradesAt({ trades }, all, ({ leg }) => (leg.trade.index === 1 ? 0 : 1));
  const backtest = { max_open_trades: 2, rejected_signals: 7, start_ms: START, end_ms: START + 10 * DAY };
  const found = slotsOf(backtest, { without, with: withGate });
  expect(found).toMatchObject({ max_open_trades: 2, rejected_signals: 7 });
  expect(found.full_share_without).toBeCloseTo(0.3, 12);
  expect(found.full_share_with).toBeCloseTo(0.1, 12);
  expect(slotsOf({ ...backtest, max_open_trades: null }, { without, with: withGate }).full_share_with).toBeNull();
});

it("counts forecasts of the next candle's loss against what came", () => {
  const close = Float64Array.of(100, 100, 90, 90, 95, 95);
  const flat = new Float64Array(6).fill(0.05);
  const forecasts = { var95: flat, var99: flat.map(() => 0.2), es95: flat, es99: flat, adverse: flat };
  const candles = { rows: 6, t_ms: close, open: close, high: close, low: close, close, volume: close };
  const [long95, long99] = coverageOf("long", forecasts, candles, 2);
  // Rows 1 to 4 forecast rows 2 to 5: only the fall to 90 is beyond 5 %.
  expect(long95).toMatchObject({ side: "long", level: 95, forecasts: 4, exceedances: 1 });
  expect(long95?.expected).toBeCloseTo(0.2, 12);
  expect(long95?.z2).toBeCloseTo(1 - -Math.log(0.9) / (4 * 0.05 * 0.05), 9);
  expect(long99).toMatchObject({ level: 99, exceedances: 0 });
  expect(coverageOf("short", forecasts, candles, 2)[0]).toMatchObject({ exceedances: 1 });
});

it("counts liquidations of futures, with the gate only those it let open", async () => {
  const backtest = await readBacktest(FUTURES);
  const everything = 'rules=[{"measure":"jump","from":-2,"to":-1,"min_size":0}]';
  const trades = backtest.trades.map((one, index) => (index < 3 ? { ...one, exit_reason: "liquidation" } : one));
  const stopped = await replayOf({ ...backtest, trades }, [everything]);
  expect(stopped.liquidations).toEqual({ without: 3, with: 0 });
  expect(caveats(stopped)).toContain("3 trades ended in a liquidation without the gate, 0 with it.");
  expect((await replayOf({ ...backtest, trades }, ["rules=[]", "portfolio_limits=off"])).liquidations).toEqual({
    without: 3,
    with: 3,
  });
});
