import { describe, expect, it } from "vitest";
import { readBacktest } from "../../src/replay/read/backtest.js";
import { readCandles, slice } from "../../src/replay/read/candles.js";
import type { PairSeries } from "../../src/replay/run/series.js";
import { pairSeries } from "../../src/replay/run/series.js";
import { DATADIR, replayOf, SPOT } from "./fixture.js";

const M5 = 300_000;
const source = { datadir: DATADIR, trading_mode: "spot", timeframe: "5m", timeframe_ms: M5 } as const;

async function seriesOf(max_points: number): Promise<PairSeries[]> {
  const backtest = await readBacktest(SPOT, { strategy: "FixtureDip" });
  const taken: PairSeries[] = [];
  await replayOf(backtest, [], DATADIR, { max_points, take: (series) => taken.push(series) });
  return taken;
}

describe("the points of a price chart", () => {
  it("are the candles themselves from the start of the backtest on, when they suffice", async () => {
    const backtest = await readBacktest(SPOT, { strategy: "FixtureDip" });
    const [series] = await seriesOf(1_000_000);
    const candles = await readCandles(series?.pair ?? "", source);
    const from = candles.t_ms.indexOf(backtest.start_ms);
    const part = slice(candles, from, from + (series?.close.length ?? 0));
    expect(series).toMatchObject({ candles_per_bucket: 1, step_ms: M5, from_ms: backtest.start_ms });
    expect(series?.close).toEqual(Float32Array.from(part.close));
    expect(series?.high).toEqual(Float32Array.from(part.high));
    expect(series?.low).toEqual(Float32Array.from(part.low));
    expect(Math.min(...(series?.size ?? []))).toBeLessThan(1);
  });

  it("keep the extremes of what they draw together, for all pairs within one limit", async () => {
    const [fine, coarse] = [await seriesOf(1_000_000), await seriesOf(200)];
    expect(coarse.reduce((sum, { close }) => sum + close.length, 0)).toBeLessThanOrEqual(200);
    coarse.forEach((series, index) => {
      const whole = fine[index];
      expect(series.candles_per_bucket).toBeGreaterThan(1);
      expect(Math.max(...series.high)).toBe(Math.max(...(whole?.high ?? [])));
      expect(Math.min(...series.low)).toBe(Math.min(...(whole?.low ?? [])));
      expect(Math.min(...series.size)).toBe(Math.min(...(whole?.size ?? [])));
      expect(series.close.at(-1)).toBe(whole?.close.at(-1));
    });
  });

  it("take no verdict from candles before the engine is warm", async () => {
    const candles = slice(await readCandles("ALFA/USDT", source), 0, 5);
    const series = pairSeries(
      "ALFA/USDT",
      candles,
      { size: [0, 0, 1, 0.5, 1], adverse_long: [Number.NaN, Number.NaN, 1, 2, 3], adverse_short: [1, 1, 1, 1, 1] },
      { first_row: 0, timeframe_ms: M5, max_buckets: 3 },
    );
    expect([...series.size]).toEqual([Number.NaN, 0.5, 1]);
    expect([...series.adverse_long]).toEqual([Number.NaN, 2, 3]);
  });
});
