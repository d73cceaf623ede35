/**
 * Exposure-matched placebo: would a gate that cuts as much, as often and in the same clusters, but at other moments, have done as well?
 *
 * Candidates are ordered by candle and pair; those of one candle form a block. The sequence of size shares is rotated by whole blocks against the
 * sequence of trades, so that every placebo has the real gate's share of cuts and their clustering, and only the moments differ.
 */

/** Below this many blocks a percentile says more about a few trades than about the gate. */
export const MIN_BLOCKS = 200;
/** Most rotations tried; evenly spaced when there are more blocks. */
export const MAX_SHIFTS = 1000;

export interface Candidate {
  /** Time of the signal candle: candidates with equal times are one block. */
  readonly candle_ms: number;
  readonly pair: string;
  /** Profit at full size, in stake currency. */
  readonly profit: number;
  /** Share of the stake let through, 0 … 1. */
  readonly share: number;
}

export type Placebo =
  | {
      readonly status: "compared";
      readonly blocks: number;
      readonly shifts: number;
      /** Share of placebos that did worse than the gate, ties counting half; 0.5 is chance. */
      readonly percentile: number;
      /** 5 %, 50 % and 95 % quantile of the placebos' change of profit, in stake currency. */
      readonly quantiles: { readonly p05: number; readonly p50: number; readonly p95: number };
    }
  | { readonly status: "sample_too_small"; readonly blocks: number; readonly needed: number }
  | { readonly status: "nothing_cut" };

/** Ranks the gate's change of total profit among those of its rotations. */
export function placebo(candidates: readonly Candidate[]): Placebo {
  if (candidates.every((candidate) => candidate.share === 1)) return { status: "nothing_cut" };
  const ordered = [...candidates].sort(
    (a, b) => a.candle_ms - b.candle_ms || (a.pair < b.pair ? -1 : a.pair > b.pair ? 1 : 0),
  );
  const starts = ordered.flatMap((candidate, index) =>
    index === 0 || candidate.candle_ms !== ordered[index - 1]?.candle_ms ? [index] : [],
  );
  const blocks = starts.length;
  if (blocks < MIN_BLOCKS) return { status: "sample_too_small", blocks, needed: MIN_BLOCKS };

  const profits = Float64Array.from(ordered, (candidate) => candidate.profit);
  const cuts = Float64Array.from(ordered, (candidate) => candidate.share - 1);
  const real = changeOf(profits, cuts, 0);
  const shifts = Math.min(MAX_SHIFTS, blocks - 1);
  const changes = Array.from({ length: shifts }, (_, i) => {
    const block = 1 + Math.floor((i * (blocks - 1)) / shifts);
    return changeOf(profits, cuts, starts[block] ?? 0);
  }).sort((a, b) => a - b);
  const worse = changes.filter((change) => change < real).length;
  const equal = changes.filter((change) => change === real).length;
  return {
    status: "compared",
    blocks,
    shifts,
    percentile: (worse + equal / 2) / shifts,
    quantiles: { p05: quantile(changes, 0.05), p50: quantile(changes, 0.5), p95: quantile(changes, 0.95) },
  };
}

/** Change of total profit when the cuts are rotated by `shift` places. */
function changeOf(profits: Float64Array, cuts: Float64Array, shift: number): number {
  const { length } = profits;
  let change = 0;
  for (let i = 0; i < length; i++) change += (profits[i] ?? 0) * (cuts[(i + shift) % length] ?? 0);
  return change;
}

/** Linear interpolation between order statistics (Hyndman & Fan 1996, type 7); `sorted` ascending and not empty. */
function quantile(sorted: readonly number[], p: number): number {
  const at = (sorted.length - 1) * p;
  const low = sorted[Math.floor(at)] ?? Number.NaN;
  const high = sorted[Math.ceil(at)] ?? Number.NaN;
  return low + (high - low) * (at - Math.floor(at));
}
