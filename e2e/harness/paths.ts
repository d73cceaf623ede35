/** Where the parts under test are. */

import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

/** The repository's root. */
export const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
/** Entry point of the daemon's command line. */
export const DAEMON_JS = join(ROOT, "bridge/dist/main.js");
/** Command line of the loopback exchange stub. */
export const STUB_JS = join(ROOT, "demo/dist/stub-cli.js");
/** The Python environment with freqtrade and the shim. */
export const PYTHON = join(ROOT, ".venv/bin/python");
/** Strategies written for these tests. */
export const TEST_STRATEGIES = join(ROOT, "e2e/strategies");
/** Strategies shipped to users. */
export const SAMPLE_STRATEGIES = join(ROOT, "strategies");

/** Folder with real candles, or null when there is none: tests that need it are skipped and say so. */
export function realCandles(): string | null {
  const dir = resolve(ROOT, process.env.TALEBRIDGE_DATADIR ?? "../shared/data/binance");
  return existsSync(join(dir, "BTC_USDT-5m.feather")) ? dir : null;
}
