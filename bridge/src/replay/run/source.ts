/** What a replay was made from, and whether it agrees with freqtrade's own figures and candles. */
import type { ReadResult } from "../read/backtest.js";
import { ReplayInputError } from "../read/error.js";
import type { EquityCurve } from "../read/wallet.js";
import type { Leg } from "./legs.js";
import type { PairMarket } from "./market.js";
import type { ReplayResult } from "./result.js";
import type { Curves } from "./walk.js";

/** Above this share of entries at prices outside their candle, the candles are not those of the backtest. */
const MAX_FOREIGN_SHARE = 0.05;

/** Refuses candles that are not those of the backtest: no candle before an entry, or prices that were not traded. */
export function requireCoverage(legs: readonly Leg[], markets: ReadonlyMap<string, PairMarket>, datadir: string): void {
  let foreign = 0;
  for (const leg of legs) {
    const { pair } = leg.trade;
    const market = markets.get(pair);
    if (market === undefined || market.verdictAt(leg.asked_ms) === null) {
      throw new ReplayInputError(
        `The candles of ${pair} in ${datadir} do not reach the entry of ${new Date(leg.asked_ms).toISOString()}. ` +
          "Give the directory the backtest ran on with --datadir, or download the missing candles.",
      );
    }
    if (!market.traded(leg.filled_ms, leg.rate)) foreign += 1;
  }
  if (foreign > MAX_FOREIGN_SHARE * legs.length) {
    throw new ReplayInputError(
      `${foreign} of ${legs.length} entries are at prices outside their candle in ${datadir}: these are not the candles the backtest ran on.`,
    );
  }
}

export function sourceOf(
  kind: ReplayResult["source"]["kind"],
  backtest: ReadResult,
  markets: readonly PairMarket[],
): ReplayResult["source"] {
  return {
    kind,
    file: backtest.file,
    file_sha256: backtest.file_sha256,
    strategy: backtest.strategy,
    exchange: backtest.exchange,
    trading_mode: backtest.trading_mode,
    stake_currency: backtest.stake_currency,
    starting_balance: backtest.starting_balance,
    max_open_trades: backtest.max_open_trades,
    timeframe: backtest.timeframe,
    timeframe_detail: backtest.timeframe_detail,
    timerange: backtest.timerange,
    start_ms: backtest.start_ms,
    end_ms: backtest.end_ms,
    trades: backtest.trades.length,
    trades_without_orders: backtest.trades.filter((trade) => !trade.has_orders).length,
    forced_exits: backtest.trades.filter((trade) => trade.exit_reason === "force_exit").length,
    candles: markets.map(({ pair, rows, rows_before_start, first_ms, candles_sha256 }) => ({
      pair,
      rows,
      rows_before_start,
      from_ms: first_ms,
      sha256: candles_sha256,
    })),
  };
}

/**
 * Largest difference between our value of the account as the backtest ran it and freqtrade's wallet record.
 * In futures the record is without unrealised profit, so only times without open positions can be compared: none are singled out, it is left out.
 */
export function compareWallet(backtest: ReadResult, curves: Curves): ReplayResult["checks"]["wallet"] {
  const { wallet } = backtest;
  if (wallet === null || backtest.trading_mode === "futures") return null;
  const ours = new Map(Array.from(curves.t_ms, (t_ms, row) => [t_ms, curves.without[row] ?? Number.NaN]));
  return { ...largestDifference(wallet, ours), compared_with: "wallet record in the export" };
}

function largestDifference(
  wallet: EquityCurve,
  ours: ReadonlyMap<number, number>,
): { points: number; max_difference_abs: number } {
  let points = 0;
  let max_difference_abs = 0;
  wallet.t_ms.forEach((t_ms, row) => {
    const own = ours.get(t_ms);
    if (own === undefined) return;
    points += 1;
    max_difference_abs = Math.max(max_difference_abs, Math.abs(own - (wallet.equity[row] ?? Number.NaN)));
  });
  return { points, max_difference_abs };
}
