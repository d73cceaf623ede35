/** Entry rate: how many new entries were confirmed lately. Bounded whatever is asked. */
import type { Candidate } from "../gate/asked.js";
import { FIXED } from "../limits.js";

/** As many as a limit may admit: what is forgotten beyond is more than any limit counts. */
export const MAX_ENTRIES = FIXED.confirmed_entries;

/** An entry that was let through at its last question. */
export interface ConfirmedEntry extends Pick<Candidate, "pair" | "side" | "candle_open_ms"> {
  readonly at_ms: number;
}

type Asked = Pick<Candidate, "pair" | "side" | "candle_open_ms">;

/** Adds an entry, in place, unless it is a re-ask of one; the oldest beyond the bound are forgotten. */
export function addEntry(entries: ConfirmedEntry[], entry: ConfirmedEntry): void {
  // Every confirmation of a backtest passes here: from the newest on, where a re-ask is.
  for (let at = entries.length - 1; at >= 0; at--) {
    const known = entries[at];
    if (known !== undefined && isSame(known, entry)) return;
  }
  entries.push(entry);
  if (entries.length > MAX_ENTRIES) entries.shift();
}

/** Number of entries confirmed after `since_ms`, a re-ask's own aside. */
export function entriesSince(entries: readonly ConfirmedEntry[], since_ms: number, asked: Asked): number {
  let count = 0;
  for (const entry of entries) if (entry.at_ms > since_ms && !isSame(entry, asked)) count += 1;
  return count;
}

/** When fewer than `most` entries will be left in the window; null: now. */
export function roomAt(
  entries: readonly ConfirmedEntry[],
  now_ms: number,
  most: number,
  window_ms: number,
): number | null {
  const inside = entries.map(({ at_ms }) => at_ms).filter((at_ms) => at_ms > now_ms - window_ms);
  const leaver = inside.sort((a, b) => b - a)[most - 1];
  return leaver === undefined ? null : leaver + window_ms;
}

function isSame(a: Asked, b: Asked): boolean {
  return a.candle_open_ms === b.candle_open_ms && a.pair === b.pair && a.side === b.side;
}
