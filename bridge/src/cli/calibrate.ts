/** `talebridge calibrate`: what the profiles do to a user's own candles, and rules chosen by share, walk-forward. */
import { parseArgs } from "node:util";
import { isRecord } from "../config/check.js";
import { PROFILE_NAMES, type Profile } from "../config/profiles.js";
import { loadEngine } from "../engine/engine.js";
import type { Engine } from "../engine/types.js";
import { calibrate } from "../replay/calibrate/calibrate.js";
import { pairsOf } from "../replay/calibrate/pairs.js";
import { paramsFile } from "../replay/calibrate/params.js";
import { calibrationText } from "../replay/calibrate/text.js";
import { timerange } from "../replay/calibrate/timerange.js";
import type { Range } from "../replay/calibrate/windows.js";
import { type ReadResult, readBacktest } from "../replay/read/backtest.js";
import { timeframeMs } from "../replay/read/timeframe.js";
import type { Resolved } from "../replay/run/market.js";
import { AssignmentError, givenSettings, resolveGiven } from "../replay/settings.js";
import { VERSION } from "../version.js";
import { requireWritable, writeWhole } from "./replay_outputs.js";
import { Progress } from "./replay_progress.js";
import { chooseDatadir, isDirectory, readSettings } from "./replay_sources.js";
import { EXIT, listViolations, UsageError } from "./usage.js";

export const usage = `talebridge calibrate --datadir DIR --timeframe 5m [--pairs BTC/USDT,…] [--trading-mode spot|futures] [--timerange 20250101-] [--windows N]
                     [--backtest RESULT.zip [--strategy NAME]] [--params FILE] [--set KEY=VALUE]…
                     [--json FILE] [--params-out FILE --profile NAME] [--quiet]
  Shows what each profile does to your candles, whether the forecasts hold on them, and rules that touch the profile's nominal share, chosen walk-forward.
  --datadir     freqtrade's data directory; with --backtest by default user_data/data/<exchange of the backtest>
  --timeframe   of the strategy; --pairs: default all that have such candles; both by default those of --backtest
  --backtest    a finished backtest: shares are then of its entries, too, and rules are chosen by them where it has enough
  --windows     how many times to choose and to judge, 2 to 20 (default 5)
  --params      JSON file with a risk_bridge block, --set single settings: window_set, adverse_horizon_candles, adverse_quantile
  --json        writes every figure (talebridge schema --calibration); --params-out: a block for replay --params, of --profile (default aggressive)
  --quiet       no summary, no progress`;

export const options = {
  datadir: { type: "string" },
  timeframe: { type: "string" },
  pairs: { type: "string" },
  "trading-mode": { type: "string" },
  timerange: { type: "string" },
  windows: { type: "string" },
  backtest: { type: "string" },
  strategy: { type: "string" },
  params: { type: "string" },
  set: { type: "string", multiple: true },
  json: { type: "string" },
  "params-out": { type: "string" },
  profile: { type: "string" },
  quiet: { type: "boolean" },
} as const;

const DEFAULT_WINDOWS = 5;
const MAX_WINDOWS = 20;

type Values = ReturnType<typeof parse>;

function parse(argv: readonly string[]) {
  return parseArgs({ args: [...argv], options }).values;
}

export async function run(argv: readonly string[]): Promise<number> {
  const values = parse(argv);
  const profile = profileOf(values);
  requireWritable({ json: values.json, params: values["params-out"] });
  const progress = new Progress(values.quiet === true);
  const backtest =
    values.backtest === undefined ? null : await readBacktest(values.backtest, { strategy: values.strategy });
  const source = sourceOf(values, backtest);
  const engine = loadEngine();
  const given = givenOf(values);
  const named = values.pairs !== undefined;
  const found = await calibrate({
    pairs: named ? namedPairs(values.pairs ?? "") : backtest === null ? await pairsOf(source) : pairsOfTrades(backtest),
    named,
    source,
    range: rangeOf(values, backtest),
    windows: windowsOf(values),
    resolved: resolvedOf(given.settings, source.timeframe_ms / 1000, engine),
    settings_from: given.from,
    backtest,
    engine,
    software: { talebridge: VERSION, node: process.versions.node },
    progress: (done, total) => progress.step("candles", done, total),
  });
  progress.end();
  if (values.json !== undefined) writeWhole(values.json, `${JSON.stringify(found)}\n`);
  if (values["params-out"] !== undefined) writeWhole(values["params-out"], paramsFile(found, profile, given.settings));
  if (values.quiet !== true) process.stdout.write(`${calibrationText(found)}\n`);
  return EXIT.ok;
}

function profileOf({ profile = "aggressive", "params-out": out }: Values): Profile {
  const known = PROFILE_NAMES.find((name) => name === profile);
  if (known === undefined) throw new UsageError(`--profile ${profile}: choose ${PROFILE_NAMES.join(", ")}`);
  if (out === undefined && known !== "aggressive") {
    throw new UsageError("--profile chooses what --params-out writes; every profile is shown anyway");
  }
  return known;
}

function windowsOf({ windows }: Values): number {
  const count = Number(windows ?? DEFAULT_WINDOWS);
  if (Number.isInteger(count) && count >= 2 && count <= MAX_WINDOWS) return count;
  throw new UsageError(`--windows ${windows}: give a whole number from 2 to ${MAX_WINDOWS}`);
}

function sourceOf(values: Values, backtest: ReadResult | null) {
  const timeframe = values.timeframe ?? backtest?.timeframe;
  if (timeframe === undefined) throw new UsageError("give --timeframe, e.g. --timeframe 5m, or --backtest");
  if (backtest !== null && timeframe !== backtest.timeframe) {
    throw new UsageError(`--timeframe ${timeframe}: the backtest is of ${backtest.timeframe}, leave it out`);
  }
  const trading_mode = values["trading-mode"] ?? backtest?.trading_mode ?? "spot";
  if (trading_mode !== "spot" && trading_mode !== "futures") {
    throw new UsageError(`--trading-mode ${trading_mode}: choose spot or futures`);
  }
  return {
    datadir: datadirOf(values, backtest),
    trading_mode,
    timeframe,
    timeframe_ms: timeframeMs(timeframe),
  } as const;
}

/** Where there are no entries there is nothing to choose by: with a backtest it is the backtest's own time. */
function rangeOf({ timerange: given }: Values, backtest: ReadResult | null): Range {
  if (given !== undefined) return timerange(given);
  if (backtest === null) return timerange("-");
  return { from_ms: backtest.start_ms, to_ms: backtest.end_ms + backtest.timeframe_ms };
}

function datadirOf({ datadir }: Values, backtest: ReadResult | null): string {
  if (backtest !== null) return chooseDatadir(datadir, backtest);
  if (datadir === undefined) {
    throw new UsageError("give freqtrade's data directory with --datadir, e.g. user_data/data/binance");
  }
  if (!isDirectory(datadir)) {
    throw new UsageError(`--datadir ${datadir} is not a directory; give the one with freqtrade's candles`);
  }
  return datadir;
}

function namedPairs(list: string): string[] {
  const pairs = list.split(",").filter((pair) => pair !== "");
  if (pairs.length === 0) throw new UsageError("--pairs: give pairs with commas between them, e.g. BTC/USDT,ETH/USDT");
  return [...new Set(pairs)].sort();
}

function pairsOfTrades(backtest: ReadResult): string[] {
  return [...new Set(backtest.trades.map(({ pair }) => pair))].sort();
}

/** @throws UsageError when settings choose what a calibration is to choose */
function givenOf(values: Values): { readonly settings: Record<string, unknown>; readonly from: readonly string[] } {
  const file = values.params === undefined ? null : readSettings(values.params);
  try {
    const { given, from } = givenSettings({ exported: null, file, profile: null, assignments: values.set ?? [] });
    if (!isRecord(given)) throw new UsageError(`--params ${values.params} is no risk_bridge block`);
    if (given.rules != null) {
      throw new UsageError("the settings have rules of their own, and a calibration chooses them: leave `rules` out");
    }
    const { profile: _, rules: __, mode: ___, ...settings } = given;
    return { settings, from };
  } catch (error) {
    if (error instanceof AssignmentError) throw new UsageError(error.message);
    throw error;
  }
}

function resolvedOf(
  given: Readonly<Record<string, unknown>>,
  timeframe_s: number,
  engine: Engine,
): Readonly<Record<Profile, Resolved>> {
  const of = (profile: Profile): Resolved => {
    const resolution = resolveGiven({ ...given, profile }, timeframe_s, engine);
    if (resolution.ok) return resolution;
    throw new UsageError(`the settings are not valid:\n${listViolations(resolution.violations)}`);
  };
  return { conservative: of("conservative"), aggressive: of("aggressive"), extreme: of("extreme") };
}
