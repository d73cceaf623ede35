/** Counts the entries of a gated run from the daemon's journal. */

import { foldJournal, readJournal } from "../../bridge/dist/journal/reader.js";

export interface Entries {
  readonly asked: number;
  readonly allowed: number;
  readonly reduced: number;
  readonly denied: number;
  /** Reduced and denied entries by binding reason, most frequent first. */
  readonly reasons: ReadonlyMap<string, number>;
}

/**
 * Each candidate entry counts once, under its strictest answer.
 * @param journal directory of a daemon that has ended
 * @param settled sums over the sessions that began after this wall-clock time, in ms
 */
export function countEntries(journal: string, settled: number): Entries {
  const sessions = new Set<string>();
  for (const line of readJournal(journal))
    if (line.type === "hello" && line.t_ms >= settled) sessions.add(line.session);
  const total = { asked: 0, allowed: 0, reduced: 0, denied: 0 };
  const reasons = new Map<string, number>();
  for (const [name, { state }] of foldJournal(journal)) {
    if (!sessions.has(name)) continue;
    const { tally } = state;
    total.asked += tally.asked;
    total.allowed += tally.allowed;
    total.reduced += tally.reduced;
    total.denied += tally.denied;
    for (const [reason, count] of tally.by_reason) reasons.set(reason, (reasons.get(reason) ?? 0) + count);
  }
  return { ...total, reasons: new Map([...reasons].sort(([, a], [, b]) => b - a)) };
}
