/** Candles, and perhaps a backtest's entries -> a {@link Calibration}: what each profile does to them, and rules chosen by share, walk-forward. */
import { NOMINAL_CANDLE_SHARE, NOMINAL_SHARE, PROFILE_NAMES, type Profile } from "../../config/profiles.js";
import type { Engine, Rule } from "../../engine/types.js";
import type { ReadResult } from "../read/backtest.js";
import type { CandleSource } from "../read/candles.js";
import { ReplayInputError } from "../read/error.js";
import { legsOf } from "../run/legs.js";
import type { Resolved } from "../run/market.js";
import { quantile } from "../statistics/quantile.js";
import { levelOf, movedTo, tally } from "./jumps.js";
import { type CalibrationMarket, calibrationMarket } from "./market.js";
import { CALIBRATION_VERSION, type Calibration, type ProfileCalibration, type Spread } from "./result.js";
import { type Layout, neededCandles, type Range, type Split, walkForward } from "./windows.js";

/** Fewer entries than this on a train stretch cannot tell a share of an eighth. */
export const MIN_TRAIN_ENTRIES = 100;

export interface CalibrationInput {
  readonly pairs: readonly string[];
  /** Whether a pair that is too short, or full of gaps, is left out or an error: it was found in the directory or named by the user. */
  readonly named: boolean;
  readonly source: CandleSource;
  readonly range: Range;
  readonly windows: number;
  /** Of each profile; they differ in nothing but the profile. */
  readonly resolved: Readonly<Record<Profile, Resolved>>;
  readonly settings_from: readonly string[];
  readonly backtest: ReadResult | null;
  readonly engine: Engine;
  readonly software: { readonly talebridge: string; readonly node: string };
  /** Called with the pairs read so far. */
  progress?(done: number, total: number): void;
}

/** A backtest's entry at its signal candle. */
interface Signal {
  readonly pair: string;
  readonly candle_ms: number;
  readonly jump: number;
}

/** Everything that shares are counted over. */
interface Observed {
  readonly markets: readonly CalibrationMarket[];
  /** Null: no backtest. */
  readonly signals: readonly Signal[] | null;
}

/** @throws ReplayInputError when there is too little to say anything */
export async function calibrate(input: CalibrationInput): Promise<Calibration> {
  const { source, resolved, backtest, engine } = input;
  const { settings, memory_rows } = resolved.aggressive;
  const { markets, left_out } = await loadMarkets(input);
  const span = spanOf(markets);
  const embargo = memory_rows + settings.adverse_horizon_candles;
  const layout = walkForward(span, source.timeframe_ms, input.windows, embargo);
  if (layout === null) throw tooShort(input, span, embargo);
  const signals = backtest === null ? null : signalsOf(backtest, markets);
  const observed: Observed = { markets, signals };
  const { basis, basis_why } = basisOf(signals, layout);
  const profiles = PROFILE_NAMES.map((profile) =>
    profileOf(profile, ruleOf(profile, resolved[profile]), observed, basis, layout, span),
  );
  const last = layout.splits.at(-1);
  const first = layout.splits[0];
  if (last === undefined || first === undefined) throw new Error("a layout without splits");
  return {
    version: CALIBRATION_VERSION,
    software: { ...input.software, engine: engine.version, engine_simd: engine.simd },
    source: {
      trading_mode: source.trading_mode,
      timeframe: source.timeframe,
      range: span,
      pairs: markets.map((market) => market.source),
      left_out,
      backtest:
        backtest === null || signals === null
          ? null
          : {
              file: backtest.file,
              sha256: backtest.file_sha256,
              strategy: backtest.strategy,
              entries: signals.length,
            },
    },
    gate: {
      settings_from: [...input.settings_from],
      window_set: settings.window_set,
      memory_rows,
      adverse_horizon_candles: settings.adverse_horizon_candles,
      adverse_quantile: settings.adverse_quantile,
    },
    walk_forward: { ...layout, splits: [...layout.splits] },
    basis,
    basis_why,
    profiles,
    coverage: markets.flatMap(({ coverage }) => coverage),
    adverse: markets.flatMap(({ adverse }) => adverse),
    looked_at: { from_ms: first.train.from_ms, to_ms: last.test.from_ms },
    hold_out: last.test,
    gates_tried: profiles.reduce((tried, { windows }) => tried + 1 + windows.length, 0),
  };
}

async function loadMarkets(
  input: CalibrationInput,
): Promise<{ markets: CalibrationMarket[]; left_out: Calibration["source"]["left_out"] }> {
  const { source, range, resolved, engine, pairs } = input;
  const sides = source.trading_mode === "futures" ? (["long", "short"] as const) : (["long"] as const);
  const markets: CalibrationMarket[] = [];
  const left_out: Calibration["source"]["left_out"] = [];
  for (const [at, pair] of pairs.entries()) {
    input.progress?.(at, pairs.length);
    try {
      markets.push(await calibrationMarket(pair, source, range, resolved.aggressive, engine, sides));
    } catch (error) {
      if (input.named || !(error instanceof ReplayInputError)) throw error;
      left_out.push({ pair, why: error.message });
    }
  }
  const [first] = left_out;
  if (markets.length === 0 && first !== undefined) {
    throw new ReplayInputError(`None of ${pairs.length} pairs can be used. The first: ${first.why}`);
  }
  return { markets, left_out };
}

function spanOf(markets: readonly CalibrationMarket[]): Range {
  return {
    from_ms: Math.min(...markets.map(({ source }) => source.from_ms)),
    to_ms: Math.max(...markets.map(({ source }) => source.to_ms)),
  };
}

function tooShort({ source, windows, resolved }: CalibrationInput, span: Range, embargo: number): ReplayInputError {
  const have = Math.floor((span.to_ms - span.from_ms) / source.timeframe_ms);
  const { memory_rows } = resolved.aggressive;
  const needed = neededCandles(windows, embargo) + memory_rows;
  return new ReplayInputError(
    `${have} candles of ${source.timeframe} can be judged, too few for ${windows} windows with an embargo of ${embargo} candles: ` +
      `${needed} are needed, the ${memory_rows} before the first that is judged among them. Download more history, take a wider --timerange or fewer --windows` +
      (resolved.aggressive.settings.window_set === "standard" ? ", or --set window_set=compact." : "."),
  );
}

/** Entries whose signal candle can be judged, scale-ins included. */
function signalsOf(backtest: ReadResult, markets: readonly CalibrationMarket[]): Signal[] {
  const known = new Map(markets.map((market) => [market.source.pair, market]));
  return backtest.trades.flatMap(legsOf).flatMap((leg) => {
    const { pair } = leg.trade;
    const signal = known.get(pair)?.signalAt(leg.asked_ms);
    return signal == null ? [] : [{ pair, ...signal }];
  });
}

function basisOf(
  signals: readonly Signal[] | null,
  { splits }: Layout,
): { basis: Calibration["basis"]; basis_why: string } {
  if (signals === null) return { basis: "candles", basis_why: "no backtest was given" };
  const fewest = Math.min(...splits.map(({ train }) => signals.filter(inside(train)).length));
  return fewest >= MIN_TRAIN_ENTRIES
    ? { basis: "entries", basis_why: `every train stretch has at least ${fewest} entries` }
    : {
        basis: "candles",
        basis_why: `a train stretch has ${fewest} entries, and fewer than ${MIN_TRAIN_ENTRIES} cannot tell a share`,
      };
}

function inside({ from_ms, to_ms }: Range): (signal: Signal) => boolean {
  return ({ candle_ms }) => candle_ms >= from_ms && candle_ms < to_ms;
}

function ruleOf(profile: Profile, { settings }: Resolved): Rule {
  const [rule] = settings.rules;
  if (rule === undefined || settings.rules.length > 1 || rule.measure !== "jump") {
    throw new Error(`profile ${profile} has other rules than one on the jump`);
  }
  return rule;
}

function profileOf(
  profile: Profile,
  rule: Rule,
  observed: Observed,
  basis: Calibration["basis"],
  layout: Layout,
  span: Range,
): ProfileCalibration {
  const nominal_share = (basis === "entries" ? NOMINAL_SHARE : NOMINAL_CANDLE_SHARE)[profile];
  const jumpsIn = (range: Range): Float64Array =>
    basis === "entries" ? signalJumps(observed, range) : candleJumps(observed.markets, range);
  const chosen = layout.splits.map(({ train }) => levelOf(jumpsIn(train), nominal_share));
  const windows = layout.splits.flatMap(({ train, test }: Split, index) => {
    const level = chosen[index];
    if (level == null) return [];
    const moved = movedTo(rule, level);
    const [trained, tested] = [jumpsIn(train), jumpsIn(test)];
    return [
      { rule: moved, train: tally(trained, moved), test: tally(tested, moved), test_as_it_is: tally(tested, rule) },
    ];
  });
  const complete = windows.length === layout.splits.length ? windows : [];
  const last = complete.at(-1);
  const hold_out = layout.splits.at(-1)?.test ?? span;
  return {
    profile,
    rule,
    nominal_share,
    ...sharesIn(observed, span, rule),
    windows: complete,
    spread:
      last === undefined
        ? null
        : {
            from: spreadOf(complete.map((window) => window.rule.from)),
            affected: spreadOf(complete.map(({ test }) => test.affected / Math.max(1, test.count))),
            affected_as_it_is: spreadOf(
              complete.map(({ test_as_it_is }) => test_as_it_is.affected / Math.max(1, test_as_it_is.count)),
            ),
          },
    suggested: last === undefined ? null : { rule: last.rule, hold_out: sharesIn(observed, hold_out, last.rule) },
    not_suggested:
      last === undefined
        ? `on some train stretch fewer than ${(100 * nominal_share).toFixed(1)} % of the ${basis} have a jump that is known: coarse ticks, or a market that hardly moves`
        : null,
  };
}

function sharesIn(
  { markets, signals }: Observed,
  range: Range,
  rule: Rule,
): Pick<ProfileCalibration, "candles" | "entries" | "by_pair"> {
  const of = (pair?: string) => (signals === null ? null : tally(signalJumps({ signals }, range, pair), rule));
  return {
    candles: tally(candleJumps(markets, range), rule),
    entries: of(),
    by_pair: markets.map((market) => ({
      pair: market.source.pair,
      candles: tally(market.jumpsIn(range), rule),
      entries: of(market.source.pair),
    })),
  };
}

function candleJumps(markets: readonly CalibrationMarket[], range: Range): Float64Array {
  const parts = markets.map((market) => market.jumpsIn(range));
  const all = new Float64Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

function signalJumps({ signals }: Pick<Observed, "signals">, range: Range, pair?: string): Float64Array {
  const wanted = (signals ?? []).filter(inside(range)).filter((signal) => pair === undefined || signal.pair === pair);
  return Float64Array.from(wanted, ({ jump }) => jump);
}

function spreadOf(values: readonly number[]): Spread {
  const sorted = Float64Array.from(values).sort();
  return {
    min: sorted[0] ?? Number.NaN,
    median: quantile(sorted, 0.5),
    max: sorted.at(-1) ?? Number.NaN,
  };
}
