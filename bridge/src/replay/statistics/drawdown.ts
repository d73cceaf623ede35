/** Maximum drawdown by freqtrade's definition (data/metrics.py, calculate_max_drawdown). */

export interface Drawdown {
  /** Largest fall below the highest value so far, in stake currency. */
  readonly abs: number;
  /** That fall as a share of the highest value; freqtrade's `max_drawdown_account`. Not necessarily the largest share. */
  readonly ratio: number;
}

/**
 * @param start account value before the first of `values`
 * @param values account values in order of time
 */
export function maxDrawdown(start: number, values: Iterable<number>): Drawdown {
  let high = start;
  let abs = 0;
  let ratio = 0;
  for (const value of values) {
    if (value > high) high = value;
    if (high - value > abs) {
      abs = high - value;
      ratio = abs / high;
    }
  }
  return { abs, ratio };
}

/** Account values after each closed trade, in order of closing: what freqtrade's drawdown of a backtest is measured on. */
export function closedEquity(
  start: number,
  closed: readonly { readonly close_ms: number; readonly profit: number }[],
): number[] {
  let equity = start;
  return [...closed]
    .sort((a, b) => a.close_ms - b.close_ms)
    .map(({ profit }) => {
      equity += profit;
      return equity;
    });
}
