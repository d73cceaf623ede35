import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { EquitySample } from "../../src/gate/types.js";
import { DAY_MS, dayBase, highWaterMark, newEquityTrack, pushSample, RETAIN_MS } from "../../src/portfolio/equity.js";

const HOUR_MS = 3_600_000;
const T0 = 20_000 * DAY_MS;

function track(samples: readonly EquitySample[]) {
  const made = newEquityTrack();
  for (const sample of samples) pushSample(made, sample);
  return made;
}

/** Samples at most one an hour, so that merging hours loses nothing. */
const hourly = fc
  .uniqueArray(fc.integer({ min: 0, max: 24 * 40 }), { minLength: 1, maxLength: 60 })
  .chain((hours) =>
    fc
      .array(fc.integer({ min: 1, max: 50 }), { minLength: hours.length, maxLength: hours.length })
      .map((levels) =>
        hours.sort((a, b) => a - b).map((hour, i) => ({ t_ms: T0 + hour * HOUR_MS, equity: levels[i] ?? 1 })),
      ),
  );

describe("high-water mark", () => {
  it("is the maximum of the window, for any samples and any window", () => {
    fc.assert(
      fc.property(hourly, fc.integer({ min: 0, max: 24 * 41 }), (samples, hour) => {
        const since = T0 + hour * HOUR_MS;
        const inside = samples.filter((sample) => sample.t_ms >= since).map((sample) => sample.equity);
        const expected = inside.length === 0 ? null : Math.max(...inside);
        expect(highWaterMark(track(samples), since)?.equity ?? null).toBe(expected);
      }),
      { numRuns: 500, seed: 7 },
    );
  });

  it("keeps the highest of an hour with its time", () => {
    const made = track([
      { t_ms: T0, equity: 5 },
      { t_ms: T0 + 1, equity: 9 },
      { t_ms: T0 + 2, equity: 8 },
    ]);
    expect(highWaterMark(made, T0)).toEqual({ t_ms: T0 + 1, equity: 9 });
    expect(highWaterMark(made, T0 + 2)).toBeNull();
  });

  it("ignores samples out of order and numbers that are none", () => {
    const made = track([
      { t_ms: T0 + 5, equity: 5 },
      { t_ms: T0 + 5, equity: 50 },
      { t_ms: T0 + 4, equity: 50 },
      { t_ms: Number.NaN, equity: 50 },
      { t_ms: T0 + 6, equity: Number.POSITIVE_INFINITY },
    ]);
    expect(highWaterMark(made, 0)?.equity).toBe(5);
    expect(made.last).toEqual({ t_ms: T0 + 5, equity: 5 });
  });

  it("is bounded, whatever is sent", () => {
    const made = newEquityTrack();
    // Ever lower, every ten minutes for two years: nothing can be dropped for being lower.
    const steps = 2 * 365 * 144;
    for (let i = 0; i < steps; i++) pushSample(made, { t_ms: T0 + i * 600_000, equity: steps - i });
    expect(made.peaks.length).toBeLessThanOrEqual(24 * 366 + 1);
    expect(made.peaks.length).toBeGreaterThan(24 * 365);
    const newest = T0 + (steps - 1) * 600_000;
    expect(made.peaks[0]?.t_ms).toBeGreaterThanOrEqual(newest - RETAIN_MS);
  });
});

describe("day base", () => {
  it("is the last sample at or before midnight, else the first of the day", () => {
    fc.assert(
      fc.property(hourly, fc.integer({ min: 0, max: 24 * 41 }), (samples, hour) => {
        const last = samples.at(-1)?.t_ms ?? 0;
        const now = Math.max(last, T0 + hour * HOUR_MS);
        const midnight = Math.floor(now / DAY_MS) * DAY_MS;
        const before = samples.filter((sample) => sample.t_ms <= midnight).at(-1);
        expect(dayBase(track(samples), now)).toEqual(before ?? samples[0]);
      }),
      { numRuns: 500, seed: 7 },
    );
  });

  it("is nothing without samples", () => {
    expect(dayBase(newEquityTrack(), T0)).toBeNull();
  });
});
