/** Closed trades of a session, newest last: what loss streaks and Kelly are measured by. Bounded whatever is sent. */
import { FIXED } from "../limits.js";

/** More than Kelly's estimate gains from, and more than any streak that can be asked for. */
export const MAX_OUTCOMES = FIXED.closed_trades;

/** A closed trade. */
export interface Outcome {
  /** freqtrade's number of the trade: two trades may close in the same moment. */
  readonly trade: number;
  readonly close_ms: number;
  /** Profit as a share of the stake, after fees; leverage makes it larger. Below 0: a loss. */
  readonly profit: number;
}

/** Close of the newest trade known; 0: none is. */
export function closedUntil(outcomes: readonly Outcome[]): number {
  return outcomes.at(-1)?.close_ms ?? 0;
}

/** Whether a trade is news: closed after the newest known, or in the same moment and not known yet. */
export function isNews(outcomes: readonly Outcome[], { trade, close_ms, profit }: Outcome): boolean {
  if (!Number.isFinite(profit)) return false;
  const until_ms = closedUntil(outcomes);
  if (close_ms !== until_ms) return close_ms > until_ms;
  return !outcomes.some((known) => known.close_ms === close_ms && known.trade === trade);
}

/** Adds a trade, in place, unless it is known; the oldest beyond the bound are forgotten. */
export function addOutcome(outcomes: Outcome[], outcome: Outcome): void {
  if (!isNews(outcomes, outcome)) return;
  outcomes.push(outcome);
  if (outcomes.length > MAX_OUTCOMES) outcomes.shift();
}
