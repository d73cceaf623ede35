/** The recorded trades once more, with stakes that follow the balance the gate has made: the second step from first order towards a gated backtest. */
import type { ReadResult } from "../read/backtest.js";
import type { ReplayResult, SideTotals } from "./result.js";
import { slotsOf } from "./slots.js";
import { type TakenTrade, totals, tradesAt } from "./totals.js";
import { type WalkInput, walk } from "./walk.js";

/** Stakes of a fixed amount do not follow the balance: the second order is then the first. */
export function secondOrder(
  backtest: ReadResult,
  walked: WalkInput,
  trades: { readonly without: readonly TakenTrade[]; readonly with: readonly TakenTrade[] },
  without: SideTotals,
  first: SideTotals,
): ReplayResult["second_order"] {
  const side = backtest.stakes === "unlimited" ? compounded(backtest, walked) : first;
  return {
    compounding: backtest.stakes,
    side,
    profit_change_abs: side.profit_abs - without.profit_abs,
    slots: slotsOf(backtest, trades),
  };
}

function compounded(backtest: ReadResult, walked: WalkInput): SideTotals {
  const { judged, curves } = walk({ ...walked, compounding: true });
  return totals(
    backtest,
    tradesAt(backtest, judged, (leg) => leg.share),
    curves.with,
  );
}
