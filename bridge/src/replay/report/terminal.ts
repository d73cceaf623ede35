/** The findings for the terminal. */
import type { ReplayResult, SideTotals } from "../run/result.js";
import { moneyIn, percent, points } from "./format.js";
import { againstChance, againstConstantSize, caveats, firstOrder } from "./words.js";

/** Lines without the final newline. */
export function terminalSummary(result: ReplayResult): string {
  const { counts, without, with: gated, source } = result;
  const { money, signedMoney } = moneyIn(source);
  const change = (of: (side: SideTotals) => number | null): number =>
    (of(gated) ?? Number.NaN) - (of(without) ?? Number.NaN);
  const both = (label: string, show: (side: SideTotals) => string, difference: string): string[] => [
    label,
    show(without),
    show(gated),
    difference,
  ];
  const comparison = table([
    ["", "without gate", "with gate", "difference"],
    both("trades taken", (side) => String(side.trades), String(gated.trades - without.trades)),
    both(
      `profit ${source.stake_currency}`,
      (side) => money(side.profit_abs),
      signedMoney(change((side) => side.profit_abs)),
    ),
    both("profit %", (side) => percent(side.profit_ratio), points(change((side) => side.profit_ratio))),
    both(
      "max drawdown, closed trades",
      (side) => percent(side.drawdown_closed.ratio),
      points(change((side) => side.drawdown_closed.ratio)),
    ),
    both(
      "max drawdown, open trades included",
      (side) => percent(side.drawdown_marked.ratio),
      points(change((side) => side.drawdown_marked.ratio)),
    ),
    both(
      "average adverse excursion, by stake",
      (side) => percent(side.adverse_excursion.weighted, 2),
      points(
        change((side) => side.adverse_excursion.weighted),
        2,
      ),
    ),
  ]);
  const reasons = counts.by_reason.map(
    ({ reason, denied, reduced }) => `  ${reason}: ${denied} denied, ${reduced} reduced`,
  );
  return [
    `${source.kind === "journal" ? "journal of session " : ""}${source.strategy}, ${source.file}`,
    `entries ${counts.entries}: ${counts.allowed} allowed, ${counts.reduced} reduced, ${counts.denied} denied` +
      (counts.not_asked === 0 ? "" : `, ${counts.not_asked} scale-ins fell away with their trade`),
    ...reasons,
    ...(counts.outcome_unknown === 0 ? [] : [`outcome not known of ${counts.outcome_unknown}`]),
    "",
    comparison,
    "",
    againstChance(result),
    againstConstantSize(result),
    firstOrder(result),
    ...caveats(result),
  ].join("\n");
}

/** First column to the left, the others to the right. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? 0, cell.length);
    });
  }
  return rows
    .map((row) =>
      row
        .map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
