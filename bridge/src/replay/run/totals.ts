/** Totals over trades at the sizes let through. */
import type { ReadResult } from "../read/backtest.js";
import type { Trade } from "../read/trades.js";
import { closedEquity, maxDrawdown } from "../statistics/drawdown.js";
import { adverseExcursion, averageExcursion } from "../statistics/excursion.js";
import type { SideTotals } from "./result.js";
import type { JudgedLeg } from "./walk.js";

/** One trade with what its entry orders earned at the sizes let through. */
export interface TakenTrade {
  readonly trade: Trade;
  readonly profit: number;
  /** Stake × leverage let through. */
  readonly weight: number;
  readonly taken: boolean;
}

/** Every trade of the backtest, in its order, when each entry order counts with `shareOf`. */
export function tradesAt(
  backtest: Pick<ReadResult, "trades">,
  judged: readonly JudgedLeg[],
  shareOf: (leg: JudgedLeg) => number,
): TakenTrade[] {
  const byTrade = new Map<number, { profit: number; weight: number; taken: boolean }>();
  for (const item of judged) {
    const { trade } = item.leg;
    const share = shareOf(item);
    const sum = byTrade.get(trade.index) ?? { profit: 0, weight: 0, taken: false };
    sum.profit += item.leg.profit * share;
    sum.weight += item.leg.stake * trade.leverage * share;
    sum.taken ||= share > 0;
    byTrade.set(trade.index, sum);
  }
  return backtest.trades.map((trade) => ({
    trade,
    ...(byTrade.get(trade.index) ?? { profit: 0, weight: 0, taken: false }),
  }));
}

/** @param marked account value at every candle */
export function totals(
  backtest: Pick<ReadResult, "starting_balance">,
  all: readonly TakenTrade[],
  marked: Float64Array,
): SideTotals {
  const trades = all.filter(({ taken }) => taken);
  const profit_abs = trades.reduce((sum, { profit }) => sum + profit, 0);
  const closed = trades.map(({ trade, profit }) => ({ close_ms: trade.close_ms, profit }));
  return {
    profit_abs,
    profit_ratio: profit_abs / backtest.starting_balance,
    trades: trades.length,
    winners: trades.filter(({ profit }) => profit > 0).length,
    drawdown_closed: maxDrawdown(backtest.starting_balance, closedEquity(backtest.starting_balance, closed)),
    drawdown_marked: maxDrawdown(backtest.starting_balance, [...marked, backtest.starting_balance + profit_abs]),
    adverse_excursion: averageExcursion(
      trades.map(({ trade, weight }) => ({ excursion: adverseExcursion(trade), weight })),
    ),
  };
}
