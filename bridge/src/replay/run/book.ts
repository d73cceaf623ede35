/** The account as the legs build it, twice: as the backtest ran it, and with every leg scaled by the share of its stake the gate let through. */
import type { PositionRow } from "../../gate/events.js";
import { type Leg, type LegExit, profitOf } from "./legs.js";

/** Account value in stake currency: free and staked money plus the profit of open legs. */
export interface Equity {
  readonly without: number;
  readonly with: number;
}

interface OpenLeg {
  readonly leg: Leg;
  /** Share of the recorded stake that was let through; above 1 only where stakes compound. */
  readonly share: number;
  held: number;
}

/** Gives the price a pair's position is valued at; NaN when there is none: the position is then valued at its entry. */
export type Mark = (pair: string) => number;

export class Book {
  private realised: { without: number; with: number } = { without: 0, with: 0 };
  private readonly open = new Map<Leg, OpenLeg>();

  constructor(private readonly starting_balance: number) {}

  enter(leg: Leg, share: number): void {
    this.open.set(leg, { leg, share, held: leg.amount });
  }

  exit(leg: Leg, exit: LegExit, last: boolean): void {
    const position = this.open.get(leg);
    if (position === undefined) return;
    this.realised.without += exit.profit;
    this.realised.with += exit.profit * position.share;
    position.held -= exit.amount;
    if (last) this.open.delete(leg);
  }

  /** Balance of closed trades with the gate over that without; 0 once either is spent. */
  balanceRatio(): number {
    const { without, with: withGate } = this.realised;
    const [before, after] = [this.starting_balance + without, this.starting_balance + withGate];
    return before > 0 && after > 0 ? after / before : 0;
  }

  /** As the gate is told it live (the shim's account): open legs at `mark`, fees of entry and exit taken off. */
  equityAfterFees(mark: Mark): Equity {
    return this.equity(mark, (leg, held, price) => profitOf(leg.trade, held, leg.rate, price));
  }

  /** As freqtrade's wallet record has it: open legs at `mark`, fees only once they are closed. */
  equityBeforeFees(mark: Mark): Equity {
    return this.equity(
      mark,
      (leg, held, price) => held * (leg.trade.side === "long" ? price - leg.rate : leg.rate - price),
    );
  }

  private equity(mark: Mark, profitAt: (leg: Leg, held: number, price: number) => number): Equity {
    let without = this.starting_balance + this.realised.without;
    let withGate = this.starting_balance + this.realised.with;
    for (const { leg, share, held } of this.open.values()) {
      const price = mark(leg.trade.pair);
      if (!Number.isFinite(price)) continue;
      const profit = profitAt(leg, held, price);
      without += profit;
      withGate += profit * share;
    }
    return { without, with: withGate };
  }

  /** Positions of the gated account, as a portfolio message has them; one row per trade. */
  positions(): PositionRow[] {
    const rows = new Map<
      number,
      [pair: string, side: "long" | "short", stake: number, leverage: number, state: "open"]
    >();
    for (const { leg, share, held } of this.open.values()) {
      const stake = (leg.stake * share * held) / leg.amount;
      if (!(stake > 0)) continue;
      const { trade } = leg;
      const row = rows.get(trade.index);
      if (row === undefined) rows.set(trade.index, [trade.pair, trade.side, stake, trade.leverage, "open"]);
      else row[2] += stake;
    }
    return [...rows.values()];
  }
}
