import { describe, expect, it } from "vitest";
import { atHorizon, exceeded, HORIZONS, QUANTILES, type Shape, worstMoves } from "../validate/adverse.mjs";
import { FILTERS, replace } from "../validate/filters.mjs";
import { derive } from "../validate/series.mjs";
import { tails } from "../validate/tail.mjs";

/** Candles of a walk without drift, the same every time. */
function walk(rows: number) {
  let state = 1;
  const uniform = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 4294967296;
  };
  const candles = {
    rows,
    t_ms: Float64Array.from({ length: rows }, (_, t) => t * 300_000),
    open: new Float64Array(rows),
    high: new Float64Array(rows),
    low: new Float64Array(rows),
    close: new Float64Array(rows),
    volume: new Float64Array(rows),
  };
  let close = 100;
  for (let t = 0; t < rows; t++) {
    candles.open[t] = close;
    close *= 1 + 0.01 * (uniform() - 0.5);
    candles.close[t] = close;
    candles.high[t] = Math.max(close, candles.open[t] ?? 0) * (1 + 0.002 * uniform());
    candles.low[t] = Math.min(close, candles.open[t] ?? 0) * (1 - 0.002 * uniform());
  }
  return derive("A/B", "5m", candles);
}

describe("worst moves", () => {
  it.each([1, 2, 7, 48])("within %i candles are those a plain search finds", (horizon) => {
    const series = walk(300);
    const { high, low, close } = series.candles;
    for (const side of ["long", "short"] as const) {
      const found = worstMoves(series, horizon, side);
      for (let t = 0; t < series.rows; t++) {
        if (t + horizon >= series.rows) {
          expect(found[t]).toBeNaN();
          continue;
        }
        const entry = close[t] ?? Number.NaN;
        const worst =
          side === "long"
            ? Math.log(entry / Math.min(...low.subarray(t + 1, t + 1 + horizon)))
            : Math.log(Math.max(...high.subarray(t + 1, t + 1 + horizon)) / entry);
        expect(found[t]).toBeCloseTo(Math.max(0, worst), 12);
      }
    }
  });
});

describe("the table of the adverse excursion", () => {
  const rows = HORIZONS.map((_, i) => QUANTILES.map((q) => -Math.log(1 - q) * (1 + i / 10)));
  const shape: Shape = {
    typical: -17,
    fast: HORIZONS.map((h) => 1 - Math.log(h) / 10),
    medium: HORIZONS.map(() => 0.5),
    quantiles: { long: rows, short: rows },
  };

  it("gives at each quantile the probability of going beyond it", () => {
    for (const horizon of [1, 5, 48, 288]) {
      const table = atHorizon(shape, horizon).quantiles.long;
      table.forEach((quantile, i) => {
        expect(exceeded(table, quantile)).toBeCloseTo(1 - (QUANTILES[i] ?? 0), 10);
      });
      expect(exceeded(table, 0)).toBe(1);
      expect(exceeded(table, 100 * Math.sqrt(horizon))).toBeLessThan(1e-10);
    }
  });

  it("is linear in the logarithm of the horizon", () => {
    expect(atHorizon(shape, 24).fast).toBeCloseTo(1 - Math.log(24) / 10, 12);
    expect(atHorizon(shape, 12).quantiles.short[0]).toBeCloseTo(Math.sqrt(12) * (rows[2]?.[0] ?? 0), 12);
  });
});

it("a window stays sorted while its values are replaced, and names the places that changed", () => {
  const { returns } = walk(400);
  const sorted = returns.slice(0, 50).sort();
  for (let t = 50; t < 400; t++) {
    const before = sorted.slice();
    const [low, high] = replace(sorted, returns[t - 50] ?? 0, returns[t] ?? 0);
    expect(sorted.join()).toBe(
      returns
        .slice(t - 49, t + 1)
        .sort()
        .join(),
    );
    expect(sorted.every((value, i) => value === before[i] || (i >= low && i <= high))).toBe(true);
  }
});

it("weights of every filter sum to 1", () => {
  for (const { weights } of FILTERS) expect(weights.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 12);
});

it("the tail of uniform residuals is where it must be", () => {
  const { returns } = walk(1200);
  let rows = 0;
  tails(
    returns.map((r) => r / 0.005),
    900,
    (_, long, short) => {
      rows += 1;
      // Residuals are uniform in −1 … 1: a twentieth of the losses is beyond 0.9.
      expect(Math.abs(long.var95 - 0.9)).toBeLessThan(0.06);
      expect(Math.abs(short.var95 - 0.9)).toBeLessThan(0.06);
      expect(long.var95 < long.var99 && long.var99 < long.es99 && long.es95 < long.es99).toBe(true);
    },
  );
  expect(rows).toBe(1200 - (90 + 900 - 1));
});
