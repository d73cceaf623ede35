/** What has been answered for each candidate entry, so that a re-ask counts once and only tightens. Bounded per pair and in total. */
import { FIXED } from "../limits.js";
import type { Kind, Side } from "./types.js";

/** Two sides × two counted kinds × the candles a verdict can still be fresh for, and then some: a fresh question is never forgotten. */
export const MAX_ASKED_PER_PAIR = FIXED.asked_per_pair;
export const MAX_ASKED = FIXED.asked;

/** The standing answer to one candidate. */
export interface Asked {
  readonly candidate: Candidate;
  /** First proposal: what every later question is judged against. */
  readonly first_stake: number;
  /** The most any answer still allows; 0 when denied. */
  readonly ceiling: number;
  readonly denied: boolean;
  /** What holds the ceiling below the first proposal; code 0 when nothing does. */
  readonly reason: number;
  readonly value: number;
  readonly limit: number;
}

export type Candidate = {
  readonly pair: string;
  readonly side: Side;
  readonly kind: Kind;
  readonly candle_open_ms: number;
};

export interface AskedBook {
  /**
   * Answers per pair, oldest first; pairs in order of their newest question. Lists, not maps: they hold a few dozen, so looking through one takes
   * less than making a key; and a map whose oldest entry goes for every new one is rebuilt again and again, and what it leaves behind keeps
   * forgotten answers alive until the whole heap is collected.
   */
  readonly pairs: Map<string, Asked[]>;
  /** Answers held in all. */
  size: number;
}

export function newAskedBook(): AskedBook {
  return { pairs: new Map(), size: 0 };
}

/** The standing answer to a question, if it was asked before. */
export function recall(book: AskedBook, candidate: Candidate): Asked | undefined {
  const answers = book.pairs.get(candidate.pair);
  return answers === undefined ? undefined : answers[placeOf(answers, candidate)];
}

/** Every standing answer, in an order in which remembering them again gives the same book. */
export function* standing(book: AskedBook): Generator<Asked> {
  for (const answers of book.pairs.values()) yield* answers;
}

/** Stores an answer, in place; the oldest answers beyond the bounds are forgotten. */
export function remember(book: AskedBook, answer: Asked): void {
  const { candidate } = answer;
  const answers = book.pairs.get(candidate.pair) ?? [];
  const place = placeOf(answers, candidate);
  if (place >= 0) {
    answers[place] = answer;
    return;
  }
  answers.push(answer);
  book.size += 1;
  book.pairs.delete(candidate.pair);
  book.pairs.set(candidate.pair, answers);
  if (answers.length > MAX_ASKED_PER_PAIR) forgetOldest(book, candidate.pair, answers);
  if (book.size <= MAX_ASKED) return;
  for (const [pair, quietest] of book.pairs) {
    forgetOldest(book, pair, quietest);
    return;
  }
}

/** Questions are about the newest candle as a rule: searched from the end. @returns -1 for none */
function placeOf(answers: readonly Asked[], candidate: Candidate): number {
  for (let at = answers.length - 1; at >= 0; at--) {
    const answer = answers[at];
    if (answer !== undefined && isSame(answer.candidate, candidate)) return at;
  }
  return -1;
}

function isSame(a: Candidate, b: Candidate): boolean {
  return a.candle_open_ms === b.candle_open_ms && a.side === b.side && a.kind === b.kind;
}

function forgetOldest(book: AskedBook, pair: string, answers: Asked[]): void {
  answers.shift();
  book.size -= 1;
  if (answers.length === 0) book.pairs.delete(pair);
}
