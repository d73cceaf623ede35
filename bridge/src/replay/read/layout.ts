/**
 * What the replay needs of freqtrade's export, as schemas. Unknown keys are allowed: freqtrade adds some with most releases and says that the
 * format is not a public interface. Keys an older release does not write are optional; what takes their place is decided in trades.ts.
 */
import { type Static, Type } from "../../typebox.js";

const Money = Type.Number();
const Price = Type.Number({ exclusiveMinimum: 0 });
const OptionalPrice = Type.Optional(Type.Union([Type.Number({ minimum: 0 }), Type.Null()]));
const Text = Type.String({ maxLength: 512 });
const OptionalText = Type.Optional(Type.Union([Text, Type.Null()]));
const TimeMs = Type.Number({ minimum: 0, maximum: 8.64e15 });
const OptionalTime = Type.Optional(Type.Union([TimeMs, Type.Null()]));

/** Most trades and orders per trade that are read. */
export const MAX_TRADES = 200_000;
export const MAX_ORDERS_PER_TRADE = 2_000;

export const OrderSchema = Type.Object({
  amount: Type.Number({ minimum: 0 }),
  /** Of a bot's order: what was filled of `amount`. Backtests do not tell it, and fill orders whole. */
  filled: Type.Optional(Type.Union([Type.Number({ minimum: 0 }), Type.Null()])),
  safe_price: Type.Number({ minimum: 0 }),
  ft_is_entry: Type.Boolean(),
  order_filled_timestamp: OptionalTime,
});
export type ExportedOrder = Static<typeof OrderSchema>;

export const TradeSchema = Type.Object({
  pair: Type.String({ minLength: 1, maxLength: 64 }),
  stake_amount: Type.Number({ minimum: 0 }),
  amount: Type.Number({ minimum: 0 }),
  open_rate: Price,
  close_rate: Price,
  profit_abs: Money,
  profit_ratio: Type.Number(),
  open_date: Type.Optional(Text),
  close_date: Type.Optional(Text),
  open_timestamp: Type.Optional(TimeMs),
  close_timestamp: Type.Optional(TimeMs),
  fee_open: Type.Optional(Type.Number()),
  fee_close: Type.Optional(Type.Number()),
  min_rate: OptionalPrice,
  max_rate: OptionalPrice,
  leverage: Type.Optional(Type.Union([Type.Number({ minimum: 1 }), Type.Null()])),
  is_short: Type.Optional(Type.Union([Type.Boolean(), Type.Null()])),
  enter_tag: OptionalText,
  exit_reason: OptionalText,
  funding_fees: Type.Optional(Type.Union([Money, Type.Null()])),
  orders: Type.Optional(Type.Union([Type.Array(OrderSchema, { maxItems: MAX_ORDERS_PER_TRADE }), Type.Null()])),
});
export type ExportedTrade = Static<typeof TradeSchema>;

export const StrategySchema = Type.Object({
  trades: Type.Array(TradeSchema, { maxItems: MAX_TRADES }),
  timeframe: Type.String({ minLength: 2, maxLength: 8 }),
  stake_currency: Type.String({ minLength: 1, maxLength: 32 }),
  starting_balance: Type.Number({ exclusiveMinimum: 0 }),
  backtest_start_ts: TimeMs,
  backtest_end_ts: TimeMs,
  timerange: OptionalText,
  timeframe_detail: OptionalText,
  max_open_trades: Type.Optional(Type.Union([Type.Number(), Type.Null()])),
  trading_mode: OptionalText,
  stake_amount: Type.Optional(Type.Union([Type.Number(), Text, Type.Null()])),
  rejected_signals: Type.Optional(Type.Union([Type.Integer({ minimum: 0 }), Type.Null()])),
  final_balance: Type.Optional(Money),
  profit_total_abs: Type.Optional(Money),
  max_drawdown_account: Type.Optional(Type.Number()),
  max_drawdown_abs: Type.Optional(Type.Number()),
  pairlist: Type.Optional(Type.Array(Text, { maxItems: 10_000 })),
});
export type ExportedStrategy = Static<typeof StrategySchema>;
