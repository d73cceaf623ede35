/** What a demo run prints: a table for people and one JSON line for programs. */

import type { Entries } from "./entries.js";
import { adverseExcursion, type Backtest } from "./result.js";

const LABEL = 34;
const COLUMN = 14;

function row(label: string, ...cells: readonly string[]): string {
  return (label.padEnd(LABEL) + cells.map((cell) => cell.padStart(COLUMN)).join("")).trimEnd();
}

/** e.g. 0.01234 → `1.23 %`. */
export function percent(ratio: number | null | undefined): string {
  return ratio === null || ratio === undefined ? "–" : `${(ratio * 100).toFixed(2)} %`;
}

export function table(ungated: Backtest, gated: Backtest, entries: Entries): string {
  const runs = [ungated, gated];
  const depth = runs.map(({ trades }) => adverseExcursion(trades));
  const share = (count: number): string => (entries.asked === 0 ? "–" : percent(count / entries.asked));
  const lines = [
    row("", "without gate", "with gate"),
    row("trades", ...runs.map(({ trades }) => String(trades.length))),
    row("profit", ...runs.map(({ profit_ratio }) => percent(profit_ratio))),
    row("max drawdown (closed trades)", ...runs.map(({ max_drawdown }) => percent(max_drawdown))),
    row("average adverse excursion", ...depth.map((one) => percent(one?.mean))),
    row("… weighted by stake", ...depth.map((one) => percent(one?.on_stake))),
    "",
    row("entries asked", String(entries.asked)),
    row("  allowed in full", String(entries.allowed), share(entries.allowed)),
    row("  reduced", String(entries.reduced), share(entries.reduced)),
    row("  denied", String(entries.denied), share(entries.denied)),
  ];
  for (const [reason, count] of entries.reasons)
    lines.push(row(`    because of ${reason}`, String(count), share(count)));
  return lines.join("\n");
}

export interface Seconds {
  /** Installing and building. */
  readonly setup: number;
  /** Everything, set-up included. */
  readonly total: number;
}

/** The last line of standard output. */
export function jsonLine(
  ungated: Backtest,
  gated: Backtest,
  entries: Entries,
  report: string,
  seconds: Seconds,
): string {
  const run = ({ trades, profit_ratio, max_drawdown }: Backtest) => ({
    trades: trades.length,
    profit_ratio,
    max_drawdown,
  });
  const { asked, allowed, reduced, denied } = entries;
  const tenths = (value: number): number => Math.round(value * 10) / 10;
  return JSON.stringify({
    ungated: run(ungated),
    gated: run(gated),
    entries: { asked, allowed, reduced, denied },
    reasons: Object.fromEntries(entries.reasons),
    report,
    seconds: { setup: tenths(seconds.setup), total: tenths(seconds.total) },
  });
}
