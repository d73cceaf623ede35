/** Times on an axis and under the cursor, UTC. */
import uPlot from "uplot";

/** @param step_s distance of two labels; 0: to the minute */
export function timeLabel(at_s: number, step_s: number): string {
  const text = new Date(at_s * 1000).toISOString().replace("T", " ");
  if (step_s >= 28 * 86_400) return text.slice(0, 7);
  if (step_s >= 86_400) return text.slice(5, 10);
  return text.slice(step_s === 0 ? 0 : 5, 16);
}

/** Midnight is midnight in UTC, wherever the reader is. */
export function utc(seconds: number): Date {
  return uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC");
}
