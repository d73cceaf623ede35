/** Exports as the releases of freqtrade wrote them (fixtures/make.py --exports, run by each of them) on the same candles. */
import { readdirSync, readFileSync } from "node:fs";
import { unzipSync } from "fflate";
import { describe, expect, it } from "vitest";
import { readBacktest, TRIED_RELEASES } from "../../src/replay/read/backtest.js";
import { fixture, replayOf } from "./fixture.js";

const FILES = readdirSync(fixture(".")).flatMap((file) => {
  const match = /^(spot|futures|detail)-(\d{4}\.\d{1,2})\.(zip|json)$/.exec(file);
  return match === null ? [] : [{ file, what: match[1] ?? "", release: match[2] ?? "", form: match[3] ?? "" }];
});
const STRATEGIES: Readonly<Record<string, readonly string[]>> = {
  spot: ["FixtureDip", "FixtureDca"],
  futures: ["FixtureShort"],
  detail: ["FixtureDip"],
};
const CASES = FILES.flatMap((one) => (STRATEGIES[one.what] ?? []).map((strategy) => ({ ...one, strategy })));

it("has a fixture of every release that is called tried, and calls tried every release it has", () => {
  expect([...new Set(FILES.map(({ release }) => release))].sort()).toEqual([...TRIED_RELEASES].sort());
  // Zip since 2024.12, bare JSON before.
  for (const { release, form } of FILES)
    expect([release, form]).toEqual([release, release < "2024.12" ? "json" : "zip"]);
});

describe.each(CASES)("$strategy in $file", ({ file, strategy, what, form }) => {
  it("is read whole, and adds up to freqtrade's own totals", async () => {
    const read = await readBacktest(fixture(file), { strategy });
    expect(read.trades.length).toBeGreaterThan(10);
    const sum = read.trades.reduce((total, { profit_abs }) => total + profit_abs, 0);
    expect(sum).toBeCloseTo(read.own.profit_total_abs ?? Number.NaN, 6);
    expect(read.trades.every((trade) => trade.has_orders)).toBe(true);
    expect(read.trading_mode).toBe(what === "futures" ? "futures" : "spot");
    expect(read.timeframe_detail).toBe(what === "detail" ? "1m" : "");
    expect(read.risk_bridge === null).toBe(form === "json");
  });

  it("is replayed: the account as it ran is freqtrade's, and the gate changes it", async () => {
    const read = await readBacktest(fixture(file), { strategy });
    const result = await replayOf(read, ["profile=conservative", "window_set=compact"]);
    const { checks, counts, source } = result;
    expect(checks.profit.ours).toBeCloseTo(checks.profit.freqtrade ?? Number.NaN, 6);
    expect(checks.drawdown_closed.ours).toBeCloseTo(checks.drawdown_closed.freqtrade ?? Number.NaN, 6);
    expect(counts.entries).toBeGreaterThanOrEqual(source.trades);
    expect(counts.reduced + counts.denied).toBeGreaterThan(0);
    expect(source.forced_exits).toBe(what === "futures" ? 1 : 0);
  });
});

describe("the releases", () => {
  it.each(STRATEGIES.spot ?? [])("agree on the trades of %s, and so does the gate", async (strategy) => {
    const replays = await Promise.all(
      FILES.filter(({ what }) => what === "spot").map(async ({ file }) =>
        replayOf(await readBacktest(fixture(file), { strategy }), ["profile=conservative", "window_set=compact"]),
      ),
    );
    const entries = (at: number) =>
      replays[at]?.entries.map(({ pair, at_ms, decision, reason }) => [pair, at_ms, decision, reason]);
    expect(replays.length).toBe(TRIED_RELEASES.length);
    for (const [at, { with: gated }] of replays.entries()) {
      expect(entries(at)).toEqual(entries(0));
      // They round amounts differently.
      expect(Math.abs(gated.profit_abs / (replays[0]?.with.profit_abs ?? Number.NaN) - 1)).toBeLessThan(0.01);
    }
  });

  it.each(FILES.filter(({ what, form }) => what === "spot" && form === "zip"))(
    "write pickled signals into $file, which are read past",
    async ({ file }) => {
      const names = Object.keys(unzipSync(readFileSync(fixture(file))));
      expect(names.filter((name) => name.endsWith(".pkl")).length).toBeGreaterThanOrEqual(2);
      expect((await readBacktest(fixture(file), { strategy: "FixtureDip" })).trades.length).toBe(29);
    },
  );
});
