/** Were the forecasts of loss right on these candles? */
import type { ReplayResult } from "../../run/result.js";
import { html } from "../escape.js";
import { percent } from "../format.js";
import { table } from "../table.js";
import { probability } from "./probability.js";
import type { Section } from "./section.js";

type Coverage = ReplayResult["calibration"][number];

/** @returns null when no forecast could be compared */
export function calibrationSection({ calibration, source }: ReplayResult): Section | null {
  if (calibration.length === 0) return null;
  return {
    id: "calibration",
    title: "Were the loss forecasts right?",
    short: "Calibration",
    body: html`<p>Value at risk of the next ${source.timeframe} candle against what came, for every candle of that time. At level 99 one candle in a hundred should lose more. p-values under 0.05 speak against the forecast; with as many candles as here even a small miss has a small p-value, so look at the shares first.</p>
${table({
  id: "calibration-table",
  caption:
    "Kupiec: is the share right? Independence: do exceedances come alone? Christoffersen: both. Z2 (Acerbi and Szekely): 0 is what the expected shortfall promised; below 0 losses were larger or more frequent, below −0.7 it is doubtful.",
  columns: [
    { label: "Pair", kind: "heading", show: ({ pair }) => pair },
    { label: "Side", kind: "text", show: ({ side }) => side },
    { label: "Level", kind: "number", show: ({ level }) => String(level) },
    { label: "Candles", kind: "number", show: ({ forecasts }) => forecasts.toLocaleString("en-US") },
    { label: "Exceeded", kind: "number", show: ({ exceedances }) => exceedances.toLocaleString("en-US") },
    {
      label: "Expected",
      kind: "number",
      show: ({ expected }) => expected.toLocaleString("en-US", { maximumFractionDigits: 1 }),
    },
    { label: "Share", kind: "number", show: (row) => percent(shareOf(row), 2) },
    { label: "Kupiec p", kind: "number", show: ({ kupiec_p }) => probability(kupiec_p) },
    { label: "Independence p", kind: "number", show: ({ independence_p }) => probability(independence_p) },
    { label: "Christoffersen p", kind: "number", show: ({ christoffersen_p }) => probability(christoffersen_p) },
    { label: "Z2", kind: "number", show: ({ z2 }) => z2.toFixed(3).replace("-", "−") },
  ],
  rows: calibration,
})}`,
  };
}

function shareOf({ exceedances, forecasts }: Coverage): number | null {
  return forecasts === 0 ? null : exceedances / forecasts;
}
