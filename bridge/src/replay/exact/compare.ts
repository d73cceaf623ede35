/** A gated backtest beside the replay of the ungated one: how far the replay was off, and how much of it is entries that freed slots let in. */
import type { ReadResult } from "../read/backtest.js";
import type { Trade } from "../read/trades.js";
import type { Exact, ReplayResult } from "../run/result.js";
import { closedEquity, maxDrawdown } from "../statistics/drawdown.js";

export function compareExact(result: ReplayResult, ungated: ReadResult, gated: ReadResult): Exact {
  const before = new Set(ungated.trades.map(keyOf));
  const after = new Set(gated.trades.map(keyOf));
  const profit_abs = gated.trades.reduce((sum, trade) => sum + trade.profit_abs, 0);
  const closed = gated.trades.map((trade) => ({ close_ms: trade.close_ms, profit: trade.profit_abs }));
  return {
    start_ms: gated.start_ms,
    end_ms: gated.end_ms,
    trades: gated.trades.length,
    winners: gated.trades.filter((trade) => trade.profit_abs > 0).length,
    profit_abs,
    profit_ratio: profit_abs / gated.starting_balance,
    drawdown_closed: maxDrawdown(gated.starting_balance, closedEquity(gated.starting_balance, closed)),
    profit_change_abs: profit_abs - result.without.profit_abs,
    first_order_off_abs: result.with.profit_abs - profit_abs,
    second_order_off_abs: result.second_order.side.profit_abs - profit_abs,
    trades_in_both: gated.trades.filter((trade) => before.has(keyOf(trade))).length,
    trades_only_gated: gated.trades.filter((trade) => !before.has(keyOf(trade))).length,
    trades_only_ungated: ungated.trades.filter((trade) => !after.has(keyOf(trade))).length,
  };
}

function keyOf(trade: Trade): string {
  return `${trade.pair} ${trade.side} ${trade.open_ms}`;
}
