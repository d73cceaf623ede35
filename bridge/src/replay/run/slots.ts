/** How often the backtest had no room for another trade, as it ran and with the gate. */
import type { ReadResult } from "../read/backtest.js";
import type { ReplayResult } from "./result.js";
import type { TakenTrade } from "./totals.js";

export function slotsOf(
  backtest: Pick<ReadResult, "max_open_trades" | "rejected_signals" | "start_ms" | "end_ms">,
  trades: { readonly without: readonly TakenTrade[]; readonly with: readonly TakenTrade[] },
): ReplayResult["second_order"]["slots"] {
  const { max_open_trades } = backtest;
  const share = (of: readonly TakenTrade[]): number | null =>
    max_open_trades === null ? null : fullShare(of, max_open_trades, backtest.end_ms - backtest.start_ms);
  return {
    max_open_trades,
    full_share_without: share(trades.without),
    full_share_with: share(trades.with),
    rejected_signals: backtest.rejected_signals,
  };
}

function fullShare(trades: readonly TakenTrade[], slots: number, span_ms: number): number {
  const changes = trades
    .filter(({ taken }) => taken)
    .flatMap(({ trade }) => [
      { t_ms: trade.open_ms, by: 1 },
      { t_ms: trade.close_ms, by: -1 },
    ])
    .sort((a, b) => a.t_ms - b.t_ms || a.by - b.by);
  let [open, full_ms, since_ms] = [0, 0, 0];
  for (const { t_ms, by } of changes) {
    if (open >= slots) full_ms += t_ms - since_ms;
    open += by;
    since_ms = t_ms;
  }
  return span_ms > 0 ? full_ms / span_ms : 0;
}
