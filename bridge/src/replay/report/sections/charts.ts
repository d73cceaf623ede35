/** Places for the charts; the page's script draws them from the page's data. */
import type { ReplayResult } from "../../run/result.js";
import type { PairSeries } from "../../run/series.js";
import { html } from "../escape.js";
import { moneyIn, percent } from "../format.js";
import type { Section } from "./section.js";

export function equitySection({ without, with: gated, source, equity }: ReplayResult): Section {
  const { money } = moneyIn(source);
  const end = (side: { readonly profit_abs: number }): string => money(source.starting_balance + side.profit_abs);
  const told = `Account value from ${money(source.starting_balance)} to ${end(without)} ${source.stake_currency} without the gate and ${end(gated)} with it`;
  const fall = `Deepest fall ${percent(without.drawdown_marked.ratio)} without the gate and ${percent(gated.drawdown_marked.ratio)} with it`;
  return {
    id: "equity",
    title: "Equity and drawdown",
    short: "Equity",
    body: html`<p class="soft">Account value in ${source.stake_currency}, open positions included, and its distance below the highest value so far. ${equity.t_ms.length.toLocaleString("en-US")} points; every extreme is kept. Drag to zoom, double-click to see all; with the keyboard: arrow keys, Home, End.</p>
<figure class="plot" id="equity-chart" role="group" aria-label="${told}" tabindex="0"></figure>
<figure class="plot" id="drawdown-chart" role="group" aria-label="${fall}" tabindex="0"></figure>
<noscript><p>The charts need JavaScript.</p></noscript>
`,
  };
}

/** @returns null when no prices were kept */
export function pricesSection(result: ReplayResult, series: readonly PairSeries[]): Section | null {
  const [first] = series;
  if (first === undefined) return null;
  const together = series.some(({ candles_per_bucket }) => candles_per_bucket > 1)
    ? ` To keep this file small, up to ${Math.max(...series.map((one) => one.candles_per_bucket))} candles are drawn together; highest and lowest price are kept.`
    : "";
  return {
    id: "prices",
    title: "Prices and entries",
    short: "Prices",
    body: html`<p class="soft">Line: close; grey: highest to lowest price. Shaded: how far the price is expected to go against a trade at worst. Orange along the bottom: candles that a rule cuts or denies.${together}</p>
<div class="controls">
<label>Pair <select id="prices-pair">${series.map(({ pair }) => html`<option>${pair}</option>`)}</select></label>
<label class="check"><input id="prices-allowed" type="checkbox" checked> entries allowed in full</label>
<button type="button" id="prices-all">Whole period</button>
</div>
<ul class="legend" aria-label="Marks"><li><span class="mark allow"></span>allowed</li><li><span class="mark reduce"></span>cut</li><li><span class="mark deny"></span>denied</li></ul>
<figure class="plot" id="prices-chart" role="group" aria-label="Price of the chosen pair, ${result.source.timeframe}, with the entries" tabindex="0"></figure>
`,
  };
}
