/**
 * How pairs move together: exponentially weighted volatilities and correlations of the returns between closes, shrunk towards the mean correlation.
 * Sources: RiskMetrics (1996) for the weights, mean taken as 0; Ledoit & Wolf (2004), *Honey, I Shrunk the Sample Covariance Matrix*, for the target
 * of constant correlation, with a fixed intensity. Volatilities are the same in the target, so that shrinking the covariance is shrinking correlations.
 */
import { LIMITS } from "../protocol/codes.js";
import { type CloseBook, newestClose, type Series } from "./closes.js";

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

/** A pair's returns by age in steps, the newest of the session at 0; NaN where one of the two closes is not known. */
interface Moves {
  readonly returns: Float64Array;
  /** Ages at which returns are known: within [from, to), and all of those if `whole`. */
  readonly from: number;
  readonly to: number;
  readonly whole: boolean;
  /** Weighted mean of squares; NaN: too few are known. */
  readonly variance: number;
  /** Correlations with others, as they are: with every hour of closes most pairs' are new, with a pair more only its own. */
  readonly with: WeakMap<Moves, number>;
}

/** Of closes that have not changed, as old as they were. */
const moved = new WeakMap<Series, Moves>();

function measure(book: CloseBook): Dependence {
  const { step_ms } = book;
  const newest_ms = newestClose(book);
  const places = new Map<string, number>();
  const known: Moves[] = [];
  for (const [pair, series] of book.series) {
    const lag = (newest_ms - series.until_ms) / step_ms;
    if (lag > STALE_STEPS) continue;
    const moves = movesOf(series, lag);
    if (!(moves.variance > 0)) continue;
    places.set(pair, known.length);
    known.push(moves);
  }
  const sigmas = known.map(({ variance }) => Math.sqrt(variance));
  return { step_ms, places, sigmas, correlations: shrunk(measured(known), known.length) };
}

function movesOf(series: Series, lag: number): Moves {
  const before = moved.get(series);
  const { closes } = series;
  const to = Math.min(RETURNS, lag + closes.length - 1);
  if (before?.from === lag && before.to === to) return before;
  const returns = new Float64Array(RETURNS).fill(Number.NaN);
  let whole = true;
  for (let age = lag; age < to; age++) {
    const at = closes.length - 1 - (age - lag);
    const [earlier, later] = [closes[at - 1] ?? Number.NaN, closes[at] ?? Number.NaN];
    returns[age] = later / earlier - 1;
    whole &&= !Number.isNaN(returns[age]);
  }
  const [variance] = moments(returns, returns, lag, to);
  const moves = { returns, from: lag, to, whole, variance, with: new WeakMap() };
  moved.set(series, moves);
  return moves;
}

/** Weighted means of a·b, a² and b² over the returns known of both at ages within [from, to); NaN when those are too few. */
function moments(
  a: Float64Array,
  b: Float64Array,
  from: number,
  to: number,
): readonly [product: number, a_square: number, b_square: number] {
  let [count, weights, product, a_square, b_square] = [0, 0, 0, 0, 0];
  for (let age = from; age < to; age++) {
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

/** Weighted mean of a·b over the ages of `a`, at all of which both are known. */
function productMean({ returns: a, from, to }: Moves, { returns: b }: Moves): number {
  let [weights, product] = [0, 0];
  for (let age = from; age < to; age++) {
    const weight = WEIGHTS[age] as number;
    weights += weight;
    product += weight * (a[age] as number) * (b[age] as number);
  }
  return product / weights;
}

/** Correlation of two pairs as it is; NaN when they share too few returns, or one did not move in the time they share. */
function rawCorrelation(a: Moves, b: Moves): number {
  const known = a.with.get(b);
  if (known !== undefined) return known;
  const alike = a.whole && b.whole && a.from === b.from && a.to === b.to;
  const [product, a_square, b_square] = alike
    ? [productMean(a, b), a.variance, b.variance]
    : moments(a.returns, b.returns, Math.max(a.from, b.from), Math.min(a.to, b.to));
  const found = Math.max(-1, Math.min(1, product / Math.sqrt(a_square * b_square)));
  a.with.set(b, found);
  return found;
}

/** Correlations as they are, row by row; NaN on the diagonal. */
function measured(known: readonly Moves[]): Float64Array {
  const size = known.length;
  const found = new Float64Array(size * size).fill(Number.NaN);
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < i; j++) {
      const raw = rawCorrelation(known[i] as Moves, known[j] as Moves);
      found[i * size + j] = raw;
      found[j * size + i] = raw;
    }
  }
  return found;
}

/** Shrunk towards the mean of those known, in place; the diagonal is 1. */
function shrunk(correlations: Float64Array, size: number): Float64Array {
  let [sum, count] = [0, 0];
  for (const raw of correlations) {
    if (Number.isNaN(raw)) continue;
    sum += raw;
    count += 1;
  }
  const mean = sum / count;
  for (let at = 0; at < correlations.length; at++) {
    correlations[at] = (1 - SHRINKAGE) * (correlations[at] as number) + SHRINKAGE * mean;
  }
  for (let i = 0; i < size; i++) correlations[i * size + i] = 1;
  return correlations;
}
