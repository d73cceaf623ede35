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
  const first = profitsOf(result.entries);
  const shared = gated.trades.filter((trade) => before.has(keyOf(trade)));
  const only_gated = gated.trades.filter((trade) => !before.has(keyOf(trade)));
  const only_ungated = ungated.trades.filter((trade) => !after.has(keyOf(trade)));
  const first_shared = sum(
    ungated.trades.filter((trade) => after.has(keyOf(trade))).map(({ index }) => first.get(index)),
  );
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
    trades_in_both: shared.length,
    trades_only_gated: only_gated.length,
    trades_only_ungated: only_ungated.length,
    parts: {
      in_both_abs: first_shared - sum(shared.map((trade) => trade.profit_abs)),
      only_ungated_abs: sum(only_ungated.map(({ index }) => first.get(index))),
      only_gated_abs: -sum(only_gated.map((trade) => trade.profit_abs)),
    },
  };
}

/** What each trade earns by the first order. */
function profitsOf(entries: ReplayResult["entries"]): ReadonlyMap<number, number> {
  const profits = new Map<number, number>();
  for (const { trade, profit_with } of entries) profits.set(trade, (profits.get(trade) ?? 0) + (profit_with ?? 0));
  return profits;
}

function sum(values: readonly (number | undefined)[]): number {
  return values.reduce<number>((total, value) => total + (value ?? 0), 0);
}

function keyOf(trade: Trade): string {
  return `${trade.pair} ${trade.side} ${trade.open_ms}`;
}
