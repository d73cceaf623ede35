/**
 * Trades taken apart into legs, one per entry order: the unit the gate judges. What the exits earned is shared among the legs that were open,
 * in proportion to what each still held, so that the legs' profits add up to the trade's to the last digit freqtrade wrote.
 */
import type { ExitOrder, Trade } from "../read/trades.js";

/** Part of a leg that was sold (long) or bought back (short). */
export interface LegExit {
  readonly t_ms: number;
  /** In base currency. */
  readonly amount: number;
  /** In stake currency, after fees and funding. */
  readonly profit: number;
}

/** One entry order with its share of the trade's outcome. Money in stake currency, without leverage. */
export interface Leg {
  readonly trade: Trade;
  /** 0: the order that opened the trade; 1, 2, …: orders that scaled it in. */
  readonly number: number;
  readonly kind: "entry" | "scale_in";
  /** When the strategy asked: a trade's open date; for scale-ins the fill, the only time the export has. */
  readonly asked_ms: number;
  readonly filled_ms: number;
  readonly rate: number;
  readonly amount: number;
  readonly stake: number;
  readonly exits: readonly LegExit[];
  readonly profit: number;
}

/** The legs of a trade, in order of time; at least one. */
export function legsOf(trade: Trade): Leg[] {
  const drafts = trade.entries.map((order) => ({
    order: { ...order, filled_ms: Math.min(order.filled_ms, trade.close_ms) },
    held: order.amount,
    exits: [] as LegExit[],
  }));
  const exits = closingExits(trade);
  exits.forEach((exit, index) => {
    const open = drafts.filter((draft) => draft.held > 0 && draft.order.filled_ms <= exit.filled_ms);
    const total = open.reduce((sum, draft) => sum + draft.held, 0);
    if (total === 0) return;
    const share = index === exits.length - 1 ? 1 : Math.min(1, exit.amount / total);
    for (const draft of open) {
      const amount = draft.held * share;
      draft.held = share === 1 ? 0 : draft.held - amount;
      draft.exits.push({ t_ms: exit.filled_ms, amount, profit: profitOf(trade, amount, draft.order.rate, exit.rate) });
    }
  });
  settle(trade, drafts);
  return drafts.map(({ order, exits: parts }, number) => ({
    trade,
    number,
    kind: number === 0 ? "entry" : "scale_in",
    asked_ms: number === 0 ? trade.open_ms : order.filled_ms,
    filled_ms: order.filled_ms,
    rate: order.rate,
    amount: order.amount,
    stake: order.stake,
    exits: parts,
    profit: parts.reduce((sum, part) => sum + part.profit, 0),
  }));
}

/** The trade's exits; the last one happens when the trade closes and takes whatever is left. */
function closingExits(trade: Trade): ExitOrder[] {
  const last = trade.exits.at(-1);
  const closing = { filled_ms: trade.close_ms, rate: last?.rate ?? trade.close_rate, amount: last?.amount ?? 0 };
  return [...trade.exits.slice(0, -1).filter((exit) => exit.filled_ms <= trade.close_ms), closing];
}

/** freqtrade's profit of a sold amount, before funding (LocalTrade.calc_profit: fees on the value of entry and exit). */
export function profitOf(trade: Trade, amount: number, entry: number, exit: number): number {
  return trade.side === "long"
    ? amount * exit * (1 - trade.fee_close) - amount * entry * (1 + trade.fee_open)
    : amount * entry * (1 - trade.fee_open) - amount * exit * (1 + trade.fee_close);
}

/** Funding and rounding: what the prices do not explain is settled on the last exit of each leg, by share of entry value. */
function settle(trade: Trade, drafts: { order: { amount: number; rate: number }; exits: LegExit[] }[]): void {
  const sold = drafts.filter((draft) => draft.exits.length > 0);
  const value = sold.reduce((sum, { order }) => sum + order.amount * order.rate, 0);
  const explained = sold.reduce((sum, { exits }) => sum + exits.reduce((part, exit) => part + exit.profit, 0), 0);
  const rest = trade.profit_abs - explained;
  for (const { order, exits } of sold) {
    const last = exits.at(-1);
    if (last === undefined) continue;
    exits[exits.length - 1] = { ...last, profit: last.profit + (rest * order.amount * order.rate) / value };
  }
}
