import { describe, expect, it } from "vitest";
import type { DemoOptions } from "../src/options.js";
import { type Inputs, makePlan, type PairCandles, timeframeMs } from "../src/plan.js";
import { formatTime, parseTimeRange } from "../src/timerange.js";

const DAY_MS = 86_400_000;
const M = 990;
const FIRST_MS = Date.UTC(2025, 0, 1);
/** A year of 5m candles. */
const LAST_MS = Date.UTC(2026, 0, 1) - 300_000;

const OPTIONS: DemoOptions = {
  datadir: "/candles",
  pairs: null,
  timeframe: null,
  timerange: null,
  strategy: { file: "/s/mine.py", class_name: "Mine" },
  profile: "aggressive",
  out: "/out",
};

function candles(pair: string, first_ms = FIRST_MS, last_ms = LAST_MS): PairCandles {
  return { pair, rows: (last_ms - first_ms) / 300_000 + 1, first_ms, last_ms };
}

function inputs(pairs: readonly PairCandles[], strategy: Partial<Inputs["strategy"]> = {}): Inputs {
  return {
    strategy: { timeframe: "5m", startup_candles: 30, can_short: false, ...strategy },
    pairs,
    other_timeframes: ["1h"],
  };
}

const TWO = inputs([candles("BTC/USDT"), candles("ETH/USDT"), candles("ETH/BTC")]);

describe("time ranges", () => {
  it.each([
    ["20250901-20251101", Date.UTC(2025, 8, 1), Date.UTC(2025, 10, 1)],
    ["20250901-", Date.UTC(2025, 8, 1), null],
    ["-20250901", null, Date.UTC(2025, 8, 1)],
    ["20250901T0530-20250902T0000", Date.UTC(2025, 8, 1, 5, 30), Date.UTC(2025, 8, 2)],
    ["1756684800-1756771200000", 1_756_684_800_000, 1_756_771_200_000],
  ])("%s", (text, start_ms, stop_ms) => {
    expect(parseTimeRange(text)).toEqual({ start_ms, stop_ms });
  });

  it.each(["", "-", "20250901", "2025-09-01", "20250231-", "20251301-", "yesterday-", "20250901T2500-"])(
    "%j is refused with an example",
    (text) => {
      expect(() => parseTimeRange(text)).toThrow(/e\.g\. 20250901-20251101/);
    },
  );

  it("that end before they start are refused", () => {
    expect(() => parseTimeRange("20251101-20250901")).toThrow(/ends before it starts/);
  });

  it("are written as they are read", () => {
    expect(formatTime(Date.UTC(2025, 8, 1, 5, 30))).toBe("20250901T0530");
  });
});

describe("timeframes", () => {
  it.each([
    ["1m", 60_000],
    ["15m", 900_000],
    ["4h", 14_400_000],
    ["1d", DAY_MS],
  ])("%s", (text, ms) => {
    expect(timeframeMs(text)).toBe(ms);
  });

  it.each(["", "5", "0m", "1M", "5min"])("%j is refused", (text) => {
    expect(() => timeframeMs(text)).toThrow(/is not one the demo can run/);
  });
});

describe("the plan", () => {
  it("takes all pairs quoted in USDT and the last two months", () => {
    expect(makePlan(OPTIONS, TWO, M)).toEqual({
      pairs: ["BTC/USDT", "ETH/USDT"],
      stake_currency: "USDT",
      timeframe: "5m",
      timeframe_ms: 300_000,
      timerange: "20251101T0000-20260101T0000",
      startup_candles: M,
      notes: [],
    });
  });

  it("starts up with as many candles as the strategy wants, if that is more", () => {
    expect(makePlan(OPTIONS, inputs([candles("BTC/USDT")], { startup_candles: 2000 }), M).startup_candles).toBe(2000);
  });

  it("takes the pairs and the range asked for", () => {
    const options = { ...OPTIONS, pairs: ["ETH/BTC"], timerange: "20250301-20250401" };
    expect(makePlan(options, TWO, M)).toMatchObject({
      pairs: ["ETH/BTC"],
      stake_currency: "BTC",
      timerange: "20250301T0000-20250401T0000",
    });
  });

  it("fills open ends: from the first warm midnight, to the end", () => {
    expect(makePlan({ ...OPTIONS, timerange: "-20250301" }, TWO, M).timerange).toBe("20250105T0000-20250301T0000");
    expect(makePlan({ ...OPTIONS, timerange: "20251201-" }, TWO, M).timerange).toBe("20251201T0000-20260101T0000");
  });

  it("takes what there is after the warm-up when that is less than two months", () => {
    const short = inputs([candles("BTC/USDT", FIRST_MS, FIRST_MS + 10 * DAY_MS - 300_000)]);
    expect(makePlan(OPTIONS, short, M).timerange).toBe("20250105T0000-20250111T0000");
    const shorter = inputs([candles("BTC/USDT", FIRST_MS, FIRST_MS + 3.75 * DAY_MS)]);
    expect(makePlan(OPTIONS, shorter, M).timerange).toBe("20250104T1030-20250104T1805");
  });

  it("leaves out pairs that cannot be used when others can, and says so", () => {
    const young = candles("NEW/USDT", Date.UTC(2025, 11, 1));
    const gone = candles("OLD/USDT", FIRST_MS, Date.UTC(2025, 5, 1));
    const plan = makePlan(OPTIONS, inputs([candles("BTC/USDT"), young, gone]), M);
    expect(plan.pairs).toEqual(["BTC/USDT"]);
    expect(plan.notes).toHaveLength(2);
    expect(plan.notes[0]).toMatch(/left out: NEW\/USDT has not enough history before 2025-11-01 00:00/);
    expect(plan.notes[1]).toMatch(/left out: OLD\/USDT has no candles between/);
  });
});

describe("the plan refuses", () => {
  const refusal = (options: Partial<DemoOptions>, given: Inputs): string => {
    try {
      makePlan({ ...OPTIONS, ...options }, given, M);
    } catch (error) {
      return String(error);
    }
    throw new Error("was not refused");
  };

  it("a pair that is not there, naming those that are", () => {
    expect(refusal({ pairs: ["XRP/USDT"] }, TWO)).toMatch(
      /\/candles has no 5m candles of XRP\/USDT; it has BTC\/USDT, ETH\/USDT, ETH\/BTC/,
    );
  });

  it("a folder without that timeframe, naming those it has", () => {
    expect(refusal({}, inputs([]))).toMatch(
      /no 5m spot candles in feather files; there are 1h: choose with --timeframe/,
    );
    expect(refusal({}, { ...inputs([]), other_timeframes: [] })).toMatch(/freqtrade convert-data/);
  });

  it("a folder without USDT pairs, naming what to choose", () => {
    expect(refusal({}, inputs([candles("ETH/BTC")]))).toMatch(/name some of those it has with --pairs: ETH\/BTC/);
  });

  it("a range without data", () => {
    expect(refusal({ pairs: ["BTC/USDT"], timerange: "20200101-20200201" }, TWO)).toMatch(
      /BTC\/USDT has no candles between 2020-01-01 00:00 and 2020-02-01 00:00 UTC; its candles go from 2025-01-01 00:00/,
    );
  });

  it("a range without warm-up, naming the first start there is", () => {
    expect(refusal({ timerange: "20250102-20250201" }, TWO)).toMatch(
      /990 candles of warm-up; .* Start at 2025-01-04 10:30 UTC or later \(--timerange 20250104T1030-\)/,
    );
  });

  it("less history than the warm-up takes", () => {
    const short = inputs([candles("BTC/USDT", FIRST_MS, FIRST_MS + 2 * DAY_MS)]);
    expect(refusal({}, short)).toMatch(/BTC\/USDT has too little history/);
  });

  it("a strategy that goes short", () => {
    expect(refusal({}, inputs([candles("BTC/USDT")], { can_short: true }))).toMatch(/Mine has can_short = True/);
  });
});
