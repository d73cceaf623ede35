/**
 * The drawdown breaker trips when the account is worth that much less and not earlier: checked against the account made anew from freqtrade's own trade
 * table and candles. Beside it freqtrade's MaxDrawdown protection with the same limit, on the same strategy.
 */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import Type, { type Static } from "typebox";
import { Compile } from "typebox/compile";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Exchange, startExchange } from "./harness/exchange.js";
import { freqtrade } from "./harness/freqtrade.js";
import { type Market, syntheticMarket } from "./harness/market.js";
import { PYTHON, ROOT } from "./harness/paths.js";
import { run } from "./harness/process.js";
import { makeUserDir, type UserDir } from "./harness/userdir.js";

const RUN_MS = 240_000;
/** MAX_DRAWDOWN of e2e/strategies/breaker.py. */
const LIMIT = 0.04;
const HOUR_MS = 3_600_000;
/** Three weeks, the crash in the middle. */
const TIMERANGE = "20250325-20250417";

const Lock = Type.Object({
  at_ms: Type.Number(),
  reason: Type.String(),
  drawdown: Type.Number(),
  worst: Type.Number(),
});
const Report = Type.Object({
  gated: Type.Object({
    samples: Type.Number(),
    error: Type.Number(),
    times: Type.Array(Type.Number()),
    questions: Type.Array(
      Type.Object({
        at_ms: Type.Number(),
        drawdown: Type.Number(),
        passed: Type.Boolean(),
        denied: Type.Boolean(),
        told: Type.Union([Type.Number(), Type.Null()]),
      }),
    ),
  }),
  ratios: Type.Union([Lock, Type.Null()]),
  equity: Type.Union([Lock, Type.Null()]),
});
const check = Compile(Report);

let market: Market;
let exchange: Exchange;
let user: UserDir;
let report: Static<typeof Report>;

beforeAll(async () => {
  market = await syntheticMarket();
  exchange = await startExchange(market.pairs);
  user = makeUserDir({
    datadir: market.datadir,
    pairs: market.pairs,
    exchange: exchange.url,
    config: { stake_amount: 2000 },
  });
  const strategies = ["BreakerGated", "BreakerRatios", "BreakerEquity"];
  const of = ["--strategy-list", ...strategies, "--timerange", TIMERANGE];
  const done = await freqtrade("backtesting", {
    user,
    args: [...of, "--timeframe", "5m", "--enable-protections", "--cache", "none", "--export", "trades"],
    timeout_ms: RUN_MS,
  });
  expect(done.code, done.stderr.slice(-4000)).toBe(0);
  const zip = readdirSync(user.results).find((name) => name.endsWith(".zip"));
  const script = join(ROOT, "e2e/harness/recompute.py");
  const args = [script, join(user.results, zip ?? ""), market.datadir, user.journals, String(LIMIT)];
  const recomputed = await run(PYTHON, args, { timeout_ms: RUN_MS });
  expect(recomputed.code, recomputed.stderr.slice(-4000)).toBe(0);
  const read: unknown = JSON.parse(recomputed.stdout);
  if (!check.Check(read)) throw new Error(JSON.stringify(check.Errors(read).slice(0, 3)));
  report = read;
}, RUN_MS);

afterAll(async () => {
  user?.remove();
  await exchange?.stop();
});

describe("the drawdown breaker in a real backtest", () => {
  it("sees the account that freqtrade's trade table and candles give, every hour at least", () => {
    expect(report.gated.samples).toBeGreaterThan(200);
    expect(report.gated.error).toBeLessThan(1e-6);
    const hours = new Set(report.gated.times.map((t_ms) => Math.floor(t_ms / HOUR_MS)));
    const [first, last] = [Math.min(...hours), Math.max(...hours)];
    expect(hours.size).toBe(last - first + 1);
  });

  it("denies exactly the questions at which the recomputed drawdown is above the limit", () => {
    const { questions } = report.gated;
    expect(questions.filter(({ passed, denied }) => passed !== denied)).toEqual([]);
    const denied = questions.filter((question) => question.denied);
    expect(denied.length).toBeGreaterThan(0);
    for (const { told, drawdown } of denied) expect(told).toBeCloseTo(drawdown, 6);
    const first = questions.findIndex((question) => question.denied);
    expect(first).toBeGreaterThan(10);
    for (const { drawdown } of questions.slice(0, first)) expect(drawdown).toBeLessThanOrEqual(LIMIT);
  });

  it("freqtrade's protection with that limit stops a far healthier account, by ratios, or a sicker one, by closed trades", () => {
    const tripped_ms = report.gated.questions.find((question) => question.denied)?.at_ms ?? Number.NaN;
    const { ratios, equity } = report;
    if (ratios === null || equity === null) throw new Error("a protection never locked");
    expect(ratios.at_ms).toBeLessThan(tripped_ms);
    expect(ratios.worst).toBeLessThan(0.75 * LIMIT);
    expect(equity.at_ms).toBeGreaterThan(tripped_ms);
    expect(equity.drawdown).toBeGreaterThan(LIMIT);
  });
});
