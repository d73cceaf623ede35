/** Trades of the gated account as they close, as a portfolio message tells them. */
import type { OutcomeRow } from "../../gate/events.js";
import type { Leg, LegExit } from "./legs.js";

interface OpenTrade {
  legs: number;
  stake: number;
  profit: number;
}

export class ClosedTrades {
  private readonly open = new Map<number, OpenTrade>();
  private news: OutcomeRow[] = [];

  /** @param share of the leg's stake that was let through */
  enter(leg: Leg, share: number): void {
    if (share === 0) return;
    const trade = this.open.get(leg.trade.index) ?? { legs: 0, stake: 0, profit: 0 };
    trade.legs += 1;
    trade.stake += leg.stake * share;
    this.open.set(leg.trade.index, trade);
  }

  exit(leg: Leg, exit: LegExit, share: number, last: boolean): void {
    const { index } = leg.trade;
    const trade = this.open.get(index);
    if (trade === undefined || share === 0) return;
    trade.profit += exit.profit * share;
    if (last) trade.legs -= 1;
    if (trade.legs > 0) return;
    this.news.push([index, exit.t_ms, trade.profit / trade.stake]);
    this.open.delete(index);
  }

  /** Those closed since this was asked last. */
  take(): readonly OutcomeRow[] {
    const taken = this.news;
    this.news = [];
    return taken;
  }
}
