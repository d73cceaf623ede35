/** The liquidation guard in a real futures backtest: freqtrade's own leverage tiers, both directions. */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Exchange, startExchange } from "./harness/exchange.js";
import { freqtrade } from "./harness/freqtrade.js";
import { derivedMarket } from "./harness/market.js";
import { comparable, readResult, resultOf, type StrategyResult, type Trade, walletOf } from "./harness/result.js";
import { makeUserDir, type UserDir } from "./harness/userdir.js";

const RUN_MS = 180_000;
const GUARD = 3;
const WANTED = 20;

interface Line {
  readonly type: string;
  readonly session: string;
  readonly pair: string;
  readonly side: "long" | "short";
  readonly stage: string;
  readonly candle_open_ms: number;
  readonly now_ms: number;
  readonly stake: number;
  readonly leverage: number;
  readonly decision: string;
  readonly would: string;
  readonly facts: readonly (number | null)[];
  readonly caps: readonly { readonly reason: string; readonly stake: number }[];
}

let exchange: Exchange;
let user: UserDir;
let results: Readonly<Record<string, StrategyResult>>;
let lines: readonly Line[];

beforeAll(async () => {
  const market = await derivedMarket();
  exchange = await startExchange(market.futures);
  user = makeUserDir({
    datadir: market.datadir,
    pairs: market.futures,
    exchange: exchange.url,
    config: { trading_mode: "futures", margin_mode: "isolated", stake_amount: 500 },
  });
  const done = await freqtrade("backtesting", {
    user,
    args: [
      ...["--strategy-list", "Levered", "LeveredGuarded", "LeveredShadow", "LeveredVerdict", "LeveredOff"],
      ...["--timeframe", "5m", "--timerange", market.timerange, "--cache", "none", "--export", "trades"],
    ],
    timeout_ms: RUN_MS,
  });
  expect(done.code, done.stderr.slice(-4000)).toBe(0);
  results = readResult(user.results);
  lines = readdirSync(user.journals)
    .flatMap((name) => readFileSync(join(user.journals, name), "utf8").trim().split("\n"))
    .map((text): Line => JSON.parse(text))
    .filter(({ type }) => type === "gate");
}, RUN_MS);

afterAll(async () => {
  user?.remove();
  await exchange?.stop();
});

const tradesOf = (strategy: string): readonly Trade[] => resultOf(results, strategy).trades;
const sessionsInOrder = () => [...new Set(lines.map(({ session }) => session))];
const linesOf = (strategy: string) =>
  lines.filter(
    ({ session }) =>
      session === sessionsInOrder()[["LeveredGuarded", "LeveredShadow", "LeveredVerdict"].indexOf(strategy)],
  );

/** How far the price may go at a leverage, by freqtrade's formula, as a multiple of the adverse excursion told in the question. */
function timesTheExcursion({ side, stake, facts }: Line, leverage: number): number {
  const [, , , , adverse, rate, amount, buffer] = facts.map(Number);
  if (adverse === undefined || rate === undefined || amount === undefined || buffer === undefined) return Number.NaN;
  const sign = side === "long" ? 1 : -1;
  const value = stake * leverage;
  const price = (stake + amount - sign * value) / (value * rate - sign * value);
  return ((1 - buffer) * Math.abs(1 - price)) / (side === "long" ? -Math.expm1(-adverse) : Math.expm1(adverse));
}

describe("a futures backtest under the liquidation guard", () => {
  it("has longs and shorts at less than the strategy's leverage, as whole numbers, and never below one", () => {
    const guarded = tradesOf("LeveredGuarded");
    expect(tradesOf("Levered").every(({ leverage }) => leverage === WANTED)).toBe(true);
    expect(guarded.filter(({ is_short }) => is_short).length).toBeGreaterThan(5);
    expect(guarded.filter(({ is_short }) => !is_short).length).toBeGreaterThan(5);
    for (const { leverage } of guarded) {
      expect(Number.isInteger(leverage)).toBe(true);
      expect(leverage).toBeGreaterThanOrEqual(1);
      expect(leverage).toBeLessThanOrEqual(WANTED);
    }
    expect(new Set(guarded.map(({ leverage }) => leverage)).size).toBeGreaterThan(2);
  });

  it("cuts as far as is needed and no farther: one more would be nearer than the guard", () => {
    const asked = linesOf("LeveredGuarded");
    expect(asked.length).toBeGreaterThan(20);
    for (const line of asked) {
      const cut = line.leverage < WANTED;
      expect(line.facts.length).toBe(cut ? 9 : 8);
      if (cut) expect(line.facts[8]).toBe(WANTED);
      expect(line.caps.map(({ reason }) => reason)).toEqual(cut ? ["liquidation"] : []);
      if (line.leverage > 1) expect(timesTheExcursion(line, line.leverage)).toBeGreaterThanOrEqual(GUARD);
      if (cut) expect(timesTheExcursion(line, line.leverage + 1)).toBeLessThan(GUARD);
      expect(line.decision).toBe("allow");
    }
  });

  it("gives each trade the leverage that was asked about", () => {
    const asked = new Map(linesOf("LeveredGuarded").map((line) => [`${line.pair}|${line.side}|${line.now_ms}`, line]));
    for (const { pair, is_short, open_timestamp, leverage } of tradesOf("LeveredGuarded")) {
      expect(asked.get(`${pair}|${is_short ? "short" : "long"}|${open_timestamp}`)?.leverage).toBe(leverage);
    }
  });

  it("takes the entries that a guard without the cut would deny", () => {
    const denied = linesOf("LeveredGuarded").filter((line) => timesTheExcursion(line, WANTED) < GUARD);
    expect(denied.length).toBeGreaterThan(20);
  });

  it("cuts and tells the same when its frames have no more columns than are read", () => {
    expect(comparable(resultOf(results, "LeveredVerdict"))).toEqual(comparable(resultOf(results, "LeveredGuarded")));
    const told = (strategy: string) =>
      linesOf(strategy).map(({ pair, side, stage, now_ms, stake, leverage, decision, facts, caps }) =>
        JSON.stringify([pair, side, stage, now_ms, stake, leverage, decision, facts, caps]),
      );
    expect(told("LeveredVerdict")).toEqual(told("LeveredGuarded"));
  });

  it("leaves everything alone in mode off", () => {
    expect(comparable(resultOf(results, "LeveredOff"))).toEqual(comparable(resultOf(results, "Levered")));
    expect(walletOf(user.results, "LeveredOff").equals(walletOf(user.results, "Levered"))).toBe(true);
  });

  it("leaves shadow mode's trades alone, and records what it would have cut", () => {
    expect(comparable(resultOf(results, "LeveredShadow"))).toEqual(comparable(resultOf(results, "Levered")));
    const first = linesOf("LeveredShadow").find(({ leverage }) => leverage < WANTED);
    expect(first?.facts[8]).toBe(WANTED);
    const key = (line: Line) => `${line.pair}|${line.side}|${line.candle_open_ms}`;
    const enforced = new Map(linesOf("LeveredGuarded").map((line) => [key(line), line.leverage]));
    const both = linesOf("LeveredShadow").filter((line) => enforced.has(key(line)));
    expect(both.length).toBeGreaterThan(20);
    for (const line of both) expect(line.leverage).toBe(enforced.get(key(line)));
  });
});
