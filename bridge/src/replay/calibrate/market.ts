/** A pair's candles as a calibration needs them: jumps, verdicts, and how the forecasts did. */
import type { Engine } from "../../engine/types.js";
import { REASON } from "../../protocol/codes.js";
import { type CandleSource, candlesHash, type FilledCandles, readCandles, slice } from "../read/candles.js";
import { ReplayInputError } from "../read/error.js";
import { annotate } from "../run/annotate.js";
import { coverageOf } from "../run/coverage.js";
import type { Resolved } from "../run/market.js";
import { adverseCoverage } from "./adverse.js";
import { tally } from "./jumps.js";
import type { Calibration } from "./result.js";
import type { Range } from "./windows.js";

type Side = "long" | "short";

/** More made-up candles than this, and shares and coverage tell of the gaps instead of the market. */
export const MAX_FILLED_SHARE = 0.05;

export interface CalibrationMarket {
  readonly source: Calibration["source"]["pairs"][number];
  readonly coverage: Calibration["coverage"];
  readonly adverse: Calibration["adverse"];
  /** Jumps of the judged candles in a range; NaN where not known. */
  jumpsIn(range: Range): Float64Array;
  /** Jump and open time of the last judged candle that had closed at a time; null when there is none. */
  signalAt(t_ms: number): { readonly candle_ms: number; readonly jump: number } | null;
}

/**
 * @throws ReplayInputError when candles are absent, too few to judge one, or full of gaps
 */
export async function calibrationMarket(
  pair: string,
  source: CandleSource,
  range: Range,
  resolved: Resolved,
  engine: Engine,
  sides: readonly Side[],
): Promise<CalibrationMarket> {
  const { timeframe_ms } = source;
  const { memory_rows } = resolved;
  const all = await readCandles(pair, source);
  requireFew(pair, all, source);
  const origin = all.t_ms[0] ?? Number.NaN;
  const start = Math.max(0, Math.ceil((range.from_ms - origin) / timeframe_ms));
  const end = Math.min(all.rows, Math.ceil((range.to_ms - origin) / timeframe_ms));
  const candles = slice(all, start - memory_rows, end);
  if (candles.rows <= memory_rows) {
    throw new ReplayInputError(
      `${pair} has ${candles.rows} candles of ${source.timeframe} in that time: none can be judged, because the engine needs ${memory_rows} before it. ` +
        "Download more history, take a wider --timerange, or leave the pair out with --pairs.",
    );
  }
  const annotated = await annotate(pair, candles, null, resolved, engine);
  const reasons = annotated.reason;
  const first = reasons.findIndex((reason) => reason !== REASON.warming_up);
  const jumps = annotated.column("risk_jump");
  requireAgreement(pair, annotated.size.subarray(first), jumps.subarray(first), resolved);
  const first_ms = candles.t_ms[first] ?? Number.NaN;
  const forecasts = sides.map((side) => ({ side, of: annotated.side(side) }));
  return {
    source: {
      pair,
      judged: candles.rows - first,
      filled: all.filled,
      longest_gap: all.longest_gap,
      from_ms: first_ms,
      to_ms: (candles.t_ms.at(-1) ?? Number.NaN) + timeframe_ms,
      sha256: candlesHash(candles),
    },
    coverage: forecasts.flatMap(({ side, of }) =>
      coverageOf(side, of, candles, first + 1).map((row) => ({ pair, ...row })),
    ),
    adverse: forecasts.map(({ side, of }) => ({
      pair,
      ...adverseCoverage(side, of.adverse, candles, { from: first, to: candles.rows }, resolved.settings),
    })),
    ...judgedAt(jumps.slice(first), first_ms, timeframe_ms),
  };
}

/**
 * A function of its own, because what its closures see is kept for as long as they are: the engine's columns and the candles, of every pair.
 * @param jumps of the judged candles alone, the first of which opened at `first_ms`
 */
function judgedAt(
  jumps: Float64Array,
  first_ms: number,
  timeframe_ms: number,
): Pick<CalibrationMarket, "jumpsIn" | "signalAt"> {
  const rowAt = (t_ms: number): number =>
    Math.max(0, Math.min(jumps.length, Math.ceil((t_ms - first_ms) / timeframe_ms)));
  return {
    jumpsIn: ({ from_ms, to_ms }) => jumps.slice(rowAt(from_ms), rowAt(to_ms)),
    signalAt(t_ms) {
      const row = Math.floor((t_ms - first_ms) / timeframe_ms) - 1;
      const jump = row < 0 ? undefined : jumps[row];
      return jump === undefined ? null : { candle_ms: first_ms + row * timeframe_ms, jump };
    },
  };
}

function requireFew(pair: string, { filled, rows, longest_gap }: FilledCandles, source: CandleSource): void {
  if (filled <= MAX_FILLED_SHARE * rows) return;
  throw new ReplayInputError(
    `${pair}: ${filled} of ${rows} candles of ${source.timeframe} are missing, up to ${longest_gap} in a row. ` +
      "Download them (`freqtrade download-data`), or leave the pair out with --pairs.",
  );
}

/** The shares are counted from the jump; should the engine's own verdict differ, they would be of another gate. */
function requireAgreement(pair: string, sizes: Float64Array, jumps: Float64Array, { settings }: Resolved): void {
  const [rule] = settings.rules;
  if (rule === undefined) return;
  const own = sizes.reduce((count, size) => count + (size < 1 ? 1 : 0), 0);
  const { affected } = tally(jumps, rule);
  if (own !== affected) {
    throw new Error(`${pair}: the engine cuts ${own} candles and their jumps ${affected}: \`npm run build\` anew`);
  }
}
