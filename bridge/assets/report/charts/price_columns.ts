/** The columns of a price chart, out of the page's data. */
import { NO_SIZE, type PackedPrices, SIZE_STEPS } from "../../../src/replay/report/data/types.js";
import { float32, uint8 } from "../data.js";

export interface Prices {
  readonly pair: string;
  readonly step_s: number;
  readonly times: Float64Array;
  readonly close: (number | null)[];
  readonly high: (number | null)[];
  readonly low: (number | null)[];
  /** Where the price was expected to go at worst against a long, and against a short. */
  readonly worst_long: (number | null)[];
  readonly worst_short: (number | null)[];
  /** Smallest candle size of the bucket; null while warming up. */
  readonly size: (number | null)[];
}

export function pricesOf(packed: PackedPrices): Prices {
  const close = float32(packed.close);
  const beyond = (log_loss: Float32Array, sign: 1 | -1): (number | null)[] =>
    Array.from(log_loss, (value, row) => orNull((close[row] ?? Number.NaN) * Math.exp(sign * value)));
  return {
    pair: packed.pair,
    step_s: packed.step_s,
    times: Float64Array.from({ length: packed.rows }, (_, row) => packed.from_s + row * packed.step_s),
    close: Array.from(close, orNull),
    high: Array.from(float32(packed.high), orNull),
    low: Array.from(float32(packed.low), orNull),
    worst_long: beyond(float32(packed.adverse_long), -1),
    worst_short: beyond(float32(packed.adverse_short), 1),
    size: Array.from(uint8(packed.size), (step) => (step === NO_SIZE ? null : step / SIZE_STEPS)),
  };
}

/** uPlot leaves a gap where a value is null. */
function orNull(value: number): number | null {
  return Number.isNaN(value) ? null : value;
}
