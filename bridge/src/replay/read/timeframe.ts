/** freqtrade's timeframes. */
import { ReplayInputError, shown } from "./error.js";

const UNIT_MS: Readonly<Record<string, number>> = {
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/**
 * Length of a candle in ms.
 * @throws ReplayInputError for anything but a whole number of seconds to weeks (months have no fixed length)
 */
export function timeframeMs(timeframe: string): number {
  const match = /^([1-9]\d{0,3})([smhdw])$/.exec(timeframe);
  const unit = UNIT_MS[match?.[2] ?? ""];
  if (match === null || unit === undefined) {
    throw new ReplayInputError(`The timeframe ${shown(timeframe)} is not supported; use one like 5m, 1h or 1d.`);
  }
  return Number(match[1]) * unit;
}

/** The timeframe of so many seconds, in the largest unit that fits. @throws ReplayInputError when it is none */
export function timeframeOf(seconds: number): { readonly timeframe: string; readonly timeframe_ms: number } {
  const timeframe_ms = seconds * 1000;
  const found = Object.entries(UNIT_MS).findLast(([, unit]) => timeframe_ms > 0 && timeframe_ms % unit === 0);
  if (found === undefined) throw new ReplayInputError(`${seconds} seconds are no timeframe of freqtrade's.`);
  const [letter, unit] = found;
  return { timeframe: `${timeframe_ms / unit}${letter}`, timeframe_ms };
}
