import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { run } from "../../src/cli/calibrate.js";
import { run as replay } from "../../src/cli/replay.js";
import { UsageError } from "../../src/cli/usage.js";
import { adverseCoverage } from "../../src/replay/calibrate/adverse.js";
import { levelOf, movedTo, tally } from "../../src/replay/calibrate/jumps.js";
import { overlap } from "../../src/replay/calibrate/params.js";
import { type Calibration, CalibrationSchema } from "../../src/replay/calibrate/result.js";
import { timerange } from "../../src/replay/calibrate/timerange.js";
import { neededCandles, walkForward } from "../../src/replay/calibrate/windows.js";
import { ReplayInputError } from "../../src/replay/read/error.js";
import { Compile } from "../../src/typebox.js";
import { calmMarket } from "./calm_market.js";
import { commandRuns } from "./command.js";
import { DATADIR, SPOT } from "./fixture.js";

const M5 = 300_000;
const START = Date.UTC(2025, 0, 1);

describe("walk-forward", () => {
  const span = { from_ms: 0, to_ms: 10_000 * M5 };

  it("never judges on a candle that shares history with one that was chosen on, or twice on the same", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 20 }),
        fc.integer({ min: 0, max: 2000 }),
        fc.nat(20_000),
        (windows, embargo, spare) => {
          const to_ms = (neededCandles(windows, embargo) + spare) * M5;
          const layout = walkForward({ from_ms: 0, to_ms }, M5, windows, embargo);
          if (layout === null) throw new Error("long enough, and refused");
          expect(layout.splits).toHaveLength(windows);
          layout.splits.forEach(({ train, test }, index) => {
            expect(train.from_ms).toBeGreaterThanOrEqual(0);
            expect(test.from_ms - train.to_ms).toBe(embargo * M5);
            expect(test.from_ms).toBe(layout.splits[index - 1]?.test.to_ms ?? test.from_ms);
          });
          expect(layout.splits.at(-1)?.test.to_ms).toBe(to_ms);
        },
      ),
    );
  });

  it("needs exactly as many candles as it says", () => {
    const needed = neededCandles(5, 1038);
    expect(walkForward({ from_ms: 0, to_ms: needed * M5 }, M5, 5, 1038)).not.toBeNull();
    expect(walkForward({ from_ms: 0, to_ms: (needed - 1) * M5 }, M5, 5, 1038)).toBeNull();
    expect(walkForward(span, M5, 5, 1038)?.train_candles).toBe(3 * 1120);
  });
});

describe("shares of jumps", () => {
  const rule = { measure: "jump", from: 4, to: 8, min_size: 0.25, deny_above: 8 };

  it("counts above the level, not at it; what is not known is let through", () => {
    expect(tally(Float64Array.of(Number.NaN, 0, 4, 4.01, 8, 8.01), rule)).toEqual({ count: 6, affected: 3, denied: 1 });
    expect(tally(new Float64Array(), rule)).toEqual({ count: 0, affected: 0, denied: 0 });
  });

  it("finds the level that exactly the wanted share lies above", () => {
    const jumps = Float64Array.from({ length: 100 }, (_, i) => i + 1);
    expect(levelOf(jumps, 0.1)).toBe(90.5);
    expect(tally(jumps, movedTo(rule, levelOf(jumps, 0.1) ?? 0)).affected).toBe(10);
    expect(levelOf(Float64Array.of(...jumps, ...new Array(100).fill(Number.NaN)), 0.1)).toBe(80.5);
  });

  it("finds none where too few jumps are known", () => {
    expect(levelOf(Float64Array.of(1, 2, Number.NaN, Number.NaN), 0.5)).toBeNull();
    expect(levelOf(new Float64Array(100), 0.1)).toBeNull();
    expect(levelOf(new Float64Array(), 0.1)).toBeNull();
  });

  it("moves all levels of a rule together, and keeps the ramp a ramp", () => {
    expect(movedTo(rule, 5)).toEqual({ ...rule, from: 5, to: 10, deny_above: 10 });
    expect(movedTo({ ...rule, deny_above: null }, 0.001)).toEqual({ ...rule, from: 0, to: 0.01, deny_above: null });
  });
});

it("counts how often the worst move went beyond its forecast, overlapping and apart", () => {
  // Every fourth candle falls to 90 within, all close at 100: of a horizon of 2, two entries in four see it.
  const rows = 42;
  const low = Float64Array.from({ length: rows }, (_, i) => (i % 4 === 3 ? 90 : 100));
  const flat = new Float64Array(rows).fill(100);
  const candles = { rows, t_ms: flat, open: flat, high: flat, low, close: flat, volume: flat };
  const settings = { adverse_horizon_candles: 2, adverse_quantile: 0.95 };
  const forecast = (level: number) => new Float64Array(rows).fill(level);
  const range = { from: 0, to: rows };
  expect(adverseCoverage("long", forecast(0.1), candles, range, settings)).toMatchObject({
    forecasts: 40,
    exceeded: 20,
    apart: { forecasts: 20, exceeded: 10 },
  });
  // ln(100/90) = 0.10536
  expect(adverseCoverage("long", forecast(0.1054), candles, range, settings).exceeded).toBe(0);
  expect(adverseCoverage("short", forecast(1e-9), candles, range, settings).exceeded).toBe(0);
  expect(adverseCoverage("long", forecast(Number.NaN), candles, range, settings)).toMatchObject({
    forecasts: 0,
    apart: { kupiec_p: null },
  });
});

it("reads time ranges as freqtrade writes them", () => {
  expect(timerange("20250101-20250102")).toEqual({ from_ms: START, to_ms: START + 86_400_000 });
  expect(timerange("1735689600-")).toEqual({ from_ms: START, to_ms: Number.POSITIVE_INFINITY });
  expect(timerange("-1735689600000").to_ms).toBe(START);
  for (const wrong of ["2025", "20250102-20250101", "20250101-20250101", "20251399-", "a-b", ""])
    expect(() => timerange(wrong)).toThrow(ReplayInputError);
});

describe("talebridge calibrate", () => {
  const ROWS = 9000;
  const ran = commandRuns();

  function market(name: string, candles: readonly (readonly number[])[]): void {
    writeFileSync(join(ran.folder, name), JSON.stringify(candles));
  }

  async function calibrated(...args: string[]): Promise<{ found: Calibration; bytes: string }> {
    const path = join(ran.folder, "figures");
    expect(await run(["--datadir", ran.folder, "--json", path, "--quiet", ...args])).toBe(0);
    const bytes = readFileSync(path, "utf8");
    return { found: JSON.parse(bytes), bytes };
  }

  it("finds on a market of independent normal returns the levels that theory gives, and the forecasts right", async () => {
    market("AAA_USDT-5m.json", calmMarket(1, ROWS, START));
    market("BBB_USDT-5m.json", calmMarket(2, ROWS, START));
    const { found, bytes } = await calibrated("--timeframe", "5m");
    expect(Compile(CalibrationSchema).Check(found)).toBe(true);
    expect((await calibrated("--timeframe", "5m")).bytes).toBe(bytes);
    expect(found.source.pairs.map(({ pair, judged, filled }) => [pair, judged, filled])).toEqual([
      ["AAA/USDT", ROWS - 990, 0],
      ["BBB/USDT", ROWS - 990, 0],
    ]);
    // J is |z| over the root of E|z||z'| = 2/π. The share beyond is 3.9 % from |z| = 2.0643 on, 1.6 % from 2.4089 on.
    const theory = { conservative: 2.0643, aggressive: 2.4089, extreme: 2.4089 };
    for (const { profile, suggested, spread, rule } of found.profiles) {
      const level = theory[profile] / Math.sqrt(2 / Math.PI);
      expect(Math.abs((spread?.from.median ?? 0) / level - 1)).toBeLessThan(0.06);
      expect(suggested?.rule.to).toBeCloseTo(((suggested?.rule.from ?? 0) * rule.to) / rule.from, 1);
    }
    for (const { level, exceedances, expected, kupiec_p } of found.coverage) {
      expect([level, Math.abs(exceedances / expected - 1) < 0.25, kupiec_p > 0.005]).toEqual([level, true, true]);
    }
    // Rules of three profiles, each as it is and as chosen in five windows.
    expect(found.gates_tried).toBe(18);
    expect(found.basis).toBe("candles");
    const last = found.walk_forward.splits.at(-1);
    expect(found.hold_out).toEqual(last?.test);
    expect(found.walk_forward.embargo_candles).toBe(990 + 48);
    expect(found.looked_at.to_ms).toBe(found.hold_out.from_ms);
  });

  it("says it in words, and writes settings that a replay takes, with the number of gates tried", async () => {
    market("AAA_USDT-5m.json", calmMarket(3, ROWS, START));
    const params = join(ran.folder, "params");
    const args = ["--datadir", ran.folder, "--timeframe", "5m", "--set", "window_set=compact"];
    expect(await run([...args, "--params-out", params, "--profile", "conservative"])).toBe(0);
    expect(ran.stdout.join("")).toMatch(/AAA\/USDT, candles +\d\.\d\s%/);
    expect(ran.stdout.join("")).toContain("what has been looked at cannot judge them");
    const written = JSON.parse(readFileSync(params, "utf8"));
    expect(written.risk_bridge).toMatchObject({ profile: "conservative", window_set: "compact" });
    expect(written.talebridge_calibration.hold_out_timerange).toMatch(/^\d{10}-\d{10}$/);
    const figures = join(ran.folder, "replay");
    const of_fixture = [SPOT, "--strategy", "FixtureDip", "--datadir", DATADIR, "--params", params, "--quiet"];
    expect(await replay([...of_fixture, "--json", figures])).toBe(0);
    const result = JSON.parse(readFileSync(figures, "utf8"));
    expect(result.gate.settings.rules).toEqual(written.risk_bridge.rules);
    expect(result.selection?.gates_tried ?? 18).toBe(written.talebridge_calibration.gates_tried);
    expect(result.notes).toEqual([]);
  });

  it("warns when a replay is of candles the settings were chosen on", () => {
    const [looked_at, hold_out] = [
      { from_ms: 100, to_ms: 200 },
      { from_ms: 200, to_ms: 300 },
    ];
    const note = { looked_at, hold_out, hold_out_timerange: "1-2", gates_tried: 18, basis: "candles", read_this: "" };
    expect(overlap(note, hold_out)).toBeNull();
    expect(overlap(note, { from_ms: 0, to_ms: 100 })).toBeNull();
    expect(overlap(note, { from_ms: 199, to_ms: 300 })).toContain("--timerange 1-2");
  });

  /** Trades that know nothing of jumps: one every so many candles. */
  function backtest(every: number): string {
    const trades = Array.from({ length: Math.floor((ROWS - 1000) / every) }, (_, i) => {
      const open_timestamp = START + (1000 + i * every) * M5;
      const prices = { open_rate: 100, close_rate: 100, min_rate: 100, max_rate: 100 };
      const money = { stake_amount: 100, amount: 1, profit_abs: 0, profit_ratio: 0 };
      return { pair: "AAA/USDT", ...prices, ...money, open_timestamp, close_timestamp: open_timestamp + M5 };
    });
    const time = { timeframe: "5m", backtest_start_ts: START + 999 * M5, backtest_end_ts: START + (ROWS - 1) * M5 };
    const strategy = { Every: { ...time, trades, stake_currency: "USDT", starting_balance: 1000 } };
    const path = join(ran.folder, "backtest.json");
    writeFileSync(path, JSON.stringify({ strategy }));
    return path;
  }

  it("chooses by a backtest's entries where every train stretch has enough of them", async () => {
    market("AAA_USDT-5m.json", calmMarket(4, ROWS, START));
    const { found } = await calibrated("--backtest", backtest(8), "--windows", "3");
    expect(found.source.backtest).toMatchObject({ strategy: "Every", entries: 1000 });
    expect(found.basis).toBe("entries");
    const [conservative, aggressive] = found.profiles;
    // A share of 21 % lies beyond |z| = 1.2536, of 12.5 % beyond 1.5341.
    expect((conservative?.spread?.from.median ?? 0) * Math.sqrt(2 / Math.PI)).toBeCloseTo(1.2536, 0.7);
    expect((aggressive?.spread?.from.median ?? 0) * Math.sqrt(2 / Math.PI)).toBeCloseTo(1.5341, 0.7);
    for (const { train } of aggressive?.windows ?? [])
      expect(Math.abs(train.affected / train.count - 0.125)).toBeLessThan(0.01);
    // It begins with the backtest: nothing is chosen by candles on which nobody could enter.
    expect(found.source.range.from_ms).toBe(START + 999 * M5);
  });

  it("chooses by candles where entries are few, and says why", async () => {
    market("AAA_USDT-5m.json", calmMarket(4, ROWS, START));
    const { found } = await calibrated("--backtest", backtest(100));
    expect([found.basis, found.basis_why]).toEqual(["candles", expect.stringContaining("fewer than 100")]);
    expect(found.profiles[0]?.entries?.count).toBe(80);
  });

  it("says how many candles are needed when there are too few for the windows", async () => {
    market("AAA_USDT-5m.json", calmMarket(1, 4000, START));
    await expect(calibrated("--timeframe", "5m")).rejects.toThrow(
      "3010 candles of 5m can be judged, too few for 5 windows with an embargo of 1038 candles: 4428 are needed",
    );
  });

  it.each([
    [["--timeframe", "5m"], /No 5m candles of spot pairs in .*download-data/],
    [["--timeframe", "7x"], /timeframe "7x" is not supported/],
    [["--timeframe", "5m", "--pairs", "ZZZ/USDT"], /No candles for ZZZ\/USDT/],
    [["--timeframe", "5m", "--pairs", "ZZZ/USDT", "--timerange", "tomorrow"], /"tomorrow": write it as freqtrade does/],
  ])("names what is missing: %j", async (args, message) => {
    await expect(run(["--datadir", ran.folder, ...args])).rejects.toThrow(ReplayInputError);
    await expect(run(["--datadir", ran.folder, ...args])).rejects.toThrow(message);
  });

  it.each([
    [["--timeframe", "5m", "--windows", "1"], "from 2 to 20"],
    [["--timeframe", "5m", "--windows", "2.5"], "from 2 to 20"],
    [["--timeframe", "5m", "--profile", "extreme"], "--params-out"],
    [["--timeframe", "5m", "--profile", "bold", "--params-out", "x"], "choose conservative, aggressive, extreme"],
    [["--timeframe", "5m", "--trading-mode", "margin"], "choose spot or futures"],
    [["--timeframe", "5m", "--pairs", ","], "with commas"],
    [["--timeframe", "5m", "--set", "rules=[]"], "leave `rules` out"],
    [["--timeframe", "5m", "--set", "adverse_quantile=2"], "adverse_quantile"],
    [[], "give --timeframe"],
  ])("refuses what makes no sense: %j", async (args, message) => {
    market("AAA_USDT-5m.json", calmMarket(1, 10, START));
    await expect(run(["--datadir", ran.folder, ...args])).rejects.toThrow(UsageError);
    await expect(run(["--datadir", ran.folder, ...args])).rejects.toThrow(message);
  });

  it("points to the other trading mode when the candles are there", async () => {
    mkdirSync(join(ran.folder, "futures"));
    market("futures/AAA_USDT_USDT-5m-futures.json", calmMarket(1, 10, START));
    await expect(run(["--datadir", ran.folder, "--timeframe", "5m"])).rejects.toThrow("--trading-mode futures");
  });

  it("refuses what is too short or full of gaps when it was named, leaves it out when it was found", async () => {
    const whole = calmMarket(1, ROWS, START);
    market("AAA_USDT-5m.json", whole);
    market("BBB_USDT-5m.json", whole.slice(0, 990));
    market(
      "CCC_USDT-5m.json",
      whole.filter((_, row) => row < 2000 || row >= 2600),
    );
    market(
      "DDD_USDT-5m.json",
      whole.filter((_, row) => row !== 4000 && row !== 4001),
    );
    await expect(calibrated("--timeframe", "5m", "--pairs", "BBB/USDT")).rejects.toThrow("none can be judged");
    await expect(calibrated("--timeframe", "5m", "--pairs", "CCC/USDT")).rejects.toThrow(
      /600 of 9000 candles of 5m are missing, up to 600 in a row/,
    );
    const { found } = await calibrated("--timeframe", "5m");
    expect(found.source.left_out.map(({ pair }) => pair)).toEqual(["BBB/USDT", "CCC/USDT"]);
    expect(found.source.pairs.map(({ pair, filled, longest_gap }) => [pair, filled, longest_gap])).toEqual([
      ["AAA/USDT", 0, 0],
      ["DDD/USDT", 2, 2],
    ]);
  });
});
