import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { EquitySample } from "../../src/gate/types.js";
import {
  DAY_MS,
  dayBase,
  highWaterMark,
  knownUntil,
  newEquityTrack,
  pushSample,
  RETAIN_MS,
  rebase,
} from "../../src/portfolio/equity.js";

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
  it("is the highest sample of the window that a neighbour reaches, for any samples and any window", () => {
    fc.assert(
      fc.property(hourly, fc.integer({ min: 0, max: 24 * 41 }), (samples, hour) => {
        const since = T0 + hour * HOUR_MS;
        const inside = samples
          .filter(({ equity }, i) =>
            [samples[i - 1], samples[i + 1]].some((next) => next !== undefined && next.equity >= equity),
          )
          .filter((sample) => sample.t_ms >= since)
          .map((sample) => sample.equity);
        const expected = inside.length === 0 ? null : Math.max(...inside);
        expect(highWaterMark(track(samples), since)?.equity ?? null).toBe(expected);
      }),
      { numRuns: 500, seed: 7 },
    );
  });

  it("is never an isolated sample, wherever it stands", () => {
    fc.assert(
      fc.property(hourly, fc.nat(), fc.integer({ min: 51, max: 1000 }), (samples, at, height) => {
        const spiked = samples.map((sample, i) => (i === at % samples.length ? { ...sample, equity: height } : sample));
        expect(highWaterMark(track(spiked), 0)?.equity ?? 0).toBeLessThanOrEqual(50);
      }),
      { numRuns: 500, seed: 7 },
    );
  });

  it("is at once what two samples in a row say", () => {
    const made = track([{ t_ms: T0, equity: 5 }]);
    expect(highWaterMark(made, 0)).toBeNull();
    pushSample(made, { t_ms: T0 + HOUR_MS, equity: 9 });
    expect(highWaterMark(made, 0)?.equity).toBe(5);
    pushSample(made, { t_ms: T0 + 2 * HOUR_MS, equity: 8.9 });
    expect(highWaterMark(made, 0)).toEqual({ t_ms: T0 + 2 * HOUR_MS, equity: 8.9 });
  });

  it("keeps the highest of an hour with its time", () => {
    const made = track([
      { t_ms: T0, equity: 5 },
      { t_ms: T0 + 1, equity: 9 },
      { t_ms: T0 + 2, equity: 9 },
      { t_ms: T0 + 3, equity: 8 },
    ]);
    expect(highWaterMark(made, T0)).toEqual({ t_ms: T0 + 2, equity: 9 });
    expect(highWaterMark(made, T0 + 3)).toBeNull();
  });

  it("ignores samples out of order and numbers that are none", () => {
    const made = track([
      { t_ms: T0 + 5, equity: 5 },
      { t_ms: T0 + 5, equity: 50 },
      { t_ms: T0 + 4, equity: 50 },
      { t_ms: Number.NaN, equity: 50 },
      { t_ms: T0 + 6, equity: Number.POSITIVE_INFINITY },
    ]);
    expect(highWaterMark(made, 0)).toBeNull();
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

describe("a history begun anew", () => {
  it("knows nothing before, whatever is sent again", () => {
    fc.assert(
      fc.property(hourly, fc.integer({ min: 0, max: 24 * 41 }), (samples, hour) => {
        const at_ms = T0 + hour * HOUR_MS;
        const made = track(samples.filter((sample) => sample.t_ms <= at_ms));
        rebase(made, at_ms);
        expect([highWaterMark(made, 0), dayBase(made, at_ms), knownUntil(made)]).toEqual([null, null, at_ms]);
        for (const sample of samples) pushSample(made, sample);
        const later = track(samples.filter((sample) => sample.t_ms > at_ms));
        expect({ ...made, since_ms: 0 }).toEqual(later);
      }),
      { numRuns: 200, seed: 7 },
    );
  });
});

describe("day base", () => {
  it("is the last sample at or before midnight if the bot was on the day before, else the first of the day", () => {
    fc.assert(
      fc.property(hourly, fc.integer({ min: 0, max: 24 * 41 }), (samples, hour) => {
        const last = samples.at(-1)?.t_ms ?? 0;
        const now = Math.max(last, T0 + hour * HOUR_MS);
        const midnight = Math.floor(now / DAY_MS) * DAY_MS;
        const before = samples.filter(({ t_ms }) => t_ms <= midnight && t_ms >= midnight - 25 * HOUR_MS).at(-1);
        const first = samples.find(({ t_ms }) => t_ms > midnight);
        expect(dayBase(track(samples), now)).toEqual(before ?? first ?? null);
      }),
      { numRuns: 500, seed: 7 },
    );
  });

  it("is nothing without samples", () => {
    expect(dayBase(newEquityTrack(), T0)).toBeNull();
  });
});
