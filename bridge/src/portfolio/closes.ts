/** Closes of pairs on one grid of times, as a session's client tells them: what dependence is measured on. Bounded; plain data. */
import { LIMITS } from "../protocol/codes.js";

/** New closes of a pair, the last at `until_ms`, one grid step apart; null: not known. */
export type CloseRow = readonly [pair: string, until_ms: number, closes: readonly (number | null)[]];

export interface CloseNews {
  readonly step_s: number;
  /** Closes kept of a pair: the same whenever it was first told. */
  readonly keep: number;
  readonly rows: readonly CloseRow[];
}

/** The newest closes of one pair. */
export interface Series {
  readonly until_ms: number;
  readonly closes: readonly (number | null)[];
}

/** Replaced, never changed, so that what is computed from it holds as long as it does. */
export interface CloseBook {
  readonly step_ms: number;
  readonly keep: number;
  /** In order of their newest closes. */
  readonly series: ReadonlyMap<string, Series>;
}

/**
 * The book with news added. Closes that follow on known ones are appended, others replace them; of a pair the newest are kept, and of pairs those told
 * last. A client can tell what is kept: it sends again what is not. Another grid begins a new book.
 */
export function withCloses(book: CloseBook | null, { step_s, keep, rows }: CloseNews): CloseBook {
  const step_ms = step_s * 1000;
  const [first] = rows;
  const kept = book !== null && (first === undefined || onGrid(book, step_ms, first[1])) ? book.series : [];
  const series = new Map<string, Series>(kept);
  for (const [pair, until_ms, closes] of rows) {
    const before = series.get(pair);
    series.delete(pair);
    series.set(pair, { until_ms, closes: joined(before, until_ms, closes, step_ms).slice(-keep) });
  }
  for (const pair of series.keys()) {
    if (series.size <= LIMITS.close_pairs_kept) break;
    series.delete(pair);
  }
  return { step_ms, keep, series };
}

/** Time of the newest close; 0: none. */
export function newestClose({ series }: CloseBook): number {
  let newest = 0;
  for (const { until_ms } of series.values()) newest = Math.max(newest, until_ms);
  return newest;
}

function joined(
  before: Series | undefined,
  until_ms: number,
  closes: readonly (number | null)[],
  step_ms: number,
): readonly (number | null)[] {
  if (before === undefined || until_ms < before.until_ms) return closes;
  // Closes told a second time take the place of the first.
  const overlap = closes.length - (until_ms - before.until_ms) / step_ms;
  return overlap < 0 ? closes : [...before.closes.slice(0, Math.max(0, before.closes.length - overlap)), ...closes];
}

function onGrid(book: CloseBook, step_ms: number, until_ms: number): boolean {
  return book.step_ms === step_ms && (until_ms - newestClose(book)) % step_ms === 0;
}
