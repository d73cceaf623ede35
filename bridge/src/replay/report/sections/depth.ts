/** How deep trades went against what was forecast at their entry. */
import type { ReplayResult } from "../../run/result.js";
import { type Html, html } from "../escape.js";
import { counted, percent } from "../format.js";
import { table } from "../table.js";
import { deepBars } from "./depth_bars.js";
import { probability } from "./probability.js";
import type { Section } from "./section.js";

type Depth = NonNullable<ReplayResult["depth"]>;

/** @returns null when too few trades have a forecast */
export function depthSection({ depth }: ReplayResult): Section | null {
  if (depth === null) return null;
  const correlation =
    depth.rank_correlation === null ? "" : ` Rank correlation ${depth.rank_correlation.toFixed(2).replace("-", "−")}.`;
  return {
    id: "depth",
    title: "Did it know how deep trades would go?",
    short: "Depth",
    body: html`<p>${counted(depth.trades, "trade", "trades")} by the expected shortfall (ES 99) forecast at their signal candle, in ten groups from the lowest to the highest.${correlation} Deep is not the same as lost: a trade can go deep and still win.</p>
${deepBars(depth.deciles)}
${table({
  id: "depth-table",
  caption: "Worst move of the price against the entry while the trade was open, leverage not included.",
  columns: [
    { label: "Tenth", kind: "heading", show: ({ decile }) => String(decile) },
    {
      label: "Forecast ES 99",
      kind: "number",
      show: (row) => `${percent(row.es99_from, 2)} to ${percent(row.es99_to, 2)}`,
    },
    { label: "Trades", kind: "number", show: ({ trades }) => trades.toLocaleString("en-US") },
    { label: "Worst move, median", kind: "number", show: (row) => percent(row.excursion_median, 2) },
    { label: "Worst move, mean", kind: "number", show: (row) => percent(row.excursion_mean, 2) },
    { label: "Stopped out", kind: "number", show: ({ stops }) => stops.toLocaleString("en-US") },
  ],
  rows: depth.deciles,
})}${adverseText(depth.adverse)}`,
  };
}

function adverseText(adverse: Depth["adverse"]): Html {
  if (adverse === null) return html``;
  return html`<p>The worst move within ${counted(adverse.horizon_candles, "candle", "candles")} went beyond its ${percent(adverse.quantile, 0)} forecast in ${adverse.exceeded.toLocaleString("en-US")} of ${counted(adverse.forecasts, "entry", "entries")}, where ${adverse.expected.toFixed(1)} were expected (Kupiec, p ${probability(adverse.kupiec_p)}, as if entries were independent, which those of one crash are not).</p>
`;
}
