/**
 * The grid of times on which closes are compared, as the shim takes it (python-shim/src/talebridge/history.py): an hour between two, as far as a bot's
 * frames reach back at that, which is twelve candles; one candle where that is longer.
 */
import { LIMITS } from "../protocol/codes.js";

const HOUR_MS = 3_600_000;
const MOST_CANDLES = 12;

export interface CloseGrid {
  readonly step_ms: number;
  /** Closes told of a pair: as many as a live frame is sure to hold. */
  readonly count: number;
}

/** @param memory_rows candles that precede the first one traded on */
export function closeGrid(timeframe_ms: number, memory_rows: number): CloseGrid {
  const candles = Math.max(1, Math.min(MOST_CANDLES, Math.floor(HOUR_MS / timeframe_ms)));
  return {
    step_ms: timeframe_ms * candles,
    count: Math.min(LIMITS.closes, Math.floor((memory_rows + 1) / candles)),
  };
}

/** The last time on the grid at which the candle that opened at `open_ms`, or one before it, has closed. */
export function lastOnGrid({ step_ms }: CloseGrid, timeframe_ms: number, open_ms: number): number {
  const phase_ms = open_ms % timeframe_ms;
  return Math.floor((open_ms - phase_ms + timeframe_ms) / step_ms) * step_ms + phase_ms;
}
