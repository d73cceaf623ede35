import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { loadEngine } from "../../src/engine/engine.js";
import { type ReadResult, readBacktest } from "../../src/replay/read/backtest.js";
import { type ReplayInput, replay } from "../../src/replay/run/replay.js";
import type { ReplayResult } from "../../src/replay/run/result.js";
import { replaySettings } from "../../src/replay/settings.js";

export const engine = loadEngine();
export const SPOT = fixture("spot-2026.9.zip");
export const FUTURES = fixture("futures-2026.9.zip");
export const DATADIR = fixture("data");

export interface Expected {
  readonly candles: Record<
    string,
    { unit: string; rows: number; first_ms: number; last_ms: number; last: number[]; close_sum: number }
  >;
  readonly cleaning: { raw: number[][]; clean: number[][] };
  readonly drawdown: { start: number; profits: number[]; abs: number; ratio: number }[];
}
/** What freqtrade and pandas say, written by fixtures/make.py. */
export const expected: Expected = JSON.parse(readFileSync(fixture("golden/expected.json"), "utf8"));

export function fixture(name: string): string {
  return fileURLToPath(new URL(`./fixtures/${name}`, import.meta.url));
}

export const CASES = [
  { name: "spot", path: SPOT, strategy: "FixtureDip" },
  { name: "spot with scale-ins and partial exits", path: SPOT, strategy: "FixtureDca" },
  { name: "futures with shorts and leverage", path: FUTURES, strategy: "FixtureShort" },
] as const;

export async function replayOf(
  backtest: ReadResult,
  assignments: readonly string[] = [],
  datadir = DATADIR,
  charts?: ReplayInput["charts"],
): Promise<ReplayResult> {
  const sources = { exported: backtest.risk_bridge, file: null, profile: null, assignments };
  const { resolution, from } = replaySettings(sources, backtest.timeframe_ms / 1000, engine);
  if (!resolution.ok) throw new Error(JSON.stringify(resolution.violations));
  return replay({
    backtest,
    datadir,
    resolved: resolution,
    settings_from: from,
    engine,
    software: { talebridge: "0.0.0", node: "0.0.0" },
    ...(charts === undefined ? {} : { charts }),
  });
}

export async function replayCase(
  case_: { readonly path: string; readonly strategy: string },
  assignments: readonly string[] = [],
): Promise<ReplayResult> {
  return replayOf(await readBacktest(case_.path, { strategy: case_.strategy }), assignments);
}
