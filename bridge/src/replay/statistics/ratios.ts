/**
 * Sharpe, Sortino and Calmar ratios and the profit factor by freqtrade's definitions (data/metrics.py, optimize_reports.py): profits over the starting
 * balance, mean per day of the backtest against the spread per trade, annualised by √365. Where freqtrade writes −100 for "cannot be told", null.
 */
const YEAR = Math.sqrt(365);

/** Sums over the trades taken that all ratios come from; profits as a share of the starting balance. */
export interface TradeSums {
  count: number;
  sum: number;
  squares: number;
  gains: number;
  losses: number;
  loss_count: number;
  loss_squares: number;
}

export function noTrades(): TradeSums {
  return { count: 0, sum: 0, squares: 0, gains: 0, losses: 0, loss_count: 0, loss_squares: 0 };
}

/** Adds one trade. */
export function addTrade(sums: TradeSums, profit: number): void {
  sums.count += 1;
  sums.sum += profit;
  sums.squares += profit * profit;
  if (profit > 0) sums.gains += profit;
  else if (profit < 0) {
    sums.losses -= profit;
    sums.loss_count += 1;
    sums.loss_squares += profit * profit;
  }
}

/** Whole days of the backtest, at least 1. */
export function wholeDays(start_ms: number, end_ms: number): number {
  return Math.max(1, Math.floor((end_ms - start_ms) / 86_400_000));
}

/** calculate_sharpe. */
export function sharpe(sums: TradeSums, days: number): number | null {
  return ratio(sums.sum / days, deviation(sums.sum, sums.squares, sums.count));
}

/** calculate_sortino: the spread of the losing trades about their own mean. */
export function sortino(sums: TradeSums, days: number): number | null {
  return ratio(sums.sum / days, deviation(-sums.losses, sums.loss_squares, sums.loss_count));
}

/** calculate_calmar. @param drawdown maximum drawdown of the balance after each closed trade, as a ratio */
export function calmar(sums: TradeSums, days: number, drawdown: number): number | null {
  return ratio((sums.sum / days) * 100, drawdown);
}

/** Gains over losses; null without losses (freqtrade writes 0). */
export function profitFactor(sums: TradeSums): number | null {
  return sums.losses > 0 ? sums.gains / sums.losses : null;
}

/** Population standard deviation; 0 also when rounding alone would make it anything else. */
function deviation(sum: number, squares: number, count: number): number {
  if (count === 0) return 0;
  const variance = squares / count - (sum / count) ** 2;
  return variance > 1e-14 * (squares / count) ? Math.sqrt(variance) : 0;
}

function ratio(mean: number, spread: number): number | null {
  return spread > 0 ? (mean / spread) * YEAR : null;
}
