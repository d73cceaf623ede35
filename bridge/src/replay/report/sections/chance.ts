/** The gate among random gates, measure by measure, and what trying several gates does to what can be believed. */
import type { ReplayResult } from "../../run/result.js";
import { html } from "../escape.js";
import { counted, moneyIn, percent } from "../format.js";
import { table } from "../table.js";
import type { Section } from "./section.js";

type Compared = Extract<ReplayResult["placebo"], { status: "compared" }>;
type Measure = Compared["measures"][number];

const LABELS: Readonly<Record<Measure["measure"], string>> = {
  profit_change: "Change of profit",
  excess: "Change of profit beyond cutting every entry alike",
  return_excess: "The same, had every entry staked the average",
  cvar95_change: "Fall of the mean loss of the worst 5 % of trades",
  drawdown_change: "Fall of the maximum drawdown",
};

/** @returns null when there was nothing to compare */
export function chanceSection({ placebo, selection, source }: ReplayResult): Section | null {
  if (placebo.status !== "compared") return null;
  const { intervals } = placebo;
  const { signedMoney } = moneyIn(source);
  return {
    id: "chance",
    title: "The gate among random gates",
    short: "Chance",
    body: html`<p class="soft">A random gate cuts as many entries, by as much and in the same clusters, only at other moments: the gate's own sizes, moved along the ${counted(placebo.blocks, "candle", "candles")} with entries. ${counted(placebo.shifts, "such gate", "such gates")}.</p>
${table({
  id: "chance-table",
  caption: `Of every measure more is better; in ${source.stake_currency}. A percentile of 50 is chance; between 5 and 95 it proves nothing.`,
  columns: [
    { label: "Measure", kind: "heading", show: ({ measure }) => LABELS[measure] },
    { label: "Gate", kind: "number", show: ({ value }) => signedMoney(value) },
    { label: "5 % of random", kind: "number", show: ({ quantiles }) => signedMoney(quantiles.p05) },
    { label: "Median", kind: "number", show: ({ quantiles }) => signedMoney(quantiles.p50) },
    { label: "95 %", kind: "number", show: ({ quantiles }) => signedMoney(quantiles.p95) },
    { label: "Percentile", kind: "number", show: ({ percentile }) => (percentile * 100).toFixed(0) },
  ],
  rows: placebo.measures,
})}
<p>Drawn again in blocks of ${intervals.block.toFixed(1)} candles on average, the change of profit lies between ${signedMoney(intervals.profit_change.low)} and ${signedMoney(intervals.profit_change.high)} in 95 % of the draws, and what goes beyond cutting every entry alike between ${signedMoney(intervals.excess.low)} and ${signedMoney(intervals.excess.high)}.</p>
<p>${selectionText(selection)}</p>
`,
  };
}

/** What a measure is called. */
export function measureLabel(measure: Measure["measure"]): string {
  return LABELS[measure];
}

function selectionText(selection: ReplayResult["selection"]): string {
  if (selection === null) return "The gate adds nothing per day that varies, so there is no ratio to deflate.";
  const { gates_tried, probabilistic, deflated, observations } = selection;
  if (gates_tried <= 1) {
    return `What the gate adds per day has a true Sharpe ratio above zero with probability ${percent(probabilistic, 0)} (${counted(observations, "day", "days")}), provided this is the only gate tried. Tell --tried N when it is not.`;
  }
  return `What the gate adds per day has a true Sharpe ratio above zero with probability ${percent(probabilistic, 0)} had this been the only gate tried; as the best of ${gates_tried} tried, with ${percent(deflated, 0)} (deflated Sharpe ratio, ${counted(observations, "day", "days")}).`;
}
