import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { optimalBlockLength } from "../../src/replay/statistics/block_length.js";
import { dailyCloses, dailyFigures, dailyReturns } from "../../src/replay/statistics/daily.js";
import { expectedBestSharpe, moments, probabilisticSharpe } from "../../src/replay/statistics/deflated_sharpe.js";
import { type EffectInput, effects } from "../../src/replay/statistics/effect_intervals.js";
import { expectedShortfall, expectedShortfallOf } from "../../src/replay/statistics/expected_shortfall.js";
import { normalCdf, normalQuantile } from "../../src/replay/statistics/normal.js";
import { uniform } from "../../src/replay/statistics/random.js";
import { rankCorrelation } from "../../src/replay/statistics/rank_correlation.js";
import { wholeDays } from "../../src/replay/statistics/ratios.js";
import { resample } from "../../src/replay/statistics/stationary_bootstrap.js";
import { TradeSample } from "../../src/replay/statistics/trade_figures.js";
import { fixture } from "./fixture.js";

interface Golden {
  readonly block_lengths: { series: number[]; block: number }[];
  readonly bootstrap: { series: number[]; block: number; std_of_mean: number };
  readonly shortfalls: { outcomes: number[]; cvar95: number }[];
  readonly trades: {
    profits: number[];
    start_ms: number;
    end_ms: number;
    starting_balance: number;
    sharpe: number;
    sortino: number;
    calmar: number;
    profit_factor: number;
    cvar95: number | null;
  }[];
  readonly balances: { closes: number[]; sharpe: number; sortino: number; drawdown_relative: number; ulcer: number }[];
  readonly normals: { x: number; cdf: number }[];
  readonly moments: { returns: number[]; sharpe: number; skewness: number; kurtosis: number };
  readonly spearman: { x: number[]; y: number[]; rho: number };
}
/** What arch, scipy and freqtrade say, written by fixtures/statistics.py. */
const golden: Golden = JSON.parse(readFileSync(fixture("golden/statistics.json"), "utf8"));

describe("the block length", () => {
  it.each(golden.block_lengths.map((given, index) => [index, given] as const))(
    "is arch's on series %i",
    (_, { series, block }) => {
      // arch goes below one observation; a block cannot.
      expect(optimalBlockLength(Float64Array.from(series))).toBeCloseTo(Math.max(1, block), 9);
    },
  );

  it("is one where there is nothing to measure", () => {
    expect(optimalBlockLength(new Float64Array(100))).toBe(1);
    expect(optimalBlockLength(Float64Array.of(1, 2, 3))).toBe(1);
  });
});

describe("the stationary bootstrap", () => {
  it("spreads the mean of a dependent series as arch's does", () => {
    const { series, block, std_of_mean } = golden.bootstrap;
    const random = uniform(5);
    const index = new Int32Array(series.length);
    const means = Array.from({ length: 8000 }, () => {
      resample(index, block, random);
      return index.reduce((sum, row) => sum + (series[row] ?? 0), 0) / series.length;
    });
    const mean = means.reduce((sum, value) => sum + value, 0) / means.length;
    const std = Math.sqrt(means.reduce((sum, value) => sum + (value - mean) ** 2, 0) / means.length);
    // Both are drawn: the standard error of their ratio is about 0.9 %. Independent draws would give less than half.
    expect(std / std_of_mean).toBeGreaterThan(0.96);
    expect(std / std_of_mean).toBeLessThan(1.04);
  });

  it("has blocks of the asked mean length that wrap around", () => {
    const index = new Int32Array(100_000);
    resample(index, 20, uniform(9));
    const breaks = index.filter((row, at) => at > 0 && row !== ((index[at - 1] ?? 0) + 1) % index.length).length;
    expect(index.length / (breaks + 1)).toBeGreaterThan(19);
    expect(index.length / (breaks + 1)).toBeLessThan(21);
  });
});

describe("expected shortfall", () => {
  it.each(golden.shortfalls.map((given, index) => [index, given] as const))(
    "is the least of Rockafellar and Uryasev's function on sample %i",
    (_, { outcomes, cvar95 }) => {
      expect(expectedShortfall(Float64Array.from(outcomes).sort(), 0.05)).toBeCloseTo(cvar95, 10);
      expect(expectedShortfallOf(Float64Array.from(outcomes), 0.05)).toBeCloseTo(cvar95, 10);
    },
  );

  it("selects what sorting would", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: -9, max: 9 }), { minLength: 1, maxLength: 80 }),
        fc.double({ min: 0.01, max: 1, noNaN: true }),
        (outcomes, share) => {
          const sorted = expectedShortfall(Float64Array.from(outcomes).sort(), share) ?? Number.NaN;
          expect(expectedShortfallOf(Float64Array.from(outcomes), share)).toBeCloseTo(sorted, 9);
        },
      ),
      { seed: 12 },
    );
  });

  it("counts repeated outcomes as if they were written out", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: -50, max: 50 }), fc.integer({ min: 0, max: 4 })), {
          minLength: 1,
          maxLength: 40,
        }),
        (given) => {
          const sorted = [...given].sort(([a], [b]) => a - b);
          const written = sorted.flatMap(([value, times]) => Array<number>(times).fill(value));
          const [values, counts] = [sorted.map(([value]) => value), sorted.map(([, times]) => times)];
          const [found, expected] = [expectedShortfall(values, 0.05, counts), expectedShortfall(written, 0.05)];
          if (expected === null) expect(found).toBeNull();
          else expect(found).toBeCloseTo(expected, 9);
        },
      ),
      { seed: 11 },
    );
  });
});

describe("figures of trades", () => {
  it.each(golden.trades.map((given, index) => [index, given] as const))("are freqtrade's on table %i", (_, given) => {
    const profits = Float64Array.from(given.profits);
    const days = wholeDays(given.start_ms, given.end_ms);
    const sample = new TradeSample(profits, new Uint8Array(profits.length).fill(1), given.starting_balance, days);
    const found = sample.figures(null);
    expect(found.sharpe).toBeCloseTo(given.sharpe, 9);
    expect(found.sortino).toBeCloseTo(given.sortino, 9);
    expect(found.calmar).toBeCloseTo(given.calmar, 9);
    expect(found.profit_factor).toBeCloseTo(given.profit_factor, 9);
    if (given.cvar95 !== null) expect(found.cvar95_trades).toBeCloseTo(given.cvar95, 9);
    const everything = Int32Array.from(profits.keys());
    expect(sample.figures(everything)).toEqual(found);
  });

  it("leave out trades that were not taken", () => {
    const some = new TradeSample(Float64Array.of(5, -80, 3, -2), Uint8Array.of(1, 0, 1, 1), 100, 10);
    const same = new TradeSample(Float64Array.of(5, 3, -2), Uint8Array.of(1, 1, 1), 100, 10);
    expect(some.figures(null)).toEqual(same.figures(null));
  });

  it("are not told where they do not exist", () => {
    const found = new TradeSample(Float64Array.of(1, 1), Uint8Array.of(1, 1), 100, 10).figures(null);
    expect(found).toMatchObject({ profit_factor: null, sharpe: null, sortino: null, calmar: null });
  });
});

describe("daily figures", () => {
  it.each(golden.balances.map((given, index) => [index, given] as const))(
    "are freqtrade's on account %i",
    (_, given) => {
      const returns = dailyReturns(Float64Array.from(given.closes)) ?? new Float64Array();
      const found = dailyFigures(returns, null, new Float64Array(returns.length));
      expect(found.sharpe_daily).toBeCloseTo(given.sharpe, 8);
      expect(found.sortino_daily).toBeCloseTo(given.sortino, 8);
      expect(found.drawdown_daily).toBeCloseTo(given.drawdown_relative, 10);
      expect(found.ulcer_daily).toBeCloseTo(given.ulcer, 10);
    },
  );

  it("take the last value of each UTC day, and refuse a spent account", () => {
    const hour = 3_600_000;
    const t_ms = Float64Array.from({ length: 60 }, (_, i) => i * hour);
    const { day_ms, close } = dailyCloses(t_ms, t_ms);
    expect([...day_ms]).toEqual([0, 24 * hour, 48 * hour]);
    expect([...close]).toEqual([23 * hour, 47 * hour, 59 * hour]);
    expect(dailyReturns(Float64Array.of(10, 0, 5))).toBeNull();
  });
});

describe("intervals of the effect", () => {
  const given = (n: number, shareOf: (row: number) => number): EffectInput => {
    const random = uniform(n);
    const without = Float64Array.from({ length: n }, () => random() - 0.5);
    const withGate = without.map((profit, row) => profit * shareOf(row));
    const taken = Uint8Array.from(without, (_, row) => (shareOf(row) > 0 ? 1 : 0));
    const daily = { without: without.map((x) => x / 100), with: withGate.map((x) => x / 100) };
    return { starting_balance: 100, days: n, trades: { without, with: withGate, taken }, daily };
  };

  it("hold the change and are the same every time", () => {
    const input = given(300, (row) => (row % 7 === 0 ? 0 : 1));
    const found = effects(input);
    expect(effects(input)).toEqual(found);
    for (const { change, low, high } of found.effects) {
      expect(change).not.toBeNull();
      expect(low ?? Number.NaN).toBeLessThan(high ?? Number.NaN);
    }
    const profit = found.effects.find(({ figure }) => figure === "profit_abs");
    expect(profit?.low ?? Number.NaN).toBeLessThan(profit?.change ?? Number.NaN);
    expect(profit?.high ?? Number.NaN).toBeGreaterThan(profit?.change ?? Number.NaN);
  });

  it("are zero where the gate did nothing", () => {
    for (const { change, low, high } of effects(given(100, () => 1)).effects) {
      expect([change, low, high]).toEqual([0, 0, 0]);
    }
  });

  it("are not drawn from a handful", () => {
    const { effects: found, trades } = effects(given(29, (row) => row % 2));
    expect(trades).toEqual({ observations: 29, block: null });
    expect(found.every(({ low, high }) => low === null && high === null)).toBe(true);
    expect(found.some(({ change }) => change !== null)).toBe(true);
  });

  it("cover the true change of profit about as often as they say", () => {
    // The share 0.5 halves a profit whose true mean is 0, so the true change is 0.
    const covering = Array.from({ length: 100 }, (_, run) => {
      const random = uniform(5000 + run);
      const without = Float64Array.from({ length: 120 }, () => random() - 0.5);
      const withGate = without.map((profit) => profit / 2);
      const taken = new Uint8Array(120).fill(1);
      const trades = { without, with: withGate, taken };
      const [profit] = effects({ starting_balance: 100, days: 120, trades, daily: null }).effects;
      return (profit?.low ?? 1) <= 0 && (profit?.high ?? -1) >= 0 ? 1 : 0;
    }).reduce<number>((sum, hit) => sum + hit, 0);
    // 95 expected; below 85 has a probability of 1 in 10,000.
    expect(covering).toBeGreaterThanOrEqual(85);
    expect(covering).toBeLessThan(100);
  });
});

describe("the deflated Sharpe ratio", () => {
  const paper = { observations: 1250, sharpe: 2.5 / Math.sqrt(250), skewness: -3, kurtosis: 10 };
  const variance = 0.5 / 250;

  it("gives the numbers of Bailey and López de Prado's example", () => {
    expect(expectedBestSharpe(100, variance)).toBeCloseTo(0.113172, 6);
    expect(probabilisticSharpe(paper, expectedBestSharpe(100, variance))).toBeCloseTo(0.9003968, 6);
    expect(probabilisticSharpe(paper, expectedBestSharpe(46, variance))).toBeCloseTo(0.9505017, 6);
    const normal = { ...paper, skewness: 0, kurtosis: 3 };
    expect(probabilisticSharpe(normal, expectedBestSharpe(88, variance))).toBeCloseTo(0.9504908, 6);
  });

  it("expects nothing of a single trial", () => {
    expect(expectedBestSharpe(1, variance)).toBe(0);
  });

  it("takes moments as scipy does", () => {
    const { returns, sharpe, skewness, kurtosis } = golden.moments;
    const found = moments(Float64Array.from(returns));
    expect(found?.sharpe).toBeCloseTo(sharpe, 10);
    expect(found?.skewness).toBeCloseTo(skewness, 9);
    expect(found?.kurtosis).toBeCloseTo(kurtosis, 8);
    expect(moments(new Float64Array(50))).toBeNull();
  });
});

it("has scipy's normal distribution, both ways", () => {
  for (const { x, cdf } of golden.normals) {
    expect(normalCdf(x) / cdf).toBeCloseTo(1, 9);
    if (Math.abs(x) < 5) expect(normalQuantile(cdf)).toBeCloseTo(x, 9);
  }
});

it("has scipy's rank correlation, ties included", () => {
  const { x, y, rho } = golden.spearman;
  expect(rankCorrelation(x, y)).toBeCloseTo(rho, 10);
  expect(rankCorrelation([1, 1, 1], [1, 2, 3])).toBeNull();
});
