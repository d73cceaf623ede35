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
  /** Answers per pair, oldest first; pairs in order of their newest question. */
  readonly pairs: Map<string, Map<string, Asked>>;
  /** Answers held in all. */
  size: number;
}

export function newAskedBook(): AskedBook {
  return { pairs: new Map(), size: 0 };
}

/** The standing answer to a question, if it was asked before. */
export function recall(book: AskedBook, candidate: Candidate): Asked | undefined {
  return book.pairs.get(candidate.pair)?.get(keyOf(candidate));
}

/** Every standing answer, in an order in which remembering them again gives the same book. */
export function* standing(book: AskedBook): Generator<Asked> {
  for (const answers of book.pairs.values()) yield* answers.values();
}

/** Stores an answer, in place; the oldest answers beyond the bounds are forgotten. */
export function remember(book: AskedBook, answer: Asked): void {
  const { candidate } = answer;
  const key = keyOf(candidate);
  const answers = book.pairs.get(candidate.pair) ?? new Map<string, Asked>();
  if (!answers.has(key)) {
    book.size += 1;
    book.pairs.delete(candidate.pair);
    book.pairs.set(candidate.pair, answers);
  }
  answers.set(key, answer);
  if (answers.size > MAX_ASKED_PER_PAIR) forgetOldest(book, candidate.pair, answers);
  if (book.size <= MAX_ASKED) return;
  for (const [pair, quietest] of book.pairs) {
    forgetOldest(book, pair, quietest);
    return;
  }
}

function forgetOldest(book: AskedBook, pair: string, answers: Map<string, Asked>): void {
  for (const key of answers.keys()) {
    answers.delete(key);
    book.size -= 1;
    break;
  }
  if (answers.size === 0) book.pairs.delete(pair);
}

function keyOf({ candle_open_ms, side, kind }: Candidate): string {
  return `${candle_open_ms}|${side}|${kind}`;
}
