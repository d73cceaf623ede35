/**
 * Figures of an account from its daily values: freqtrade's ratios from the balance (data/metrics.py, calculate_*_from_balance: the last value of each UTC
 * day), drawdown and ulcer index on the same days (Martin & McCann 1989, *The Investor's Guide to Fidelity Funds*: root mean square of the drawdowns).
 */
import { expectedShortfall } from "./expected_shortfall.js";

const DAY_MS = 86_400_000;
const YEAR = Math.sqrt(365);
const TAIL = 0.05;

/** Last value of each UTC day, and the first moment of that day. */
export function dailyCloses(t_ms: Float64Array, values: Float64Array): { day_ms: Float64Array; close: Float64Array } {
  const days: number[] = [];
  const closes: number[] = [];
  t_ms.forEach((t, row) => {
    const day = Math.floor(t / DAY_MS) * DAY_MS;
    if (days.at(-1) !== day) {
      days.push(day);
      closes.push(0);
    }
    closes[closes.length - 1] = values[row] ?? Number.NaN;
  });
  return { day_ms: Float64Array.from(days), close: Float64Array.from(closes) };
}

/** Relative changes from day to day; null when the account was ever at or below 0. */
export function dailyReturns(closes: Float64Array): Float64Array | null {
  if (closes.some((value) => !(value > 0))) return null;
  return Float64Array.from({ length: Math.max(0, closes.length - 1) }, (_, day) => {
    return (closes[day + 1] ?? Number.NaN) / (closes[day] ?? Number.NaN) - 1;
  });
}

export interface DailyFigures {
  readonly cvar95_daily: number | null;
  readonly drawdown_daily: number;
  readonly ulcer_daily: number;
  readonly sharpe_daily: number | null;
  readonly sortino_daily: number | null;
  readonly calmar_daily: number | null;
}

/**
 * @param returns per day
 * @param index which days, in which order; absent: all of them
 * @param scratch as long as `index`, overwritten
 */
export function dailyFigures(returns: Float64Array, index: Int32Array | null, scratch: Float64Array): DailyFigures {
  const n = index?.length ?? returns.length;
  let [sum, squares, falls, fallSum, fallSquares] = [0, 0, 0, 0, 0];
  let [value, high, deepest, underwater] = [1, 1, 0, 0];
  for (let i = 0; i < n; i++) {
    const change = returns[index === null ? i : (index[i] ?? 0)] ?? Number.NaN;
    scratch[i] = change;
    sum += change;
    squares += change * change;
    if (change < 0) {
      falls += 1;
      fallSum += change;
      fallSquares += change * change;
    }
    value *= 1 + change;
    if (value > high) high = value;
    const drawdown = 1 - value / high;
    if (drawdown > deepest) deepest = drawdown;
    underwater += drawdown * drawdown;
  }
  const mean = sum / n;
  scratch.subarray(0, n).sort();
  return {
    cvar95_daily: expectedShortfall(scratch.subarray(0, n), TAIL),
    drawdown_daily: deepest,
    ulcer_daily: n === 0 ? 0 : Math.sqrt(underwater / (n + 1)),
    sharpe_daily: ratio(mean, deviation(sum, squares, n)),
    sortino_daily: ratio(mean, deviation(fallSum, fallSquares, falls)),
    calmar_daily: ratio(((value - 1) / n) * 100, deepest),
  };
}

function deviation(sum: number, squares: number, count: number): number {
  if (count === 0) return 0;
  const variance = squares / count - (sum / count) ** 2;
  return variance > 1e-14 * (squares / count) ? Math.sqrt(variance) : 0;
}

function ratio(mean: number, spread: number): number | null {
  return spread > 0 ? (mean / spread) * YEAR : null;
}
