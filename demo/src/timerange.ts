/** freqtrade's time ranges: `20250901-20251101`, open at either end, with `THHMM`, or in seconds or milliseconds since 1970. */

import { CannotRun } from "./options.js";

/** Bounds in ms since 1970; null: open. */
export interface TimeRange {
  readonly start_ms: number | null;
  readonly stop_ms: number | null;
}

const EDGE = /^(?:(\d{4})(\d{2})(\d{2})(?:T(\d{2})(\d{2}))?|(\d{10})|(\d{13}))$/;

/** @throws CannotRun when freqtrade would not understand it, or when it is empty */
export function parseTimeRange(text: string): TimeRange {
  const parts = text.split("-");
  const [start, stop] = parts;
  if (parts.length !== 2 || start === undefined || stop === undefined || text === "-") throw unreadable(text);
  const range = { start_ms: edge(start, text), stop_ms: edge(stop, text) };
  if (range.start_ms !== null && range.stop_ms !== null && range.start_ms >= range.stop_ms)
    throw new CannotRun(`--timerange ${text} ends before it starts: put the earlier date first.`);
  return range;
}

function edge(text: string, whole: string): number | null {
  if (text === "") return null;
  const match = EDGE.exec(text);
  if (match === null) throw unreadable(whole);
  const [, year, month, day, hour = "0", minute = "0", seconds, milliseconds] = match;
  if (seconds !== undefined) return Number(seconds) * 1000;
  if (milliseconds !== undefined) return Number(milliseconds);
  const time = Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute));
  if (formatTime(time) !== `${year}${month}${day}T${hour.padStart(2, "0")}${minute.padStart(2, "0")}`)
    throw unreadable(whole);
  return time;
}

function unreadable(text: string): CannotRun {
  return new CannotRun(
    `--timerange ${text}: write START-END as dates, e.g. 20250901-20251101; either may be left out.`,
  );
}

/** `20250901T0005`, which freqtrade reads back. */
export function formatTime(time_ms: number): string {
  return new Date(time_ms).toISOString().replace(/[-:]/g, "").slice(0, 13);
}

/** `2025-09-01 00:05`, for people. */
export function readableTime(time_ms: number): string {
  return new Date(time_ms).toISOString().slice(0, 16).replace("T", " ");
}
