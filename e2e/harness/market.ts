/** The demo's synthetic market, written once per checkout. */

import { join } from "node:path";
import { withLock } from "../../scripts/lib/lock.mjs";
import { PYTHON, ROOT } from "./paths.js";
import { run } from "./process.js";

const WRITE_MS = 120_000;
const PAIRS = ["ALFA/USDT", "BRVO/USDT", "CRLI/USDT", "DLTA/USDT"];

export interface Market {
  readonly datadir: string;
  readonly pairs: readonly string[];
  /** Twelve days with the crash in them. */
  readonly timerange: string;
  /** Four quiet days, for runs that are repeated many times. More than twice the engine's memory lies before them. */
  readonly shortTimerange: string;
}

/** Test files run at the same time, so only one of them writes. */
export async function syntheticMarket(): Promise<Market> {
  const datadir = join(ROOT, ".cache/e2e/market");
  await withLock(
    join(ROOT, ".cache/e2e/market.lock"),
    () => undefined,
    async () => {
      const done = await run(PYTHON, ["-m", "market", "--out", datadir], {
        cwd: join(ROOT, "demo"),
        env: { PYTHONDONTWRITEBYTECODE: "1" },
        timeout_ms: WRITE_MS,
      });
      if (done.code !== 0) throw new Error(`the market could not be written: ${done.stderr}`);
    },
  );
  return { datadir, pairs: PAIRS, timerange: "20250405-20250417", shortTimerange: "20250320-20250324" };
}

/** Where a backtest of `derivedMarket` begins and ends: the derived 1-minute candles cover these days. */
const DERIVED_TIMERANGE = "20250320-20250322";

export interface DerivedMarket {
  readonly datadir: string;
  /** One has an outage among its candles, one was listed a day before the timerange. */
  readonly spot: readonly string[];
  /** The same prices under names that freqtrade knows leverage tiers of. */
  readonly futures: readonly string[];
  readonly timerange: string;
  /** Its first day, and half of that, for strategies that do much on every candle. */
  readonly day: string;
  readonly halfDay: string;
}

/** Hourly candles, gaps, futures and 1-minute candles made of the synthetic market, once per checkout. */
export async function derivedMarket(): Promise<DerivedMarket> {
  const { datadir: source, pairs } = await syntheticMarket();
  const datadir = join(ROOT, ".cache/e2e/derived");
  const script = join(ROOT, "e2e/harness/derive.py");
  await withLock(
    join(ROOT, ".cache/e2e/derived.lock"),
    () => undefined,
    async () => {
      const done = await run(PYTHON, [script, source, datadir], { timeout_ms: WRITE_MS });
      if (done.code !== 0) throw new Error(`the derived market could not be written: ${done.stderr}`);
    },
  );
  return {
    datadir,
    spot: pairs,
    futures: ["BTC/USDT:USDT", "ETH/USDT:USDT", "SOL/USDT:USDT", "XRP/USDT:USDT"],
    timerange: DERIVED_TIMERANGE,
    day: "20250320-20250321",
    halfDay: `${Date.UTC(2025, 2, 20) / 1000}-${Date.UTC(2025, 2, 20, 12) / 1000}`,
  };
}
