/** Exported trades -> typed trades, each with the entry orders it was built from. */
import { ReplayInputError, shown } from "./error.js";
import type { ExportedOrder, ExportedTrade } from "./layout.js";

/** One filled entry order of a trade: the first one, or a later one that scaled it in. Money in stake currency, without leverage. */
export interface EntryOrder {
  readonly filled_ms: number;
  readonly rate: number;
  /** In base currency. */
  readonly amount: number;
  readonly stake: number;
}

/** One filled exit order. */
export interface ExitOrder {
  readonly filled_ms: number;
  readonly rate: number;
  readonly amount: number;
}

/** One finished trade. */
export interface Trade {
  /** Position in the export, from 0. */
  readonly index: number;
  readonly pair: string;
  readonly side: "long" | "short";
  readonly leverage: number;
  readonly open_ms: number;
  readonly close_ms: number;
  /** Average entry rate. */
  readonly open_rate: number;
  readonly close_rate: number;
  /** In stake currency, without leverage. */
  readonly stake: number;
  readonly profit_abs: number;
  readonly profit_ratio: number;
  readonly fee_open: number;
  readonly fee_close: number;
  /** Lowest and highest rate seen while open; null where the export does not tell. */
  readonly min_rate: number | null;
  readonly max_rate: number | null;
  readonly enter_tag: string;
  readonly exit_reason: string;
  /** In stake currency, positive when received; part of profit_abs. */
  readonly funding_fees: number;
  /** At least one, in order of time. */
  readonly entries: readonly EntryOrder[];
  readonly exits: readonly ExitOrder[];
  /** False when the export carries no orders: entries and exits are then the trade's totals, and scale-ins are not visible. */
  readonly has_orders: boolean;
}

/**
 * @param where names the trade in messages
 * @throws ReplayInputError when its times are missing or the wrong way round
 */
export function toTrade(given: ExportedTrade, index: number, where: string): Trade {
  const open_ms = timeOf(given.open_timestamp, given.open_date, `${where}.open_date`);
  const close_ms = timeOf(given.close_timestamp, given.close_date, `${where}.close_date`);
  if (close_ms < open_ms) throw new ReplayInputError(`${where} closes before it opens. Run the backtest again.`);
  const leverage = given.leverage ?? 1;
  const filled = (given.orders ?? [])
    .filter(isFilled)
    .sort((a, b) => a.order_filled_timestamp - b.order_filled_timestamp);
  const entries: EntryOrder[] = [];
  const exits: ExitOrder[] = [];
  for (const order of filled) {
    const common = {
      filled_ms: Math.round(order.order_filled_timestamp),
      rate: order.safe_price,
      amount: amountOf(order),
    };
    if (order.ft_is_entry) entries.push({ ...common, stake: (common.amount * common.rate) / leverage });
    else exits.push(common);
  }
  const has_orders = entries.length > 0;
  return {
    index,
    pair: given.pair,
    side: given.is_short === true ? "short" : "long",
    leverage,
    open_ms,
    close_ms,
    open_rate: averageRate(given.open_rate, entries),
    close_rate: given.close_rate,
    stake: stakeOf(given.stake_amount, entries, where),
    profit_abs: given.profit_abs,
    profit_ratio: given.profit_ratio,
    fee_open: given.fee_open ?? 0,
    fee_close: given.fee_close ?? 0,
    min_rate: given.min_rate ?? null,
    max_rate: given.max_rate ?? null,
    enter_tag: given.enter_tag ?? "",
    exit_reason: given.exit_reason ?? "",
    funding_fees: given.funding_fees ?? 0,
    entries: has_orders
      ? entries
      : [{ filled_ms: open_ms, rate: given.open_rate, amount: given.amount, stake: given.stake_amount }],
    exits: has_orders ? exits : [{ filled_ms: close_ms, rate: given.close_rate, amount: given.amount }],
    has_orders,
  };
}

/**
 * The recorded average, unless it is none: of a position of millions of coins, rounding may leave 1e-8 unsold, and freqtrade then records a rate and a
 * stake of that remainder.
 */
function averageRate(recorded: number, entries: readonly EntryOrder[]): number {
  const rates = entries.map(({ rate }) => rate);
  const possible = recorded >= Math.min(...rates) * (1 - 1e-6) && recorded <= Math.max(...rates) * (1 + 1e-6);
  if (entries.length === 0 || possible) return recorded;
  const amount = entries.reduce((sum, entry) => sum + entry.amount, 0);
  return entries.reduce((sum, entry) => sum + entry.amount * entry.rate, 0) / amount;
}

function stakeOf(recorded: number, entries: readonly EntryOrder[], where: string): number {
  const stake = recorded > 0 ? recorded : entries.reduce((sum, entry) => sum + entry.stake, 0);
  if (!(stake > 0))
    throw new ReplayInputError(`${where} has neither a stake nor filled entry orders. Run the backtest again.`);
  return stake;
}

type FilledOrder = ExportedOrder & { order_filled_timestamp: number };

function isFilled(order: ExportedOrder): order is FilledOrder {
  return typeof order.order_filled_timestamp === "number" && amountOf(order) > 0 && order.safe_price > 0;
}

/** A bot's order may be cancelled half-way. */
function amountOf({ amount, filled }: ExportedOrder): number {
  return filled ?? amount;
}

/** A timestamp in ms (a float in old exports), else a date like "2025-09-01 17:35:00+00:00". */
function timeOf(timestamp: number | undefined, date: string | undefined, where: string): number {
  if (timestamp !== undefined) return Math.round(timestamp);
  if (date === undefined) throw new ReplayInputError(`${where} is missing. Run the backtest again.`);
  const text = date.trim().replace(" ", "T");
  const parsed = Date.parse(/(Z|[+-]\d\d:?\d\d)$/.test(text) ? text : `${text}Z`);
  if (Number.isNaN(parsed)) throw new ReplayInputError(`${where} is ${shown(date)}, which is not a date.`);
  return parsed;
}
