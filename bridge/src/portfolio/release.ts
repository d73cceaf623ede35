/** When a limit that denies now will no longer do so, at the latest: by time alone, with equity as it is. */
import { DAY_MS, dayOf, type Marks } from "./equity.js";

/**
 * End of a denial that is measured from the rolling high-water mark: when the last mark that is too high has left the window.
 * @param denies whether the limit denies at a time; asked of the moments at which a mark leaves
 * @returns ms since 1970; null when no mark is in the window
 */
export function windowEnds(
  marks: Marks,
  now_ms: number,
  window_days: number,
  denies: (at_ms: number) => boolean,
): number | null {
  let left_ms: number | null = null;
  for (const mark of marks.peaks) {
    const leaves_ms = mark.t_ms + window_days * DAY_MS + 1;
    if (leaves_ms <= now_ms) continue;
    left_ms = leaves_ms;
    if (!denies(leaves_ms)) break;
  }
  return left_ms;
}

/** The next UTC midnight: every day's loss is measured anew. */
export function nextMidnight(now_ms: number): number {
  return (dayOf(now_ms) + 1) * DAY_MS;
}
