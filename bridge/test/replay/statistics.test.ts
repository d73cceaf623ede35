import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { closedEquity, maxDrawdown } from "../../src/replay/statistics/drawdown.js";
import { adverseExcursion, averageExcursion } from "../../src/replay/statistics/excursion.js";
import { type Candidate, placebo } from "../../src/replay/statistics/placebo.js";
import { MEASURES } from "../../src/replay/statistics/placebo_measures.js";
import { precision } from "../../src/replay/statistics/precision.js";
import { uniform } from "../../src/replay/statistics/random.js";
import { thin } from "../../src/replay/statistics/thin.js";
import { expected } from "./fixture.js";

describe("maximum drawdown", () => {
  it.each(expected.drawdown.map((given, index) => [index, given] as const))(
    "is freqtrade's on series %i",
    (_, { start, profits, abs, ratio }) => {
      const closed = profits.map((profit, close_ms) => ({ close_ms, profit }));
      const found = maxDrawdown(start, closedEquity(start, closed));
      expect(found.abs).toBeCloseTo(abs, 8);
      expect(found.ratio).toBeCloseTo(ratio, 10);
    },
  );

  it("is zero for an account that only rises", () => {
    expect(maxDrawdown(10, [10, 11, 12])).toEqual({ abs: 0, ratio: 0 });
  });
});

describe("adverse excursion", () => {
  it("looks down for longs and up for shorts, and is never negative", () => {
    const rates = { open_rate: 100, min_rate: 90, max_rate: 104 };
    expect(adverseExcursion({ side: "long", ...rates })).toBeCloseTo(0.1);
    expect(adverseExcursion({ side: "short", ...rates })).toBeCloseTo(0.04);
    expect(adverseExcursion({ side: "long", ...rates, min_rate: 101 })).toBe(0);
    expect(adverseExcursion({ side: "short", ...rates, max_rate: null })).toBeNull();
  });

  it("is averaged over what was taken", () => {
    const items = [
      { excursion: 0.1, weight: 300 },
      { excursion: 0.02, weight: 100 },
      { excursion: 0.5, weight: 0 },
      { excursion: null, weight: 100 },
    ];
    const average = averageExcursion(items);
    expect(average.plain).toBeCloseTo(0.06);
    expect(average.weighted).toBeCloseTo(0.08);
    expect(averageExcursion([])).toEqual({ plain: null, weighted: null });
  });
});

it("compares what was stopped with the base rate", () => {
  const items = [
    { stake: 100, profit: -5, share: 0 },
    { stake: 100, profit: 5, share: 0 },
    { stake: 200, profit: -5, share: 0.5 },
    { stake: 100, profit: 5, share: 1 },
  ];
  expect(precision(items)).toEqual({
    denied_losers: 1 / 2,
    base_losers: 2 / 4,
    cut_stake_losers: 200 / 300,
    base_stake_losers: 300 / 500,
  });
  expect(precision([]).base_losers).toBeNull();
});

describe("placebo", () => {
  const ranked = (candidates: readonly Candidate[]) => placebo(candidates, 100);
  const market = (
    seed: number,
    blocks: number,
    shareOf: (profit: number, next: () => number) => number,
  ): Candidate[] => {
    const next = uniform(seed);
    return Array.from({ length: blocks }, (_, block) =>
      Array.from({ length: 1 + Math.floor(next() * 3) }, (_, pair) => {
        const profit = next() - 0.5;
        const share = shareOf(profit, next);
        const trade = block * 10 + pair;
        return { candle_ms: block * 1000, pair: `P${pair}`, trade, close_ms: trade * 100, profit, weight: 1, share };
      }),
    ).flat();
  };

  it("says when there is nothing to compare, or too little", () => {
    expect(ranked(market(1, 300, () => 1))).toEqual({ status: "nothing_cut" });
    expect(ranked(market(1, 199, () => 0.5))).toEqual({ status: "sample_too_small", blocks: 199, needed: 200 });
  });

  it("puts a gate that knows the losers above all placebos, and one that picks winners below", () => {
    const knows = ranked(market(2, 400, (profit) => (profit < 0 ? 0 : 1)));
    const reverse = ranked(market(2, 400, (profit) => (profit > 0 ? 0 : 1)));
    expect(knows).toMatchObject({ status: "compared", percentile: 1, shifts: 399 });
    expect(reverse).toMatchObject({ status: "compared", percentile: 0 });
  });

  it("puts a constant size in the middle: it judges nothing", () => {
    expect(ranked(market(3, 250, () => 0.5))).toMatchObject({ status: "compared", percentile: 0.5 });
  });

  it("does not depend on the order of its input", () => {
    const candidates = market(4, 300, (_, next) => (next() < 0.2 ? 0 : 1));
    expect(ranked([...candidates].reverse())).toEqual(ranked(candidates));
  });

  it("judges by more than profit, and finds no skill in a constant size", () => {
    const found = ranked(market(6, 400, (profit) => (profit < 0 ? 0 : 1)));
    if (found.status !== "compared") throw new Error(found.status);
    expect(found.measures.map(({ measure }) => measure)).toEqual([...MEASURES]);
    for (const { percentile } of found.measures) expect(percentile).toBe(1);
    expect(found.intervals.excess.low).toBeGreaterThan(0);
    // A constant size changes profit and drawdown, but nothing beyond what that exposure does.
    const constant = ranked(market(6, 400, () => 0.5));
    if (constant.status !== "compared") throw new Error(constant.status);
    const excess = constant.measures.find(({ measure }) => measure === "excess");
    expect(excess?.value).toBeCloseTo(0, 9);
    expect(constant.measures.find(({ measure }) => measure === "return_excess")?.value).toBeCloseTo(0, 9);
    expect(constant.mean_size).toBeCloseTo(0.5, 12);
    expect(constant.intervals.excess.high).toBeCloseTo(0, 9);
  });

  it("raises false alarms as often as it says on clustered candidates and decisions that know nothing", () => {
    const runs = 200;
    const alarms = new Map<string, number>();
    for (let run = 0; run < runs; run++) {
      const next = uniform(1000 + run);
      let [cutting, calm] = [0, 1];
      const candidates = Array.from({ length: 220 }, (_, block): Candidate[] => {
        if (cutting === 0 && next() < 0.05) cutting = 1 + Math.floor(next() * 8);
        const share = cutting > 0 ? 0.25 : 1;
        cutting = Math.max(0, cutting - 1);
        // Quiet and wild stretches; the candidates of one candle win or lose together.
        if (next() < 0.05) calm = 0.3 + 2 * next();
        const shock = next() - 0.5;
        const pairs = 1 + Math.floor(next() * 6);
        return Array.from({ length: pairs }, (__, pair) => {
          const trade = block * 10 + pair;
          const profit = calm * (shock + 0.5 * (next() - 0.5));
          return { candle_ms: block, pair: `P${pair}`, trade, close_ms: trade, profit, weight: 1 + next(), share };
        });
      }).flat();
      const found = ranked(candidates);
      if (found.status !== "compared") throw new Error(found.status);
      for (const { measure, percentile } of found.measures) {
        if (percentile >= 0.95) alarms.set(measure, (alarms.get(measure) ?? 0) + 1);
      }
    }
    // 5 % of 200 is 10; more than five standard deviations of a binomial would be above 25.
    for (const measure of MEASURES) {
      expect(alarms.get(measure) ?? 0, measure).toBeGreaterThan(0);
      expect(alarms.get(measure) ?? 0, measure).toBeLessThan(26);
    }
  }, 120_000);
});

it("thins a curve without losing extremes or ends", () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: -100, max: 100, noNaN: true }), { minLength: 1, maxLength: 300 }),
      fc.integer({ min: 1, max: 40 }),
      (values, buckets) => {
        const series = Float64Array.from(values);
        const rows = thin([series], buckets);
        const kept = rows.map((row) => series[row] ?? Number.NaN);
        expect(rows).toEqual([...new Set(rows)].sort((a, b) => a - b));
        expect([rows[0], rows.at(-1)]).toEqual([0, values.length - 1]);
        expect(Math.max(...kept)).toBe(Math.max(...values));
        expect(Math.min(...kept)).toBe(Math.min(...values));
        expect(rows.length).toBeLessThanOrEqual(3 * buckets + 1);
      },
    ),
    { seed: 3 },
  );
});
