/** A strategy whose frames come from FreqAI, with the model's library in an environment of its own; without a network the test is skipped. */

import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Exchange, startExchange } from "../harness/exchange.js";
import { freqtrade } from "../harness/freqtrade.js";
import { type Journal, readJournals } from "../harness/journal.js";
import { type DerivedMarket, derivedMarket } from "../harness/market.js";
import { PYTHON, ROOT } from "../harness/paths.js";
import { run } from "../harness/process.js";
import { readResult, resultOf, type StrategyResult } from "../harness/result.js";
import { makeUserDir, type UserDir } from "../harness/userdir.js";

const RUN_MS = 600_000;
const INSTALL_MS = 300_000;
const SHIM = join(ROOT, "python-shim/src");

const python = await learnedPython();

/** An environment beside the project's, with what FreqAI needs more; null where it cannot be had. */
async function learnedPython(): Promise<string | null> {
  const folder = join(ROOT, ".cache/freqai");
  const interpreter = join(folder, "bin/python");
  const packages = ["datasieve", "lightgbm", "xgboost-cpu"];
  if (existsSync(join(folder, "ready"))) return interpreter;
  const link = `import sysconfig, pathlib, sys
pathlib.Path(sysconfig.get_path("purelib"), "freqtrade.pth").write_text(sys.argv[1])`;
  const theirs = await run(PYTHON, ["-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], {
    timeout_ms: 10_000,
  });
  for (const [program, args] of [
    [PYTHON, ["-m", "venv", "--clear", folder]],
    [interpreter, ["-c", link, theirs.stdout]],
    [interpreter, ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", ...packages]],
    [interpreter, ["-c", `import pathlib; pathlib.Path(${JSON.stringify(join(folder, "ready"))}).touch()`]],
  ] as const) {
    const done = await run(program, args, { timeout_ms: INSTALL_MS });
    if (done.code === 0) continue;
    process.stdout.write(`skipped: ${packages.join(" and ")} cannot be installed: ${done.stderr.slice(-300)}\n`);
    return null;
  }
  return interpreter;
}

describe.skipIf(python === null)("FreqAI", () => {
  let market: DerivedMarket;
  let exchange: Exchange;
  let user: UserDir;
  let results: Readonly<Record<string, StrategyResult>>;
  let journal: Journal;

  beforeAll(async () => {
    market = await derivedMarket();
    exchange = await startExchange(market.spot);
    user = makeUserDir({
      datadir: market.datadir,
      pairs: market.spot.slice(0, 1),
      exchange: exchange.url,
      config: {
        freqai: {
          enabled: true,
          identifier: "e2e",
          train_period_days: 3,
          backtest_period_days: 1,
          feature_parameters: {
            include_timeframes: ["5m"],
            include_corr_pairlist: [],
            label_period_candles: 12,
            include_shifted_candles: 1,
            indicator_periods_candles: [10, 20],
          },
          data_split_parameters: { test_size: 0.25, random_state: 1 },
          model_training_parameters: { n_estimators: 20, random_state: 1, n_jobs: 1, verbose: -1 },
        },
      },
    });
    const done = await freqtrade("backtesting", {
      user,
      python: python ?? PYTHON,
      env: { PYTHONPATH: SHIM },
      args: [
        ...["--strategy-list", "Learner", "LearnerShadow", "LearnerGated", "--timeframe", "5m"],
        ...["--freqaimodel", "LightGBMRegressor", "--timerange", market.timerange, "--cache", "none"],
      ],
      timeout_ms: RUN_MS,
    });
    expect(done.code, done.stderr.slice(-3000)).toBe(0);
    results = readResult(user.results);
    journal = readJournals(user.journals);
  }, RUN_MS);

  afterAll(async () => {
    user?.remove();
    await exchange?.stop();
  });

  it("the gate changes nothing in shadow mode, and no feature is made of its columns", () => {
    const { trades } = resultOf(results, "Learner");
    expect(trades.length).toBeGreaterThan(5);
    expect(trades.every(({ enter_tag }) => enter_tag === "learned")).toBe(true);
    expect(resultOf(results, "LearnerShadow").trades).toEqual(trades);
  });

  it("gated, each trade was let in at what the gate allowed", () => {
    const words = new Map(
      journal.gates
        .filter(({ session }) => session.includes("LearnerGated"))
        .map((line) => [line.now_ms, line.stake_allowed]),
    );
    const { trades } = resultOf(results, "LearnerGated");
    expect(trades.length).toBeGreaterThan(5);
    for (const trade of trades)
      expect(trade.stake_amount).toBeLessThanOrEqual((words.get(trade.open_timestamp) ?? 0) * 1.000001);
  });
});
