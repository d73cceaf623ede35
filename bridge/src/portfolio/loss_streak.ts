/**
 * Loss streak: a pause after several losing trades in a row, as freqtrade's StoplossGuard is used, but counted over all pairs and any loss.
 * Only closed trades count, and only time or a trade without a loss ends it: it cannot be started by a win, nor last for want of trades.
 */
import type { Outcome } from "./outcomes.js";

const HOUR_MS = 3_600_000;

/**
 * When the pause ends; null when there is none. Every further loss begins it anew, until a trade closes without one.
 * @param trades losses in a row that start a pause
 */
export function streakPause(outcomes: readonly Outcome[], trades: number, pause_hours: number): number | null {
  const newest = outcomes.at(-1);
  if (newest === undefined || lossesInARow(outcomes, trades) < trades) return null;
  return newest.close_ms + pause_hours * HOUR_MS;
}

/** Losing trades at the end of the list, counted up to `most`. */
export function lossesInARow(outcomes: readonly Outcome[], most: number): number {
  let count = 0;
  for (let i = outcomes.length - 1; i >= 0 && count < most; i--) {
    if (!((outcomes[i]?.profit ?? 0) < 0)) break;
    count += 1;
  }
  return count;
}
