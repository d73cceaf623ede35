/** What has been answered for each candidate entry, so that a re-ask counts once and only tightens. Bounded per pair and in total. */
import type { Kind, Side } from "./types.js";

/** Two sides × two counted kinds × the candles a verdict can still be fresh for, and then some: a fresh question is never forgotten. */
export const MAX_ASKED_PER_PAIR = 64;
export const MAX_ASKED = 4096;

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
  readonly answers: Map<string, Asked>;
  /** Keys per pair, oldest first. */
  readonly by_pair: Map<string, string[]>;
}

export function newAskedBook(): AskedBook {
  return { answers: new Map(), by_pair: new Map() };
}

export function askedKey(candidate: Candidate): string {
  return `${candidate.candle_open_ms}|${candidate.side}|${candidate.kind}|${candidate.pair}`;
}

/** Stores an answer, in place; the oldest answers beyond the bounds are forgotten. */
export function remember(book: AskedBook, answer: Asked): void {
  const key = askedKey(answer.candidate);
  if (!book.answers.has(key)) {
    const keys = book.by_pair.get(answer.candidate.pair) ?? [];
    keys.push(key);
    book.by_pair.set(answer.candidate.pair, keys);
    if (keys.length > MAX_ASKED_PER_PAIR) forget(book, keys[0]);
  }
  book.answers.set(key, answer);
  if (book.answers.size > MAX_ASKED) forget(book, book.answers.keys().next().value);
}

function forget(book: AskedBook, key: string | undefined): void {
  const answer = key === undefined ? undefined : book.answers.get(key);
  if (key === undefined || answer === undefined) return;
  book.answers.delete(key);
  const { pair } = answer.candidate;
  const keys = (book.by_pair.get(pair) ?? []).filter((other) => other !== key);
  if (keys.length === 0) book.by_pair.delete(pair);
  else book.by_pair.set(pair, keys);
}
