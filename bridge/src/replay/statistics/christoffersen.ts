/**
 * Do exceedances come as often as promised, and independently of each other? Christoffersen (1998), *Evaluating Interval Forecasts*, International
 * Economic Review 39:841–862: exceedances as a first-order Markov chain. The joint test adds Kupiec's ratio over all T forecasts to that of
 * independence over the T − 1 transitions (some programs count T − 1 in both), χ² with two degrees of freedom.
 */
import { chiSquareTail } from "./chi_square.js";
import { kupiec, type TestResult, times } from "./kupiec.js";

export interface Christoffersen {
  readonly exceedances: number;
  /** Transitions by (exceeded before, exceeded now). */
  readonly n00: number;
  readonly n01: number;
  readonly n10: number;
  readonly n11: number;
  /** Unconditional coverage (Kupiec). */
  readonly coverage: TestResult;
  readonly independence: TestResult;
  /** Both at once. */
  readonly joint: TestResult;
}

/**
 * @param exceeded 1 where a forecast was exceeded, else 0, in order of time; not empty
 * @param probability promised, in (0, 1)
 */
export function christoffersen(exceeded: Uint8Array, probability: number): Christoffersen {
  let [n01, n10, n11] = [0, 0, 0];
  let exceedances = exceeded[0] ?? 0;
  for (let t = 1; t < exceeded.length; t++) {
    const before = exceeded[t - 1] === 1;
    const now = exceeded[t] === 1;
    if (now) exceedances += 1;
    if (before && now) n11 += 1;
    else if (now) n01 += 1;
    else if (before) n10 += 1;
  }
  const n00 = Math.max(0, exceeded.length - 1) - n01 - n10 - n11;
  const coverage = kupiec(exceedances, exceeded.length, probability);
  const after = (hits: number, others: number): number =>
    times(others, others / (hits + others)) + times(hits, hits / (hits + others));
  const lr = Math.max(0, 2 * (after(n01, n00) + after(n11, n10) - after(n01 + n11, n00 + n10)));
  const both = coverage.lr + lr;
  return {
    exceedances,
    ...{ n00, n01, n10, n11 },
    coverage,
    independence: { lr, p_value: chiSquareTail(lr, 1) },
    joint: { lr: both, p_value: chiSquareTail(both, 2) },
  };
}
