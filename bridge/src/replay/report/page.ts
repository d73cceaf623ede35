/** The report: one HTML page that needs nothing else, and may do nothing else (its policy forbids every request and every foreign script). */
import type { ReplayResult } from "../run/result.js";
import type { PairSeries } from "../run/series.js";
import { policy, readAssets } from "./assets.js";
import { pageData } from "./data/page_data.js";
import { Html, html, scriptJson } from "./escape.js";
import { day } from "./format.js";
import { answerSection } from "./sections/answer.js";
import { calibrationSection } from "./sections/calibration.js";
import { chanceSection } from "./sections/chance.js";
import { equitySection, pricesSection } from "./sections/charts.js";
import { comparisonSection } from "./sections/comparison.js";
import { crisesSection } from "./sections/crises.js";
import { depthSection } from "./sections/depth.js";
import { figuresSection } from "./sections/figures.js";
import { groupsSection } from "./sections/groups.js";
import { ledgerSection } from "./sections/ledger.js";
import { reasonsSection } from "./sections/reasons.js";
import { runInfoSection } from "./sections/run_info.js";
import { secondOrderSection } from "./sections/second_order.js";
import { type Section, sectionHtml } from "./sections/section.js";

/** Points of all price charts together: about 1.1 MB of the page. */
export const MAX_PRICE_POINTS = 40_000;

/**
 * Writes the page.
 * @param series prices for the price chart; none: the page has no price chart
 * @returns the HTML text
 * @throws Error when a file of the package is missing
 */
export function reportPage(result: ReplayResult, series: readonly PairSeries[] = []): string {
  const assets = readAssets();
  const data = pageData(result, series);
  const what = result.source.kind === "journal" ? "risk journal" : "risk replay";
  const title = `${what[0]?.toUpperCase()}${what.slice(1)}: ${result.source.strategy}`;
  const sections = sectionsOf(result, series, data.entries.rows);
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy(assets)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${title}</title>
<style>${new Html(assets.style)}</style>
</head>
<body>
<a class="skip" href="#answer">Skip to the answer</a>
<header>
<div class="bar"><p class="brand">talebridge <span>${what}</span></p>
<label class="theme">Theme <select id="theme"><option value="">system</option><option value="light">light</option><option value="dark">dark</option></select></label></div>
<h1>${result.source.strategy}</h1>
<p class="about">${aboutOf(result).map((text) => html`<span>${text}</span> `)}</p>
</header>
<nav aria-label="Sections"><ul><li><a href="#answer">Answer</a></li>
${sections.map(({ id, short }) => html`<li><a href="#${id}">${short}</a></li>\n`)}</ul></nav>
<main>
${answerSection(result)}${sections.map(sectionHtml)}</main>
<footer><p>Made by talebridge ${result.software.talebridge} (engine ${result.software.engine}). Charts: uPlot, © Leon Sorokin, MIT licence.</p></footer>
<script type="application/json" id="data">${scriptJson(data)}</script>
<script>${new Html(assets.script)}</script>
</body>
</html>
`.text;
}

function sectionsOf(result: ReplayResult, series: readonly PairSeries[], carried: number): Section[] {
  const all = [
    comparisonSection(result),
    equitySection(result),
    pricesSection(result, series),
    chanceSection(result),
    figuresSection(result),
    reasonsSection(result),
    ledgerSection(result, carried),
    groupsSection(result),
    crisesSection(result),
    depthSection(result),
    calibrationSection(result),
    secondOrderSection(result),
    runInfoSection(result),
  ];
  return all.filter((section) => section !== null);
}

function aboutOf({ source, gate }: ReplayResult): string[] {
  return [
    source.kind === "journal" ? `journal ${source.file}` : source.file,
    `${day(source.start_ms)} to ${day(source.end_ms)}`,
    `${source.timeframe} candles`,
    source.candles.length === 0
      ? "no candles read"
      : `${source.candles.length} ${source.candles.length === 1 ? "pair" : "pairs"}`,
    `profile ${profileOf(gate.settings)}`,
  ];
}

function profileOf(settings: unknown): string {
  return typeof settings === "object" && settings !== null && "profile" in settings ? String(settings.profile) : "–";
}
