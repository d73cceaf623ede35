/** What a replay is to be run with: settings and candles, or a sentence on what is missing. */
import { existsSync, readFileSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import type { Engine } from "../engine/types.js";
import type { ReadResult } from "../replay/read/backtest.js";
import type { Resolved } from "../replay/run/market.js";
import { AssignmentError, replaySettings, type SettingSources } from "../replay/settings.js";
import { listViolations, UsageError } from "./usage.js";

const MAX_SETTINGS_BYTES = 1 << 20;

/** @throws UsageError that lists every violation */
export function resolveOrRefuse(
  sources: SettingSources,
  backtest: ReadResult,
  engine: Engine,
): { readonly resolved: Resolved; readonly from: readonly string[] } {
  try {
    const { resolution, from } = replaySettings(sources, backtest.timeframe_ms / 1000, engine);
    if (resolution.ok) return { resolved: resolution, from };
    throw new UsageError(
      `the settings (from ${from.join(", then ")}) are not valid:\n${listViolations(resolution.violations)}`,
    );
  } catch (error) {
    if (error instanceof AssignmentError) throw new UsageError(error.message);
    throw error;
  }
}

/** @throws UsageError when there is no such directory */
export function chooseDatadir(given: string | undefined, backtest: ReadResult): string {
  if (given !== undefined) {
    if (isDirectory(given)) return given;
    throw new UsageError(`--datadir ${given} is not a directory; give the one with freqtrade's candles`);
  }
  const usual = join("user_data", "data", basename(backtest.exchange ?? ""));
  if (backtest.exchange !== null && isDirectory(usual)) return usual;
  throw new UsageError(
    `give the directory with the backtest's candles with --datadir${backtest.exchange === null ? "" : ` (${usual} does not exist here)`}`,
  );
}

/** @throws UsageError when it is no JSON file of a sensible size */
export function readSettings(path: string): { name: string; content: unknown } {
  try {
    if (statSync(path).size > MAX_SETTINGS_BYTES) throw new Error(`it has more than ${MAX_SETTINGS_BYTES} bytes`);
    return { name: basename(path), content: JSON.parse(readFileSync(path, "utf8")) };
  } catch (error) {
    throw new UsageError(`--params ${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}

export function isDirectory(path: string): boolean {
  return existsSync(path) && statSync(path).isDirectory();
}
