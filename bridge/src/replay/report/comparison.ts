/** Several replays side by side, for the terminal. */
import type { Comparison } from "../run/comparison.js";
import { type MoneyFormat, moneyIn, percent } from "./format.js";
import { table } from "./terminal.js";

type Row = Comparison["compared"][number];

/** Lines without the final newline. */
export function comparisonText({ compared }: Comparison): string {
  const exact = compared.some(({ result }) => result.exact !== null);
  const rows: (readonly [string, (row: Row) => string])[] = [
    ["strategy", ({ result }) => result.source.strategy],
    ["entries", ({ result }) => String(result.counts.entries)],
    ["reduced", ({ result }) => String(result.counts.reduced)],
    ["denied", ({ result }) => String(result.counts.denied + result.counts.not_asked)],
    ["stake let through", ({ result }) => percent(result.effect.stake_share)],
    ["profit without", ({ result }) => of(result).money(result.without.profit_abs)],
    ["profit with", ({ result }) => of(result).money(result.with.profit_abs)],
    ["change", ({ result }) => of(result).signedMoney(result.effect.profit_change_abs)],
    ["change, 95 % interval", (row) => interval(row)],
    ["at constant size", ({ result }) => of(result).signedMoney(result.effect.constant_size_change_abs)],
    ["profit with, stakes following", ({ result }) => of(result).money(result.second_order.side.profit_abs)],
    ...(exact
      ? [["profit, gated backtest", (row: Row) => of(row.result).money(row.result.exact?.profit_abs ?? null)] as const]
      : []),
    ["max drawdown without", ({ result }) => percent(result.without.drawdown_closed.ratio)],
    ["max drawdown with", ({ result }) => percent(result.with.drawdown_closed.ratio)],
    ["placebo percentile", ({ result }) => placeboOf(result.placebo)],
    ["deflated Sharpe probability", ({ result }) => nullable(result.selection?.deflated ?? null, (p) => percent(p))],
  ];
  return [
    table([
      ["", ...compared.map(({ label }) => label)],
      ...rows.map(([name, show]) => [name, ...compared.map((row) => show(row))]),
    ]),
    "",
    "Percentile 50 is chance; under 200 candles with entries there is none. The best of several gates looks better than it is: the last line allows for how many were tried.",
  ].join("\n");
}

function of({ source }: Row["result"]): MoneyFormat {
  return moneyIn(source);
}

function interval({ result }: Row): string {
  const found = result.effect.figures.find(({ figure }) => figure === "profit_abs");
  return found?.low === null || found?.low === undefined || found.high === null
    ? "-"
    : `${of(result).signedMoney(found.low)} … ${of(result).signedMoney(found.high)}`;
}

function placeboOf(placebo: Row["result"]["placebo"]): string {
  switch (placebo.status) {
    case "compared":
      return (100 * placebo.percentile).toFixed(0);
    case "sample_too_small":
      return "too few";
    case "nothing_cut":
      return "nothing cut";
  }
}

function nullable(value: number | null, show: (value: number) => string): string {
  return value === null ? "-" : show(value);
}
