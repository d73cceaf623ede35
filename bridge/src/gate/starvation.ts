/**
 * Starvation: far more candidates are denied than the profile denies of ordinary ones. An alarm for people; nothing is loosened by it. Pure: computed
 * from the answers a session remembers.
 */
import { type ReasonName, reasonName } from "../protocol/codes.js";
import { type Asked, type AskedBook, standing } from "./asked.js";

/** Candidates looked back on. */
const WINDOW = 200;
/** Fewer say nothing. */
const LEAST = 20;
/** How unlikely the denials must be, if each candidate were denied with the nominal probability. */
const SIGNIFICANCE = 1e-3;
const REASONS_NAMED = 3;

/** What denies most, and which level of its limit would have let half of those pass. */
export interface StarvedBy {
  readonly reason: ReasonName;
  readonly denied: number;
  /** Median of the measure among them: with the limit there half would have passed it. Null where the reason has no measure. */
  readonly half_at: number | null;
  /** The limit as it was for the newest; null: none. */
  readonly limit: number | null;
}

export interface Starvation {
  readonly candidates: number;
  readonly denied: number;
  /** The most frequent reasons, at most three. */
  readonly by: readonly StarvedBy[];
}

/**
 * The alarm; null while there is none.
 * @param nominal share of ordinary candidates that the profile's rules cut or deny
 */
export function starvation(book: AskedBook, nominal: number): Starvation | null {
  const newest = [...standing(book)]
    .sort((a, b) => b.candidate.candle_open_ms - a.candidate.candle_open_ms)
    .slice(0, WINDOW);
  const denied = newest.filter((answer) => answer.denied);
  if (newest.length < LEAST || atLeast(denied.length, newest.length, nominal) >= SIGNIFICANCE) return null;
  return { candidates: newest.length, denied: denied.length, by: mostFrequent(denied) };
}

/** P(X ≥ k) of a binomial distribution. */
export function atLeast(k: number, n: number, p: number): number {
  let term = (1 - p) ** n;
  let below = 0;
  for (let i = 0; i < k; i++) {
    below += term;
    term *= ((n - i) / (i + 1)) * (p / (1 - p));
  }
  return Math.max(0, 1 - below);
}

/** @param denied newest first */
function mostFrequent(denied: readonly Asked[]): StarvedBy[] {
  const groups = new Map<ReasonName, Asked[]>();
  for (const answer of denied) {
    const name = reasonName(answer.reason);
    if (name !== null) groups.set(name, [...(groups.get(name) ?? []), answer]);
  }
  return [...groups]
    .sort(([, a], [, b]) => b.length - a.length)
    .slice(0, REASONS_NAMED)
    .map(([reason, answers]) => {
      const values = answers.map(({ value }) => value).filter(Number.isFinite);
      const median = values.sort((a, b) => a - b)[Math.floor(values.length / 2)];
      const limit = answers[0]?.limit ?? Number.NaN;
      return {
        reason,
        denied: answers.length,
        half_at: median ?? null,
        limit: Number.isFinite(limit) ? limit : null,
      };
    });
}
