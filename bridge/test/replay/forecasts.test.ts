import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { z2 } from "../../src/replay/statistics/acerbi_szekely.js";
import { chiSquareTail } from "../../src/replay/statistics/chi_square.js";
import { christoffersen } from "../../src/replay/statistics/christoffersen.js";
import { kupiec } from "../../src/replay/statistics/kupiec.js";
import { pinball } from "../../src/replay/statistics/pinball.js";
import { reliability } from "../../src/replay/statistics/reliability.js";

const hits = (length: number, at: readonly number[]): Uint8Array =>
  Uint8Array.from({ length }, (_, t) => (at.includes(t) ? 1 : 0));

describe("χ²", () => {
  // Upper tails computed with scipy's chi2.sf.
  it.each([
    [0, 1, 1],
    [1, 1, 0.3173105078629141],
    [3.841458820694124, 1, 0.05],
    [10, 1, 0.001565402258002549],
    [50, 1, 1.5374597944280347e-12],
    [5.991464547107979, 2, 0.05],
  ] as const)("P(X > %f) with %i degrees is %f", (x, degrees, expected) => {
    expect(chiSquareTail(x, degrees) / expected).toBeCloseTo(1, 9);
  });

  it("falls everywhere, across the change of method too", () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 200, noNaN: true }), (x) => {
        expect(chiSquareTail(x + 1e-3, 1)).toBeLessThan(chiSquareTail(x, 1));
      }),
    );
  });
});

describe("Kupiec's test", () => {
  it("gives the published ratios for 250 forecasts at 1 %", () => {
    const expected = [
      5.025168, 1.176491, 0.108435, 0.09494, 0.769138, 1.95681, 3.555355, 5.49699, 7.733551, 10.229031, 12.955491,
    ];
    expected.forEach((lr, x) => {
      expect(kupiec(x, 250, 0.01).lr).toBeCloseTo(lr, 6);
    });
  });

  it.each([
    [0.01, 255, 1, 6],
    [0.01, 510, 2, 10],
    [0.01, 1000, 5, 16],
    [0.05, 255, 7, 20],
    [0.05, 510, 17, 35],
    [0.05, 1000, 38, 64],
  ])("does not reject %f of %i between %i and %i exceedances", (p, forecasts, low, high) => {
    const kept = Array.from({ length: forecasts + 1 }, (_, x) => x).filter(
      (x) => kupiec(x, forecasts, p).p_value >= 0.05,
    );
    expect([kept[0], kept.at(-1)]).toEqual([low, high]);
  });

  it("has no infinite ratio where all or none were exceeded", () => {
    expect(kupiec(0, 10, 0.5).lr).toBeCloseTo(20 * Math.log(2), 12);
    expect(kupiec(10, 10, 0.5).lr).toBeCloseTo(20 * Math.log(2), 12);
  });
});

describe("Christoffersen's tests", () => {
  it("give the numbers of an independent evaluation", () => {
    const found = christoffersen(hits(250, [10, 50, 51, 120, 200]), 0.01);
    expect([found.n00, found.n01, found.n10, found.n11]).toEqual([240, 4, 4, 1]);
    expect(found.coverage.lr).toBeCloseTo(1.956809788, 8);
    expect(found.independence.lr).toBeCloseTo(3.153989287, 8);
    expect(found.joint.lr).toBeCloseTo(5.110799075, 8);
    expect(found.coverage.p_value).toBeCloseTo(0.16185491722, 9);
    expect(found.independence.p_value).toBeCloseTo(0.07574158173, 9);
    expect(found.joint.p_value).toBeCloseTo(0.0776611973, 9);
  });

  it("reject runs and accept the same number spread out", () => {
    const runs = christoffersen(hits(1000, [10, 11, 12, 13, 500, 501, 502, 503, 504, 505]), 0.01);
    const spread = christoffersen(hits(1000, [10, 110, 210, 310, 410, 510, 610, 710, 810, 910]), 0.01);
    expect(runs.coverage).toEqual(spread.coverage);
    expect(runs.joint.p_value).toBeLessThan(1e-6);
    expect(spread.joint.p_value).toBeGreaterThan(0.5);
  });

  it("stand series that are exceeded never or at the edges", () => {
    expect(christoffersen(hits(100, []), 0.01).independence.lr).toBe(0);
    const edges = christoffersen(hits(3, [0, 2]), 0.5);
    expect([edges.exceedances, edges.n01, edges.n10]).toEqual([2, 1, 1]);
  });
});

describe("Acerbi and Szekely's second test", () => {
  const length = 1000;
  const of = (value: number): Float64Array => new Float64Array(length).fill(value);
  const losses = Float64Array.from({ length }, (_, t) => (t % 40 === 0 ? 3 : 0));

  it("is 0 when losses beyond VaR are as large and as frequent as promised", () => {
    expect(z2(losses, of(2), of(3), 0.025)).toBeCloseTo(0, 12);
  });

  it("is −1 when they are twice as large, or come twice as often", () => {
    expect(z2(losses, of(2), of(1.5), 0.025)).toBeCloseTo(-1, 12);
    expect(z2(losses, of(2), of(3), 0.0125)).toBeCloseTo(-1, 12);
    expect(z2(of(0), of(2), of(3), 0.025)).toBe(1);
  });
});

it("the pinball loss is least at the quantile", () => {
  const losses = Float64Array.from({ length: 100 }, (_, i) => i + 1);
  const at = (quantile: number): number => pinball(losses, new Float64Array(100).fill(quantile), 0.05);
  expect(at(95)).toBeCloseTo((0.95 * 15 + 0.05 * 4465) / 100, 10);
  for (const other of [80, 90, 94, 97, 100]) expect(at(95)).toBeLessThan(at(other));
});

describe("reliability", () => {
  it("of perfect, constant and overconfident forecasts", () => {
    const happened = Uint8Array.from([0, 0, 0, 1, 1, 0, 1, 1]);
    expect(reliability(Float64Array.from(happened), happened)).toMatchObject({ brier: 0, skill: 1, slope: 1 });
    const constant = reliability(new Float64Array(8).fill(0.5), happened);
    expect(constant).toMatchObject({ base_rate: 0.5, skill: 0, slope: null });
    // 0.25 happened where 0.1 was said, 0.75 where 0.9 was: the slope is (0.75 − 0.25)/(0.9 − 0.1).
    const forecasts = Float64Array.from([0.1, 0.1, 0.1, 0.1, 0.9, 0.9, 0.9, 0.9]);
    const bold = reliability(forecasts, happened);
    expect(bold.slope).toBeCloseTo(0.625, 12);
    expect(bold.skill).toBeCloseTo(1 - 0.21 / 0.25, 12);
    expect(reliability(forecasts, new Uint8Array(8)).skill).toBeNull();
  });
});
