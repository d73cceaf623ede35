/** freqtrade's per-candle wallet record (`…_<Strategy>_wallet.feather` in the export): the account's value as freqtrade itself saw it. */
import { readFeather } from "./arrow.js";

/** Account value over time, ascending. */
export interface EquityCurve {
  readonly t_ms: Float64Array;
  /** In stake currency. */
  readonly equity: Float64Array;
}

/**
 * Sums the wallet's currencies, each at the rate freqtrade used, per candle.
 * Spot: cash and coins, so mark-to-market. Futures: cash including the stakes of open positions, without their unrealised profit.
 * @throws ReplayInputError when the file is not such a record
 */
export function readWallet(bytes: Uint8Array, file: string): EquityCurve {
  const feather = readFeather(bytes, file);
  const dates = feather.times_ms("date");
  const values = feather.columns.includes("total_quote")
    ? feather.numbers("total_quote")
    : product(feather.numbers("rate"), feather.numbers("balance"));
  const byTime = new Map<number, number>();
  for (let row = 0; row < feather.rows; row++) {
    const at = dates[row] ?? Number.NaN;
    byTime.set(at, (byTime.get(at) ?? 0) + (values[row] ?? Number.NaN));
  }
  const sorted = [...byTime].sort(([a], [b]) => a - b);
  return {
    t_ms: Float64Array.from(sorted, ([at]) => at),
    equity: Float64Array.from(sorted, ([, value]) => value),
  };
}

function product(a: Float64Array, b: Float64Array): Float64Array {
  return a.map((value, i) => value * (b[i] ?? Number.NaN));
}
