/** The account without and with the gate, figure by figure. */
import type { ReplayResult, SideTotals } from "../../run/result.js";
import { html } from "../escape.js";
import { moneyIn, percent, points, signedCount } from "../format.js";
import { table } from "../table.js";
import { cautions } from "./answer.js";
import type { Section } from "./section.js";

interface Row {
  readonly label: string;
  readonly show: (side: SideTotals) => string;
  readonly difference: string;
}

export function comparisonSection(result: ReplayResult): Section {
  const { without, with: gated, source } = result;
  const { money, signedMoney } = moneyIn(source);
  const row = (
    label: string,
    of: (side: SideTotals) => number | null,
    show: (value: number | null) => string,
    difference: (value: number) => string,
  ): Row => {
    const change = (of(gated) ?? Number.NaN) - (of(without) ?? Number.NaN);
    return { label, show: (side) => show(of(side)), difference: difference(change) };
  };
  const count = (value: number | null): string => (value ?? 0).toLocaleString("en-US");
  const exact = (value: number | null): string => percent(value, 2);
  const exactPoints = (value: number): string => points(value, 2);
  const rows: Row[] = [
    row("Trades taken", (side) => side.trades, count, signedCount),
    row("Winning trades", (side) => side.winners, count, signedCount),
    row(`Profit, ${source.stake_currency}`, (side) => side.profit_abs, money, signedMoney),
    row("Profit, of the starting balance", (side) => side.profit_ratio, percent, points),
    row("Maximum drawdown, closed trades", (side) => side.drawdown_closed.ratio, percent, points),
    row("Maximum drawdown, open trades included", (side) => side.drawdown_marked.ratio, percent, points),
    row("Adverse excursion, mean by stake", (side) => side.adverse_excursion.weighted, exact, exactPoints),
    row("Adverse excursion, mean by trade", (side) => side.adverse_excursion.plain, exact, exactPoints),
  ];
  return {
    id: "comparison",
    title: "Without and with the gate",
    short: "Comparison",
    body: html`${table({
      id: "comparison-table",
      caption: "As the trades were recorded, and at the sizes let through. pp: percentage points.",
      columns: [
        { label: "Figure", kind: "heading", show: ({ label }) => label },
        { label: "Without", kind: "number", show: ({ show }) => show(without) },
        { label: "With", kind: "number", show: ({ show }) => show(gated) },
        { label: "Difference", kind: "number", show: ({ difference }) => difference },
      ],
      rows,
    })}
<h3>Before you believe it</h3>
${cautions(result)}`,
  };
}
