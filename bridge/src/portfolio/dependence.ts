/**
 * How pairs move together: exponentially weighted volatilities and correlations of the returns between closes, shrunk towards the mean correlation.
 * Sources: RiskMetrics (1996) for the weights, mean taken as 0; Ledoit & Wolf (2004), *Honey, I Shrunk the Sample Covariance Matrix*, for the target
 * of constant correlation, with a fixed intensity. Volatilities are the same in the target, so that shrinking the covariance is shrinking correlations.
 */
import { LIMITS } from "../protocol/codes.js";
import { type CloseBook, newestClose } from "./closes.js";

/** Weight of a return relative to the one a step later. */
const DECAY = 0.97;
/** Weight of the mean correlation in every other. */
const SHRINKAGE = 0.2;
/** Fewer returns say nothing of a pair, and fewer in common nothing of two. */
export const LEAST_RETURNS = 30;
/** Closes this much older than the newest of the session, or of the question, are those of a market that stands still. */
export const STALE_STEPS = 24;
/** Returns looked back on. */
const RETURNS = LIMITS.closes - 1;

/** What is known of the pairs of a session. Numbers are per step of the grid. */
export interface Dependence {
  readonly step_ms: number;
  /** Where a pair stands in the lists below; too little is known of others. */
  readonly places: ReadonlyMap<string, number>;
  /** Standard deviations of returns, above 0. */
  readonly sigmas: readonly number[];
  /** Of returns, row by row, 1 on the diagonal; NaN: of two pairs that share too few. */
  readonly correlations: Float64Array;
}

const NOTHING_KNOWN: Dependence = {
  step_ms: Number.NaN,
  places: new Map(),
  sigmas: [],
  correlations: new Float64Array(),
};

/** Computed once per version of the closes, and let go of with it. */
const computed = new WeakMap<CloseBook, Dependence>();

/**
 * What a session's closes say at a time.
 * @param book null: none were told
 */
export function dependenceAt(book: CloseBook | null, now_ms: number): Dependence {
  if (book === null || now_ms - newestClose(book) > STALE_STEPS * book.step_ms) return NOTHING_KNOWN;
  const known = computed.get(book);
  if (known !== undefined) return known;
  const dependence = measure(book);
  computed.set(book, dependence);
  return dependence;
}

/** Correlation of the pairs at two places; NaN: not known. */
export function correlation({ correlations, sigmas }: Dependence, a: number, b: number): number {
  return correlations[a * sigmas.length + b] as number;
}

/** WEIGHTS[age] = DECAY^age. */
const WEIGHTS = Float64Array.from({ length: RETURNS }, (_, age) => DECAY ** age);

function measure(book: CloseBook): Dependence {
  const { step_ms } = book;
  const newest_ms = newestClose(book);
  const places = new Map<string, number>();
  const returns: Float64Array[] = [];
  const sigmas: number[] = [];
  for (const [pair, { until_ms, closes }] of book.series) {
    const lag = (newest_ms - until_ms) / step_ms;
    if (lag > STALE_STEPS) continue;
    const found = returnsByAge(closes, lag);
    const [, variance] = moments(found, found);
    if (!(variance > 0)) continue;
    places.set(pair, returns.length);
    returns.push(found);
    sigmas.push(Math.sqrt(variance));
  }
  return { step_ms, places, sigmas, correlations: shrunk(raw(returns), returns.length) };
}

/** Returns, the newest of the session first; NaN where one of its two closes is not known. */
function returnsByAge(closes: readonly (number | null)[], lag: number): Float64Array {
  const found = new Float64Array(RETURNS).fill(Number.NaN);
  for (let age = lag, at = closes.length - 1; age < RETURNS && at > 0; age++, at--) {
    const [before, after] = [closes[at - 1] ?? Number.NaN, closes[at] ?? Number.NaN];
    found[age] = after / before - 1;
  }
  return found;
}

/** Weighted means of a·b, a² and b² over the returns known of both; NaN when those are too few. */
function moments(a: Float64Array, b: Float64Array): readonly [product: number, a_square: number, b_square: number] {
  let [count, weights, product, a_square, b_square] = [0, 0, 0, 0, 0];
  for (let age = 0; age < RETURNS; age++) {
    const [x, y, weight] = [a[age] as number, b[age] as number, WEIGHTS[age] as number];
    if (Number.isNaN(x + y)) continue;
    count += 1;
    weights += weight;
    product += weight * x * y;
    a_square += weight * x * x;
    b_square += weight * y * y;
  }
  if (count < LEAST_RETURNS) return [Number.NaN, Number.NaN, Number.NaN];
  return [product / weights, a_square / weights, b_square / weights];
}

/** Correlations as they are, row by row; NaN on the diagonal. */
function raw(returns: readonly Float64Array[]): Float64Array {
  const size = returns.length;
  const found = new Float64Array(size * size).fill(Number.NaN);
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < i; j++) {
      const [product, a_square, b_square] = moments(returns[i] as Float64Array, returns[j] as Float64Array);
      // Of a pair that did not move in the time they share nothing is known: 0/0.
      const measured = Math.max(-1, Math.min(1, product / Math.sqrt(a_square * b_square)));
      found[i * size + j] = measured;
      found[j * size + i] = measured;
    }
  }
  return found;
}

/** Shrunk towards the mean of those known, in place; the diagonal is 1. */
function shrunk(correlations: Float64Array, size: number): Float64Array {
  let [sum, count] = [0, 0];
  for (const measured of correlations) {
    if (Number.isNaN(measured)) continue;
    sum += measured;
    count += 1;
  }
  const mean = sum / count;
  for (let at = 0; at < correlations.length; at++) {
    correlations[at] = (1 - SHRINKAGE) * (correlations[at] as number) + SHRINKAGE * mean;
  }
  for (let i = 0; i < size; i++) correlations[i * size + i] = 1;
  return correlations;
}
