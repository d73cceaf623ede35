/** Walk-forward: a stretch to choose on, then nothing for as long as both would share candles, then a stretch to judge on; and again, later. */

/** Open times of candles, from (inclusive) to (exclusive), ms since 1970. */
export interface Range {
  readonly from_ms: number;
  readonly to_ms: number;
}

export interface Split {
  readonly train: Range;
  readonly test: Range;
}

export interface Layout {
  readonly embargo_candles: number;
  readonly train_candles: number;
  readonly test_candles: number;
  /** In order of time. */
  readonly splits: readonly Split[];
}

/** A stretch to choose on is as long as this many to judge on. */
const TRAIN_TESTS = 3;
/** Shorter stretches would hold a handful of affected candles. */
export const MIN_TEST_CANDLES = 300;

/** How many candles a layout needs. */
export function neededCandles(windows: number, embargo_candles: number): number {
  return embargo_candles + MIN_TEST_CANDLES * (windows + TRAIN_TESTS);
}

/**
 * Cuts a span into `windows` splits, each a test stretch later than the one before; the last test ends with the span.
 * @returns null when the span is shorter than {@link neededCandles}
 */
export function walkForward(
  span: Range,
  timeframe_ms: number,
  windows: number,
  embargo_candles: number,
): Layout | null {
  const candles = Math.floor((span.to_ms - span.from_ms) / timeframe_ms);
  if (candles < neededCandles(windows, embargo_candles)) return null;
  const test_candles = Math.floor((candles - embargo_candles) / (windows + TRAIN_TESTS));
  const train_candles = TRAIN_TESTS * test_candles;
  const splits = Array.from({ length: windows }, (_, index): Split => {
    const test_to = span.to_ms - (windows - 1 - index) * test_candles * timeframe_ms;
    const test_from = test_to - test_candles * timeframe_ms;
    const train_to = test_from - embargo_candles * timeframe_ms;
    return {
      train: { from_ms: train_to - train_candles * timeframe_ms, to_ms: train_to },
      test: { from_ms: test_from, to_ms: test_to },
    };
  });
  return { embargo_candles, train_candles, test_candles, splits };
}
