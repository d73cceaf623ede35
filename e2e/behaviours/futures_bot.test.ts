/** A bot in dry-run on futures: both sides, leverage, and a market pair that is not on its list. */

import { afterAll, beforeAll, expect, it } from "vitest";
import { type Bot, type Stage, setStage } from "../harness/bot.js";

const RUN_MS = 180_000;
const [MARKET, ETH, SOL, XRP] = ["BTC/USDT:USDT", "ETH/USDT:USDT", "SOL/USDT:USDT", "XRP/USDT:USDT"] as const;
const LEVERAGE = 3;

let stage: Stage;
let bot: Bot;

beforeAll(async () => {
  stage = await setStage({
    markets: [MARKET, ETH, SOL, XRP],
    pairs: [ETH, SOL, XRP],
    strategy: "PuppetFutures",
    risk_bridge: {
      market_pair: MARKET,
      limits: { max_gross_exposure: 2, max_pair_exposure: 0.6, max_side_positions: 1 },
    },
    config: { stake_amount: "unlimited", max_open_trades: 4 },
  });
  bot = stage.bot;
}, RUN_MS);

afterAll(() => stage?.stop());

const words = (pair: string) => stage.words(pair);

it("a long and a short: asked about by side, with their leverage, and told as positions", async () => {
  bot.pull({ enter: { [ETH]: "long" } });
  const long = await bot.wait("the long", async () => (await bot.open()).get(ETH));
  bot.pull({ enter: { [SOL]: "short" } });
  const short = await bot.wait("the short", async () => (await bot.open()).get(SOL));
  expect([long, short].map(({ is_short, leverage }) => [is_short, leverage])).toEqual([
    [false, LEVERAGE],
    [true, LEVERAGE],
  ]);
  // A pair's exposure is stake times leverage: 2,475 × 3 of 10,000 where 0.6 is the most.
  for (const [pair, side, trade] of [
    [ETH, "long", long],
    [SOL, "short", short],
  ] as const) {
    const [word] = words(pair);
    expect(word).toMatchObject({ side, leverage: LEVERAGE, decision: "reduce", reason: "exposure_pair" });
    expect(word?.stake_allowed).toBeCloseTo(2000, -1);
    expect(trade.stake_amount).toBeLessThanOrEqual((word?.stake_allowed ?? 0) * 1.000001);
  }
  bot.pull({});
});

it("a second short is denied where a side may have one", async () => {
  const answer = await bot.call("POST", "forceenter", { pair: XRP, side: "short", leverage: 2, stakeamount: 20 });
  expect(answer.status).toBe(502);
  expect(words(XRP).at(-1)).toMatchObject({ side: "short", leverage: 2, reason: "side_positions" });
  expect(stage.positions().map(([pair, side, , leverage]) => [pair, side, leverage])).toEqual([
    [ETH, "long", LEVERAGE],
    [SOL, "short", LEVERAGE],
  ]);
});

it("the market pair is loaded for the gate alone, and every pair is measured against it", async () => {
  const { body } = await bot.call("GET", `pair_candles?pair=${encodeURIComponent(ETH)}&timeframe=1m&limit=3`);
  expect(body).toMatchObject({ columns: expect.arrayContaining(["risk_market_n", "risk_size"]) });
  const { columns, data } = body as { columns: string[]; data: (number | null)[][] };
  for (const row of data) {
    expect(row[columns.indexOf("risk_market_n")]).toBeGreaterThan(200);
    expect(row[columns.indexOf("risk_size")]).toBeGreaterThan(0);
  }
});

it("draws its measures in FreqUI", async () => {
  const { body } = await bot.call("GET", "plot_config");
  expect(JSON.stringify(body)).toContain("risk_");
});

it("leaves at once when told to, whatever the gate thinks", async () => {
  await stage.daemon.crash();
  bot.pull({ exit: [ETH, SOL] });
  await bot.wait("both gone", async () => (await bot.open()).size === 0 || undefined);
});

it("draws what it denies for want of a bridge", async () => {
  await bot.loops(2);
  const { body } = await bot.call("GET", `pair_candles?pair=${encodeURIComponent(XRP)}&timeframe=1m`);
  const { annotations } = body as { annotations: { label?: string }[] };
  expect(annotations.map(({ label }) => label)).toEqual(["entries denied: unavailable"]);
});
