import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { strToU8, zipSync } from "fflate";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Entries } from "../src/entries.js";
import { backtestArguments, cleanEnvironment, configuration, strategyFile } from "../src/freqtrade.js";
import { adverseExcursion, type Backtest, latestResult, readBacktest, type Trade } from "../src/result.js";
import { checkGated } from "../src/run.js";
import { jsonLine, percent, table } from "../src/summary.js";

const TRADE: Trade = {
  pair: "ALFA/USDT",
  stake_amount: 1000,
  open_rate: 100,
  min_rate: 95,
  max_rate: 102,
  is_short: false,
};

function backtest(trades: readonly Trade[], profit_ratio = 0.01): Backtest {
  return { file: "/r.zip", trades, profit_ratio, max_drawdown: 0.02, start: "a", end: "b" };
}

function entries(counts: Partial<Entries> = {}): Entries {
  return { asked: 4, allowed: 2, reduced: 1, denied: 1, reasons: new Map([["jump", 2]]), ...counts };
}

describe("adverse excursion", () => {
  it("is the depth below a long's entry, on average and by stake", () => {
    const half = { ...TRADE, stake_amount: 500, min_rate: 90 };
    const depth = adverseExcursion([TRADE, half]);
    expect(depth?.mean).toBeCloseTo(0.075, 12);
    expect(depth?.on_stake).toBeCloseTo((0.05 * 1000 + 0.1 * 500) / 1500, 12);
  });

  it("is the height above a short's entry", () => {
    expect(adverseExcursion([{ ...TRADE, is_short: true }])?.mean).toBeCloseTo(0.02, 12);
  });

  it("is nothing for a trade that never went against its entry or has no rates", () => {
    expect(adverseExcursion([{ ...TRADE, min_rate: 101 }])?.mean).toBe(0);
    expect(adverseExcursion([{ ...TRADE, min_rate: null }])?.mean).toBe(0);
    expect(adverseExcursion([])).toBeNull();
  });
});

describe("the summary", () => {
  it("shows both runs side by side and why entries were stopped", () => {
    const text = table(backtest([TRADE, TRADE]), backtest([TRADE], -0.005), entries());
    expect(text.split("\n")).toEqual([
      "                                    without gate     with gate",
      "trades                                         2             1",
      "profit                                    1.00 %       -0.50 %",
      "max drawdown (closed trades)              2.00 %        2.00 %",
      "average adverse excursion                 5.00 %        5.00 %",
      "… weighted by stake                       5.00 %        5.00 %",
      "",
      "entries asked                                  4",
      "  allowed in full                              2       50.00 %",
      "  reduced                                      1       25.00 %",
      "  denied                                       1       25.00 %",
      "    because of jump                            2       50.00 %",
    ]);
  });

  it("has no shares of nothing", () => {
    const none = entries({ asked: 0, allowed: 0, reduced: 0, denied: 0, reasons: new Map() });
    expect(table(backtest([]), backtest([]), none)).not.toMatch(/NaN/);
    expect(percent(undefined)).toBe("–");
  });

  it("ends in one line of JSON with exactly the promised keys", () => {
    const line = jsonLine(backtest([TRADE, TRADE]), backtest([TRADE]), entries(), "/report.html", {
      setup: 12.345,
      total: 67.89,
    });
    expect(line).not.toContain("\n");
    expect(JSON.parse(line)).toEqual({
      ungated: { trades: 2, profit_ratio: 0.01, max_drawdown: 0.02 },
      gated: { trades: 1, profit_ratio: 0.01, max_drawdown: 0.02 },
      entries: { asked: 4, allowed: 2, reduced: 1, denied: 1 },
      reasons: { jump: 2 },
      report: "/report.html",
      seconds: { setup: 12.3, total: 67.9 },
    });
  });
});

describe("a gated run", () => {
  it("with more trades than entries that passed is an error", () => {
    expect(() => checkGated(backtest([TRADE, TRADE, TRADE]), entries())).not.toThrow();
    expect(() => checkGated(backtest([TRADE, TRADE, TRADE, TRADE]), entries())).toThrow(/some were not gated/);
  });
});

describe("freqtrade's result", () => {
  let directory: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "talebridge-result-"));
  });

  afterEach(() => {
    rmSync(directory, { recursive: true, force: true });
  });

  function zip(content: unknown): string {
    const file = join(directory, "backtest-result-1.zip");
    const bytes = zipSync({
      "backtest-result-1_config.json": strToU8('{"strategy":{}}'),
      "backtest-result-1_Mine.py": strToU8("class Mine: ..."),
      "backtest-result-1.json": strToU8(JSON.stringify(content)),
    });
    writeFileSync(file, bytes);
    return file;
  }

  const result = {
    total_trades: 1,
    profit_total: 0.034,
    max_drawdown_account: 0.012,
    backtest_start: "2025-03-01 00:00:00",
    backtest_end: "2025-04-30 23:55:00",
    trades: [{ ...TRADE, profit_abs: 3 }],
  };

  it("is found by freqtrade's own pointer", () => {
    writeFileSync(join(directory, ".last_result.json"), '{"latest_backtest":"backtest-result-1.zip"}');
    expect(latestResult(directory)).toBe(join(directory, "backtest-result-1.zip"));
    writeFileSync(join(directory, ".last_result.json"), "{}");
    expect(() => latestResult(directory)).toThrow(/names no result/);
  });

  it("is read from the zip", () => {
    const file = zip({ strategy: { Mine: result } });
    expect(readBacktest(file, "Mine")).toMatchObject({ profit_ratio: 0.034, max_drawdown: 0.012, trades: [TRADE] });
  });

  it.each([
    ["of another strategy", { strategy: { Other: result } }],
    ["without the figures", { strategy: { Mine: { ...result, profit_total: null } } }],
    ["without strategies", {}],
  ])("%s is an error that names the file", (_, content) => {
    expect(() => readBacktest(zip(content), "Mine")).toThrow(/backtest-result-1\.zip holds no result of Mine/);
  });
});

describe("what freqtrade is given", () => {
  const plan = {
    pairs: ["ALFA/USDT", "BRVO/USDT"],
    stake_currency: "USDT",
    timeframe: "5m",
    timeframe_ms: 300_000,
    timerange: "20250301-20250501",
    startup_candles: 990,
    notes: [],
  };

  it("is the same configuration for both runs but for the gate's mode", () => {
    const [off, on] = (["off", "enforce"] as const).map((mode) =>
      configuration(plan, "http://127.0.0.1:1", "extreme", mode),
    );
    expect({ ...off, risk_bridge: null }).toEqual({ ...on, risk_bridge: null });
    expect(off?.risk_bridge).toEqual({ profile: "extreme", mode: "off", autostart: "off" });
    expect(on?.risk_bridge).toEqual({ profile: "extreme", mode: "enforce", autostart: "off" });
  });

  it("knows no address but this machine's", () => {
    const text = JSON.stringify(configuration(plan, "http://127.0.0.1:1", "extreme", "off"));
    expect(text.match(/\w+:\/\/[^/"]+/g)?.every((url) => url === "http://127.0.0.1:1")).toBe(true);
  });

  it("is a file with the user's class name, whatever the path", () => {
    const text = strategyFile({ file: '/a "b"\\c/mine.py', class_name: "Mine" }, 990, "/demo");
    expect(text).toContain(String.raw`load_class("/a \"b\"\\c/mine.py", "Mine")`);
    expect(text).toContain("class Mine(_UserStrategy):\n    startup_candle_count = 990\n");
  });

  it("never takes a cached result", () => {
    const names = { config: "c", userdir: "u", datadir: "d", strategies: "s", class_name: "Mine", results: "r" };
    const args = backtestArguments({ ...names, timerange: "t" });
    expect(args.join(" ")).toContain("--cache none --export trades");
  });

  it("has no settings of the caller's in its environment", () => {
    const env = {
      PATH: "/bin",
      FREQTRADE__STAKE_AMOUNT: "5",
      TALEBRIDGE_DIR: "/x",
      https_proxy: "http://p",
      NO_PROXY: "y",
    };
    const clean = cleanEnvironment(env, { TALEBRIDGE_DIR: "/mine" });
    expect(clean).toMatchObject({ PATH: "/bin", TALEBRIDGE_DIR: "/mine" });
    expect(Object.keys(clean).filter((name) => /proxy|FREQTRADE/i.test(name))).toEqual([]);
  });
});
