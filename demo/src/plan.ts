/** Decides which candles a demo run uses, and refuses early what freqtrade would refuse late. Pure. */

import { CannotRun, type DemoOptions } from "./options.js";
import { formatTime, parseTimeRange, readableTime } from "./timerange.js";

/** What `inputs.py` found. */
export interface Inputs {
  readonly strategy: {
    readonly timeframe: string;
    readonly startup_candles: number;
    readonly can_short: boolean;
  };
  readonly pairs: readonly PairCandles[];
  readonly other_timeframes: readonly string[];
}

export interface PairCandles {
  readonly pair: string;
  readonly rows: number;
  readonly first_ms: number;
  readonly last_ms: number;
}

export interface Plan {
  readonly pairs: readonly string[];
  readonly stake_currency: string;
  readonly timeframe: string;
  readonly timeframe_ms: number;
  /** For freqtrade. */
  readonly timerange: string;
  /** Start-up candles of both runs: the larger of the engine's memory and the strategy's own. */
  readonly startup_candles: number;
  /** Things worth saying before the run, e.g. pairs left out. */
  readonly notes: readonly string[];
}

const DEFAULT_STAKE = "USDT";
const UNIT_MS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };
const DAY_MS = 86_400_000;
/** The default range: about two months. */
const DEFAULT_DAYS = 61;

/** @returns a timeframe's length in ms. @throws CannotRun when it is not one */
export function timeframeMs(timeframe: string): number {
  const match = /^([1-9]\d*)([mhdw])$/.exec(timeframe);
  const unit = UNIT_MS[match?.[2] ?? ""];
  if (match === null || unit === undefined)
    throw new CannotRun(`timeframe ${timeframe} is not one the demo can run: minutes, hours, days or weeks, e.g. 5m.`);
  return Number(match[1]) * unit;
}

interface Span {
  readonly start_ms: number;
  readonly stop_ms: number;
}

/**
 * @param memory_rows the engine's memory M
 * @throws CannotRun naming what is missing and the fix
 */
export function makePlan(options: DemoOptions, inputs: Inputs, memory_rows: number): Plan {
  const { timeframe } = inputs.strategy;
  const timeframe_ms = timeframeMs(timeframe);
  if (inputs.strategy.can_short)
    throw new CannotRun(
      `${options.strategy.class_name} has can_short = True, which needs a futures market; the demo runs spot. Set can_short = False.`,
    );
  const candidates = choosePairs(options, inputs);
  const stake_currency = quoteOf(candidates[0]?.pair ?? "");
  const startup_candles = Math.max(memory_rows, inputs.strategy.startup_candles);
  const warm_up_ms = startup_candles * timeframe_ms;
  const span = chooseSpan(options, candidates, timeframe_ms, warm_up_ms);

  const problems = candidates.map((pair) => problemOf(pair, span, timeframe_ms, startup_candles));
  const usable = candidates.filter((_, i) => problems[i] === null);
  const unusable = problems.filter((problem) => problem !== null);
  // Pairs the user named have to be there; of those found in the folder, the usable ones are taken.
  if (unusable[0] !== undefined && (options.pairs !== null || usable.length === 0)) throw new CannotRun(unusable[0]);
  return {
    pairs: usable.map(({ pair }) => pair),
    stake_currency,
    timeframe,
    timeframe_ms,
    timerange: `${formatTime(span.start_ms)}-${formatTime(span.stop_ms)}`,
    startup_candles,
    notes: unusable.map((problem) => `left out: ${problem}`),
  };
}

function quoteOf(pair: string): string {
  return pair.split("/")[1] ?? DEFAULT_STAKE;
}

function choosePairs(options: DemoOptions, inputs: Inputs): readonly PairCandles[] {
  const { timeframe } = inputs.strategy;
  const where = options.datadir ?? "the synthetic market";
  if (inputs.pairs.length === 0) {
    const others = inputs.other_timeframes;
    const fix =
      others.length > 0
        ? `there are ${others.join(", ")}: choose with --timeframe`
        : "name the folder with the *.feather files, e.g. user_data/data/binance (`freqtrade convert-data` makes them from other formats)";
    throw new CannotRun(`${where} has no ${timeframe} spot candles in feather files; ${fix}.`);
  }
  const byName = new Map(inputs.pairs.map((pair) => [pair.pair, pair]));
  if (options.pairs === null) {
    const found = inputs.pairs.filter(({ pair }) => quoteOf(pair) === DEFAULT_STAKE);
    if (found.length > 0) return found;
    throw new CannotRun(
      `${where} has no ${timeframe} pairs quoted in ${DEFAULT_STAKE}; name some of those it has with --pairs: ${list(byName.keys())}.`,
    );
  }
  return options.pairs.map((name) => {
    const pair = byName.get(name);
    if (pair === undefined)
      throw new CannotRun(`${where} has no ${timeframe} candles of ${name}; it has ${list(byName.keys())}.`);
    return pair;
  });
}

/** At most a dozen names. */
function list(names: Iterable<string>): string {
  const all = [...names];
  return all.length <= 12 ? all.join(", ") : `${all.slice(0, 12).join(", ")} and ${all.length - 12} more`;
}

/** The span asked for; open ends are filled from the candles: their end, and two months or as much as the warm-up leaves before it. */
function chooseSpan(
  options: DemoOptions,
  pairs: readonly PairCandles[],
  timeframe_ms: number,
  warm_up_ms: number,
): Span {
  const asked = options.timerange === null ? null : parseTimeRange(options.timerange);
  const first_ms = Math.min(...pairs.map((pair) => pair.first_ms));
  const end_ms = Math.max(...pairs.map((pair) => pair.last_ms)) + timeframe_ms;
  const stop_ms = asked?.stop_ms ?? end_ms;
  // The next midnight from which the oldest pair is warm, if there is one.
  const midnight_ms = Math.ceil((first_ms + warm_up_ms) / DAY_MS) * DAY_MS;
  const warm_ms = midnight_ms < stop_ms ? midnight_ms : first_ms + warm_up_ms;
  const two_months_ms = Math.floor(stop_ms / DAY_MS) * DAY_MS - DEFAULT_DAYS * DAY_MS;
  const start_ms = asked?.start_ms ?? (asked === null ? Math.max(warm_ms, two_months_ms) : warm_ms);
  return { start_ms, stop_ms };
}

function problemOf(pair: PairCandles, span: Span, timeframe_ms: number, startup_candles: number): string | null {
  const end_ms = pair.last_ms + timeframe_ms;
  const has = `its candles go from ${readableTime(pair.first_ms)} to ${readableTime(end_ms)} UTC`;
  const warm_ms = pair.first_ms + startup_candles * timeframe_ms;
  if (warm_ms >= end_ms)
    return `${pair.pair} has too little history: ${has}, and ${startup_candles} candles of warm-up come first. Download more.`;
  if (pair.first_ms >= span.stop_ms || end_ms <= span.start_ms)
    return (
      `${pair.pair} has no candles between ${readableTime(span.start_ms)} and ${readableTime(span.stop_ms)} UTC; ${has}. ` +
      "Choose another --timerange or download more."
    );
  if (warm_ms > span.start_ms)
    return (
      `${pair.pair} has not enough history before ${readableTime(span.start_ms)} UTC for ${startup_candles} candles of warm-up; ${has}. ` +
      `Start at ${readableTime(warm_ms)} UTC or later (--timerange ${formatTime(warm_ms)}-), or download more.`
    );
  return null;
}
