/** Kelly: published two-outcome roots, and seeded trades solved by scipy (goldens/generate.py). */
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { constrainedLowerBound, growthLowerBound, growthOptimal, riskConstrained } from "../../src/portfolio/kelly.js";

interface Golden {
  readonly profits: number[];
  readonly left: number;
  readonly probability: number;
  readonly growth: number;
  readonly constrained: number;
  readonly growth_bound: number;
  readonly constrained_bound: number;
}
const goldens: Golden[] = JSON.parse(readFileSync(new URL("goldens/kelly.json", import.meta.url), "utf8"));
/** `wins` of `n` trades pay `odds`, the others lose their stake. */
const bets = (wins: number, n: number, odds: number) => Array.from({ length: n }, (_, i) => (i < wins ? odds : -1));

describe("Kelly fractions", () => {
  it.each([
    [12, 20, 1, 0.7, 0.1, 0.2, 0.0542572855],
    [11, 20, 1, 0.8, 0.05, 0.1, 0.0139075024],
    [8, 20, 3, 0.7, 0.1, 0.2, 0.0507418103],
  ])(
    "of %i wins in %i at odds %i, P(wealth < %f) ≤ %f: %f, constrained %f",
    (wins, n, odds, left, beta, kelly, rck) => {
      expect(growthOptimal(bets(wins, n, odds))).toBeCloseTo(kelly, 9);
      expect(riskConstrained(bets(wins, n, odds), left, beta)).toBeCloseTo(rck, 9);
    },
  );

  it.each(goldens)("of $profits.length seeded trades", (golden) => {
    const { profits, left, probability } = golden;
    expect(growthOptimal(profits)).toBeCloseTo(golden.growth, 9);
    expect(riskConstrained(profits, left, probability)).toBeCloseTo(golden.constrained, 9);
    expect(growthLowerBound(profits)).toBeCloseTo(golden.growth_bound, 9);
    expect(constrainedLowerBound(profits, left, probability)).toBeCloseTo(golden.constrained_bound, 9);
  });

  it("never grow when a trade was worse, and are never above those without doubt", () => {
    const profits = fc.array(
      fc.integer({ min: -1000, max: 2000 }).map((n) => n / 1000),
      { minLength: 30, maxLength: 60 },
    );
    const worse = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(profits, fc.nat(), worse, (before, at, by) => {
        const after = before.map((one, i) => (i === at % before.length ? Math.max(-1, one - by) : one));
        const most = 1e-9;
        expect(growthLowerBound(after)).toBeLessThanOrEqual(growthLowerBound(before) + most);
        expect(constrainedLowerBound(after, 0.7, 0.1)).toBeLessThanOrEqual(
          constrainedLowerBound(before, 0.7, 0.1) + most,
        );
        expect(growthLowerBound(before)).toBeLessThanOrEqual(growthOptimal(before));
        expect(constrainedLowerBound(before, 0.7, 0.1)).toBeLessThanOrEqual(riskConstrained(before, 0.7, 0.1));
      }),
      { numRuns: 100, seed: 7 },
    );
  });
});
