import { describe, expect, it } from "vitest";
import { readBacktest } from "../../src/replay/read/backtest.js";
import { readCandles, slice, toBlock } from "../../src/replay/read/candles.js";
import { loadMarket } from "../../src/replay/run/market.js";
import { replaySettings } from "../../src/replay/settings.js";
import { CASES, DATADIR, engine, replayCase, SPOT } from "./fixture.js";

const M5 = 300_000;
const source = { datadir: DATADIR, trading_mode: "spot", timeframe: "5m", timeframe_ms: M5 } as const;

async function market() {
  const backtest = await readBacktest(SPOT, { strategy: "FixtureDip" });
  const sources = { exported: backtest.risk_bridge, file: null, profile: null, assignments: [] };
  const { resolution } = replaySettings(sources, 300, engine);
  if (!resolution.ok) throw new Error("the fixture's settings do not resolve");
  return {
    backtest,
    resolved: resolution,
    loaded: await loadMarket("ALFA/USDT", source, backtest, resolution, engine),
  };
}

describe("no entry sees a candle that has not closed", () => {
  it("judges by the last closed candle, at every offset within a candle", async () => {
    const { backtest, loaded } = await market();
    const open_ms = backtest.start_ms + 40 * M5;
    for (const offset of [0, 1, 60_000, M5 - 1]) {
      expect(loaded.verdictAt(open_ms + offset)?.candle_open_ms).toBe(open_ms - M5);
    }
  });

  it("gives the verdict that history up to that candle alone gives", async () => {
    const { backtest, resolved, loaded } = await market();
    const candles = await readCandles("ALFA/USDT", source);
    const cut = { jump: 0, other: 0 };
    for (let at = backtest.start_ms + M5; at < backtest.end_ms; at += 3 * M5) {
      const known = slice(candles, 0, candles.t_ms.indexOf(at));
      const result = await engine.annotate(resolved.params, toBlock(known), known.rows);
      if (!result.ok) throw new Error(result.message);
      const last = (name: string): number => {
        const column = engine.columns.findIndex((spec) => spec.name === name);
        return result.block.readDoubleLE(((column + 1) * known.rows - 1) * 8);
      };
      expect(loaded.verdictAt(at)).toEqual({
        candle_open_ms: at - M5,
        size: last("risk_size"),
        reason: last("risk_reason"),
        value: last("risk_value"),
      });
      cut[last("risk_size") < 1 ? "jump" : "other"] += 1;
    }
    expect(cut.jump).toBeGreaterThan(3);
    expect(cut.other).toBeGreaterThan(100);
  });

  it("values positions at the close before, the wallet's coins at the open", async () => {
    const { backtest, loaded } = await market();
    const candles = await readCandles("ALFA/USDT", source);
    const at = backtest.start_ms + 40 * M5;
    const row = candles.t_ms.indexOf(at);
    expect(loaded.closeAt(at)).toBe(candles.close[row - 1]);
    expect(loaded.openAt(at)).toBe(candles.open[row]);
    expect(loaded.closeAt(loaded.first_ms)).toBeNaN();
    expect(loaded.verdictAt(loaded.first_ms)).toBeNull();
  });

  it.each(CASES)("in $name", async (case_) => {
    const { timeframe_ms } = await readBacktest(case_.path, { strategy: case_.strategy });
    for (const entry of (await replayCase(case_)).entries) {
      expect(entry.candle_open_ms).toBe(entry.at_ms - timeframe_ms);
    }
  });
});
