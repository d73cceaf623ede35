/**
 * Kelly's criterion from closed trades. Sources: Kelly (1956); Busseti, Ryu & Boyd (2016), *Risk-Constrained Kelly Gambling*; estimation error by
 * the bootstrap (cf. Baker & McHale 2013, *Optimal Betting Under Parameter Uncertainty*). A fraction is a stake as a share of equity; a profit is
 * a trade's as a share of its stake. Every function here is monotone: a worse trade never makes a fraction larger.
 */
import { RESAMPLES, resampled } from "./resample.js";

/** Fewer trades say nothing. */
export const MIN_TRADES = 30;
/** More are not looked at: the estimate has to be there before a question's deadline, and a strategy changes. */
export const MOST_TRADES = 200;
/** Of the bootstrap's samples that must bear a fraction: its lower bound with one-sided confidence 75 %. */
const SUPPORTING = 0.75 * RESAMPLES;
/** Halvings of [0, 1]: to 1e-10, which money does not tell. */
const HALVINGS = 34;
/** Stands for infinity, and times a count of 0 is 0. */
const HUGE = 1e300;

/**
 * Fraction that makes wealth grow fastest: the root of E[r/(1 + f·r)] = 0, within [0, 1]: no more than equity is staked.
 * Of a bet that pays b times the stake with probability p: (b·p − (1 − p))/b. Of small returns: about mean over variance (Merton 1969).
 */
export function growthOptimal(profits: readonly number[]): number {
  return largest((f) => sum(slopes(profits, f)) >= 0);
}

/**
 * Largest fraction under a drawdown constraint: P(wealth ever falls below `left` of what it was) ≤ `probability` is sure when
 * E[(1 + f·r)^−λ] ≤ 1, λ = ln(probability)/ln(left) (Busseti, Ryu & Boyd, §3). Within [0, 1].
 */
export function riskConstrained(profits: readonly number[], left: number, probability: number): number {
  return largest((f) => sum(ruin(profits, f, left, probability)) <= 0);
}

/** Lower bound of {@link growthOptimal}: the fraction that the trades bear, and three of four bootstrap samples of them. */
export function growthLowerBound(profits: readonly number[]): number {
  const most = growthOptimal(profits);
  return Math.min(
    most,
    largest((f) => supporting(slopes(profits, f), (total) => total >= 0) >= SUPPORTING),
  );
}

/** The same of {@link riskConstrained}. */
export function constrainedLowerBound(profits: readonly number[], left: number, probability: number): number {
  const most = riskConstrained(profits, left, probability);
  return Math.min(
    most,
    largest((f) => supporting(ruin(profits, f, left, probability), (total) => total <= 0) >= SUPPORTING),
  );
}

/** r/(1 + f·r) of each trade. */
function slopes(profits: readonly number[], f: number): Float64Array {
  return Float64Array.from(profits, (profit) => {
    const wealth = 1 + f * profit;
    return wealth > 0 ? profit / wealth : -HUGE;
  });
}

/** (1 + f·r)^−λ − 1 of each trade: their sum is at most 0 where the constraint holds. */
function ruin(profits: readonly number[], f: number, left: number, probability: number): Float64Array {
  const lambda = Math.log(probability) / Math.log(left);
  return Float64Array.from(profits, (profit) => {
    const wealth = 1 + f * profit;
    return wealth > 0 ? Math.min(wealth ** -lambda - 1, HUGE) : HUGE;
  });
}

function sum(values: Float64Array): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}

/** Number of bootstrap samples whose sum of values passes, as far as it takes to know whether enough do. */
function supporting(values: Float64Array, passes: (total: number) => boolean): number {
  const n = values.length;
  const counts = resampled(n);
  let passed = 0;
  for (let row = 0; row < RESAMPLES && passed < SUPPORTING && row - passed <= RESAMPLES - SUPPORTING; row++) {
    let total = 0;
    const at = row * n;
    for (let i = 0; i < n; i++) total += (counts[at + i] as number) * (values[i] as number);
    if (passes(total)) passed += 1;
  }
  return passed;
}

/** Largest fraction in [0, 1] up to which `holds`: it holds from 0 on up to some point, or nowhere above 0. */
function largest(holds: (fraction: number) => boolean): number {
  if (holds(1)) return 1;
  let low = 0;
  let high = 1;
  for (let i = 0; i < HALVINGS; i++) {
    const middle = (low + high) / 2;
    if (holds(middle)) low = middle;
    else high = middle;
  }
  return low;
}
