import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { candlesHash, readCandles, slice, toBlock } from "../../src/replay/read/candles.js";
import type { ReplayResult } from "../../src/replay/run/result.js";
import { CASES, DATADIR, engine, replayCase, SPOT } from "./fixture.js";

const source = { datadir: DATADIR, trading_mode: "spot", timeframe: "5m", timeframe_ms: 300_000 } as const;

describe("what a replay was made from", () => {
  it("is told by the hash of the backtest and of every pair's candles", async () => {
    const { source: told } = await replayCase(CASES[0]);
    expect(told.file_sha256).toBe(createHash("sha256").update(readFileSync(SPOT)).digest("hex"));
    for (const { pair, rows, from_ms, sha256 } of told.candles) {
      const candles = await readCandles(pair, source);
      const from = candles.t_ms.indexOf(from_ms);
      const used = slice(candles, from, from + rows);
      expect(sha256).toBe(candlesHash(used));
      const volume = used.volume.slice();
      volume[rows - 1] = (volume[rows - 1] ?? 0) + 1e-9;
      expect(candlesHash({ ...used, volume })).not.toBe(sha256);
    }
  });
});

describe("what is said of an entry's signal candle", () => {
  it("is what the engine says of it", async () => {
    const result = await replayCase(CASES[0]);
    const known = result.entries.filter(({ measures }) => measures.sigma_rank !== null);
    expect(known.length).toBeGreaterThan(10);
    const [{ pair, candle_open_ms, measures }] = known as [ReplayResult["entries"][number]];
    const candles = await readCandles(pair, source);
    const upTo = slice(candles, 0, candles.t_ms.indexOf(candle_open_ms ?? 0) + 1);
    const { settings } = result.gate;
    const window_set = Reflect.get(settings as object, "window_set");
    const params = { profile: "conservative", window_set, timeframe_s: 300 } as const;
    const annotated = await engine.annotate(params, toBlock(upTo), upTo.rows);
    if (!annotated.ok) throw new Error(annotated.message);
    const last = (name: string): number => {
      const at = engine.columns.findIndex((column) => column.name === name);
      return Math.fround(annotated.block.readDoubleLE(((at + 1) * upTo.rows - 1) * 8));
    };
    expect(measures).toEqual({
      sigma_rank: last("risk_sigma_rank"),
      es99: last("risk_es99_long"),
      adverse_quantile: last("risk_adverse_q_long"),
    });
  });
});
