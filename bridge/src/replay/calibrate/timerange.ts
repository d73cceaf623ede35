/** freqtrade's --timerange: from and to, either may be left out. */
import { ReplayInputError, shown } from "../read/error.js";
import type { Range } from "./windows.js";

/** @throws ReplayInputError for anything but dates (20250131), seconds or milliseconds since 1970 */
export function timerange(text: string): Range {
  const match = /^(\d{8}|\d{10}|\d{13})?-(\d{8}|\d{10}|\d{13})?$/.exec(text);
  const from_ms = instant(match?.[1] ?? "", Number.NEGATIVE_INFINITY);
  const to_ms = instant(match?.[2] ?? "", Number.POSITIVE_INFINITY);
  if (match === null || !(from_ms < to_ms)) {
    throw new ReplayInputError(
      `--timerange ${shown(text)}: write it as freqtrade does, e.g. 20250101-20260101 or 20250101-.`,
    );
  }
  return { from_ms, to_ms };
}

function instant(text: string, absent: number): number {
  if (text === "") return absent;
  if (text.length === 8) return Date.parse(`${text.slice(0, 4)}-${text.slice(4, 6)}-${text.slice(6)}T00:00:00Z`);
  return Number(text) * (text.length === 10 ? 1000 : 1);
}

/** The same for freqtrade, to the second. */
export function toTimerange({ from_ms, to_ms }: Range): string {
  return `${Math.ceil(from_ms / 1000)}-${Math.floor(to_ms / 1000)}`;
}
