/** By what a gate is compared with its placebos; of every measure, more is better. */
import { expectedShortfallOf } from "./expected_shortfall.js";

const TAIL = 0.05;

/**
 * `profit_change`: change of total profit. `excess`: that beyond what cutting every entry to the same average size would have changed.
 * `cvar95_change`: fall of the mean loss of the worst 5 % of trades. `drawdown_change`: fall of the maximum drawdown of the closed balance, in money.
 * `return_excess`: as `excess`, had every entry staked the average stake × leverage; where stakes follow the balance, early entries of a losing strategy
 * are large, and whatever cuts early looks good in money. All in stake currency.
 */
export const MEASURES = ["profit_change", "excess", "return_excess", "cvar95_change", "drawdown_change"] as const;
export type Measure = (typeof MEASURES)[number];

export interface Candidate {
  /** Time of the signal candle: candidates with equal times are one block. */
  readonly candle_ms: number;
  readonly pair: string;
  /** Number of the trade it belongs to. */
  readonly trade: number;
  readonly close_ms: number;
  /** Profit at full size, in stake currency. */
  readonly profit: number;
  /** Stake × leverage at full size. */
  readonly weight: number;
  /** Share of the stake let through, 0 … 1. */
  readonly share: number;
}

/** The candidates as columns, ready to be judged by their own sizes or by rotated ones. */
export class CandidateSample {
  readonly mean_size: number;
  private readonly profits: Float64Array;
  private readonly weights: Float64Array;
  /** Profits had every candidate staked the average. */
  private readonly returns: Float64Array;
  private readonly shares: Float64Array;
  /** Candidates in order of closing, those of one trade together. */
  private readonly closing: Int32Array;
  /** 1 where the trade of `closing[i]` ends with it. */
  private readonly ends: Uint8Array;
  private readonly outcomes: Float64Array;
  private readonly before: { readonly cvar95: number; readonly drawdown: number };

  constructor(
    candidates: readonly Candidate[],
    private readonly starting_balance: number,
  ) {
    this.profits = Float64Array.from(candidates, (candidate) => candidate.profit);
    this.weights = Float64Array.from(candidates, (candidate) => candidate.weight);
    const average = this.weights.reduce((sum, weight) => sum + weight, 0) / candidates.length;
    this.returns = Float64Array.from(candidates, ({ profit, weight }) =>
      weight > 0 ? (profit / weight) * average : 0,
    );
    this.shares = Float64Array.from(candidates, (candidate) => candidate.share);
    const tradeOf = (row: number): number => candidates[row]?.trade ?? -1;
    const closeOf = (row: number): number => candidates[row]?.close_ms ?? 0;
    this.closing = Int32Array.from(candidates.keys()).sort(
      (a, b) => closeOf(a) - closeOf(b) || tradeOf(a) - tradeOf(b),
    );
    this.ends = Uint8Array.from(this.closing, (row, at) => {
      const next = this.closing[at + 1];
      return next === undefined || tradeOf(next) !== tradeOf(row) ? 1 : 0;
    });
    this.outcomes = new Float64Array(this.ends.reduce((sum, end) => sum + end, 0));
    this.before = this.tails(() => 1);
    this.mean_size = this.exposure(0);
  }

  /** Of the shares rotated by `shift` places; 0: the gate's own. */
  measures(shift: number): Readonly<Record<Measure, number>> {
    const { profits, shares } = this;
    const n = profits.length;
    let [change, total, returned, returns, sizes] = [0, 0, 0, 0, 0];
    for (let i = 0; i < n; i++) {
      const profit = profits[i] ?? 0;
      const share = shares[(i + shift) % n] ?? 1;
      const earned = this.returns[i] ?? 0;
      change += profit * (share - 1);
      total += profit;
      returned += earned * share;
      returns += earned;
      sizes += share;
    }
    const { cvar95, drawdown } = this.tails((row) => shares[(row + shift) % n] ?? 1);
    return {
      profit_change: change,
      excess: change + total * (1 - this.exposure(shift)),
      return_excess: returned - (sizes / n) * returns,
      cvar95_change: this.before.cvar95 - cvar95,
      drawdown_change: this.before.drawdown - drawdown,
    };
  }

  private exposure(shift: number): number {
    const n = this.weights.length;
    let [kept, all] = [0, 0];
    for (let row = 0; row < n; row++) {
      const weight = this.weights[row] ?? 0;
      kept += weight * (this.shares[(row + shift) % n] ?? 1);
      all += weight;
    }
    return kept / all;
  }

  /** A denied trade counts as one that earned nothing, so that gate and placebo average over as many. */
  private tails(shareOf: (row: number) => number): { cvar95: number; drawdown: number } {
    let [balance, high, drawdown, profit, trade] = [this.starting_balance, this.starting_balance, 0, 0, 0];
    for (let at = 0; at < this.closing.length; at++) {
      const row = this.closing[at] ?? 0;
      profit += (this.profits[row] ?? 0) * shareOf(row);
      if (this.ends[at] !== 1) continue;
      this.outcomes[trade++] = profit;
      balance += profit;
      profit = 0;
      high = Math.max(high, balance);
      drawdown = Math.max(drawdown, high - balance);
    }
    return { cvar95: expectedShortfallOf(this.outcomes, TAIL) ?? 0, drawdown };
  }
}
