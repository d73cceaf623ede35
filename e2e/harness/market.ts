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
