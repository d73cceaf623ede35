/**
 * Exposure-matched placebo: would a gate that cuts as much, as often and in the same clusters, but at other moments, have done as well?
 *
 * Candidates are ordered by candle and pair; those of one candle form a block. The sequence of size shares is rotated by whole blocks against the
 * sequence of trades, so that every placebo has the real gate's share of cuts and their clustering, and only the moments differ.
 */
import { optimalBlockLength } from "./block_length.js";
import { type Candidate, CandidateSample, MEASURES, type Measure } from "./placebo_measures.js";
import { quantile } from "./quantile.js";
import { uniform } from "./random.js";
import { resample } from "./stationary_bootstrap.js";

export type { Candidate } from "./placebo_measures.js";

/** Below this many blocks a percentile says more about a few trades than about the gate. */
export const MIN_BLOCKS = 200;
/** Most rotations tried; evenly spaced when there are more blocks. */
export const MAX_SHIFTS = 1000;
const RESAMPLES = 1000;
const SEED = 1;

interface Band {
  readonly p05: number;
  readonly p50: number;
  readonly p95: number;
}

/** The gate among its placebos by one measure. */
export interface Ranked {
  readonly measure: Measure;
  /** Of the gate itself. */
  readonly value: number;
  /** Share of placebos that did worse than the gate, ties counting half; 0.5 is chance. */
  readonly percentile: number;
  /** Quantiles of the placebos. */
  readonly quantiles: Band;
}

/** 95 % interval by the stationary bootstrap over blocks of candidates. */
export interface Interval {
  readonly low: number;
  readonly high: number;
}

export type Placebo =
  | {
      readonly status: "compared";
      readonly blocks: number;
      readonly shifts: number;
      /** By change of total profit, as is the next. */
      readonly percentile: number;
      /** 5 %, 50 % and 95 % quantile of the placebos' change of profit, in stake currency. */
      readonly quantiles: Band;
      readonly mean_size: number;
      readonly measures: Ranked[];
      readonly intervals: { readonly block: number; readonly profit_change: Interval; readonly excess: Interval };
    }
  | { readonly status: "sample_too_small"; readonly blocks: number; readonly needed: number }
  | { readonly status: "nothing_cut" };

/** Ranks the gate among its rotations, by each measure. @param starting_balance of the account, in stake currency */
export function placebo(candidates: readonly Candidate[], starting_balance: number): Placebo {
  if (candidates.every((candidate) => candidate.share === 1)) return { status: "nothing_cut" };
  const ordered = [...candidates].sort(
    (a, b) => a.candle_ms - b.candle_ms || (a.pair < b.pair ? -1 : a.pair > b.pair ? 1 : 0),
  );
  const starts = ordered.flatMap((candidate, index) =>
    index === 0 || candidate.candle_ms !== ordered[index - 1]?.candle_ms ? [index] : [],
  );
  const blocks = starts.length;
  if (blocks < MIN_BLOCKS) return { status: "sample_too_small", blocks, needed: MIN_BLOCKS };

  const sample = new CandidateSample(ordered, starting_balance);
  const real = sample.measures(0);
  const shifts = Math.min(MAX_SHIFTS, blocks - 1);
  const placebos = Array.from({ length: shifts }, (_, i) => {
    const block = 1 + Math.floor((i * (blocks - 1)) / shifts);
    return sample.measures(starts[block] ?? 0);
  });
  const measures = MEASURES.map((measure) =>
    rank(
      measure,
      real[measure],
      placebos.map((values) => values[measure]),
    ),
  );
  const [byProfit] = measures;
  if (byProfit === undefined) throw new Error("no measures to rank by");
  return {
    status: "compared",
    blocks,
    shifts,
    percentile: byProfit.percentile,
    quantiles: byProfit.quantiles,
    mean_size: sample.mean_size,
    measures,
    intervals: intervals(ordered, starts),
  };
}

function rank(measure: Measure, value: number, placebos: readonly number[]): Ranked {
  const sorted = Float64Array.from(placebos).sort();
  // Sums in another order differ in their last digits; such a difference is no difference.
  const close = 1e-9 * Math.max(...sorted.map(Math.abs), Math.abs(value));
  let [worse, equal] = [0, 0];
  for (const other of sorted) {
    if (Math.abs(other - value) <= close) equal += 1;
    else if (other < value) worse += 1;
  }
  return {
    measure,
    value,
    percentile: (worse + equal / 2) / sorted.length,
    quantiles: { p05: quantile(sorted, 0.05), p50: quantile(sorted, 0.5), p95: quantile(sorted, 0.95) },
  };
}

/** What the change of profit, and its excess over constant sizing, could have been in another draw of such candidates. */
function intervals(
  ordered: readonly Candidate[],
  starts: readonly number[],
): Extract<Placebo, { status: "compared" }>["intervals"] {
  const n = starts.length;
  const [cut, profit, weight, let_through] = [0, 1, 2, 3].map(() => new Float64Array(n)) as [
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  let block = -1;
  ordered.forEach((candidate, row) => {
    if (row === starts[block + 1]) block += 1;
    cut[block] = (cut[block] ?? 0) + candidate.profit * (candidate.share - 1);
    profit[block] = (profit[block] ?? 0) + candidate.profit;
    weight[block] = (weight[block] ?? 0) + candidate.weight;
    let_through[block] = (let_through[block] ?? 0) + candidate.weight * candidate.share;
  });
  const length = optimalBlockLength(cut);
  const random = uniform(SEED);
  const index = new Int32Array(n);
  const changes = new Float64Array(RESAMPLES);
  const excesses = new Float64Array(RESAMPLES);
  for (let draw = 0; draw < RESAMPLES; draw++) {
    resample(index, length, random);
    let [change, earned, staked, kept] = [0, 0, 0, 0];
    for (const row of index) {
      change += cut[row] ?? 0;
      earned += profit[row] ?? 0;
      staked += weight[row] ?? 0;
      kept += let_through[row] ?? 0;
    }
    changes[draw] = change;
    excesses[draw] = change + earned * (1 - kept / staked);
  }
  const interval = (values: Float64Array): Interval => {
    values.sort();
    return { low: quantile(values, 0.025), high: quantile(values, 0.975) };
  };
  return { block: length, profit_change: interval(changes), excess: interval(excesses) };
}
