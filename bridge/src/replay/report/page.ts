/** The report: one HTML page that needs nothing else, and may do nothing else (its policy forbids every request and every foreign script). */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { REASONS } from "../../protocol/codes.js";
import type { ReplayResult, SideTotals } from "../run/result.js";
import { placeboBand } from "./band.js";
import { Html, html, scriptJson } from "./escape.js";
import { day, money, percent, points, signedMoney, time } from "./format.js";
import { affected, ledger, reasonOf, TRADE_DENIED, tone } from "./ledger.js";
import { againstChance, againstConstantSize, answer, caveats, FIRST_ORDER } from "./words.js";

/** Inlined texts, read from the package: the page's own and uPlot's. */
interface Assets {
  readonly styles: readonly string[];
  readonly scripts: readonly string[];
}

/**
 * Writes the page.
 * @returns the HTML text
 * @throws Error when a file of the package is missing
 */
export function reportPage(result: ReplayResult): string {
  const assets = readAssets();
  const title = `Risk replay: ${result.source.strategy}`;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy(assets)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>${title}</title>
${assets.styles.map((text) => html`<style>${new Html(text)}</style>\n`)}</head>
<body>
<header>
<h1>${title}</h1>
<p class="about">${result.source.file} · ${day(result.source.start_ms)} to ${day(result.source.end_ms)} · ${result.source.timeframe} · ${result.source.candles.length} pairs · profile ${profileOf(result)}</p>
</header>
<main>
${headline(result)}
${charts()}
${reasons(result)}
${ledger(result)}
${runInfo(result)}
</main>
<footer><p>Made by talebridge ${result.software.talebridge} (engine ${result.software.engine}). Charts: uPlot, MIT licence.</p></footer>
<script type="application/json" id="data">${scriptJson(chartData(result))}</script>
${assets.scripts.map((text) => html`<script>${new Html(text)}</script>\n`)}</body>
</html>
`.text;
}

function headline(result: ReplayResult): Html {
  const { counts } = result;
  return html`<section>
<h2>What the gate would have done</h2>
<p class="answer">${answer(result)}</p>
<dl class="tiles">
${tile("Entry orders", counts.entries, "")}
${tile("Denied", counts.denied, percent(counts.denied / counts.entries))}
${tile("Reduced", counts.reduced, percent(counts.reduced / counts.entries))}
${tile("Allowed in full", counts.allowed, percent(counts.allowed / counts.entries))}
</dl>
${comparison(result)}
<div class="note">
<p><strong>${againstChance(result)}</strong></p>
${placeboBand(result)}
<p>${againstConstantSize(result)}</p>
<p>${FIRST_ORDER}</p>
${caveats(result).map((text) => html`<p>${text}</p>`)}
</div>
</section>`;
}

function tile(label: string, value: number, about: string): Html {
  return html`<div><dt>${label}</dt><dd>${value.toLocaleString("en-US")} <small>${about}</small></dd></div>\n`;
}

function comparison(result: ReplayResult): Html {
  const { without, with: gated, source } = result;
  const row = (
    label: string,
    show: (side: SideTotals) => string,
    difference: string,
    sign: "good" | "bad" | "" = "",
  ): Html =>
    html`<tr><th scope="row">${label}</th><td class="num">${show(without)}</td><td class="num">${show(gated)}</td><td class="num ${sign}">${difference}</td></tr>\n`;
  const change = (of: (side: SideTotals) => number | null): number =>
    (of(gated) ?? Number.NaN) - (of(without) ?? Number.NaN);
  const lower = (value: number): "good" | "bad" | "" => tone(-value);
  const profit = change((side) => side.profit_abs);
  const ratio = change((side) => side.profit_ratio);
  const closed = change((side) => side.drawdown_closed.ratio);
  const marked = change((side) => side.drawdown_marked.ratio);
  const plain = change((side) => side.adverse_excursion.plain);
  const weighted = change((side) => side.adverse_excursion.weighted);
  return html`<div class="scroll" role="region" aria-label="Comparison" tabindex="0"><table class="compare">
<thead><tr><td></td><th scope="col" class="num"><span class="key without"></span>Without gate</th><th scope="col" class="num"><span class="key with"></span>With gate</th><th scope="col" class="num">Difference</th></tr></thead>
<tbody>
${row("Trades taken", (side) => side.trades.toLocaleString("en-US"), String(gated.trades - without.trades).replace("-", "−"))}
${row(`Profit, ${source.stake_currency}`, (side) => money(side.profit_abs), signedMoney(profit), tone(profit))}
${row("Profit, of the starting balance", (side) => percent(side.profit_ratio), points(ratio), tone(ratio))}
${row("Maximum drawdown, closed trades", (side) => percent(side.drawdown_closed.ratio), points(closed), lower(closed))}
${row("Maximum drawdown, open trades included", (side) => percent(side.drawdown_marked.ratio), points(marked), lower(marked))}
${row("Average adverse excursion, by stake", (side) => percent(side.adverse_excursion.weighted, 2), points(weighted, 2), lower(weighted))}
${row("Average adverse excursion, by trade", (side) => percent(side.adverse_excursion.plain, 2), points(plain, 2), lower(plain))}
</tbody>
</table></div>`;
}

function charts(): Html {
  return html`<section>
<h2>Equity with and without the gate</h2>
<p class="soft">Account value at every candle, open positions included. Select a stretch to zoom in, double-click to zoom out.</p>
<div id="equity-chart" class="chart" role="img" aria-label="Account value over time, with and without the gate; the figures are in the table above"></div>
<h2>Drawdown</h2>
<div id="drawdown-chart" class="chart" role="img" aria-label="Fall of the account below its highest value so far, with and without the gate"></div>
<noscript><p>The charts need JavaScript; everything else on this page does not.</p></noscript>
</section>`;
}

function reasons(result: ReplayResult): Html {
  const { counts, effect } = result;
  if (affected(result).length === 0) return html``;
  const changes = new Map<string, { avoided: number; missed: number }>();
  for (const entry of affected(result)) {
    const change = entry.profit_with - entry.profit_abs;
    const sum = changes.get(reasonOf(entry)) ?? { avoided: 0, missed: 0 };
    if (change > 0) sum.avoided += change;
    else sum.missed -= change;
    changes.set(reasonOf(entry), sum);
  }
  const row = (reason: string, denied: number, reduced: number, meaning: string): Html =>
    html`<tr><th scope="row"><code>${reason}</code></th><td class="num">${denied}</td><td class="num">${reduced}</td><td class="num">${money(changes.get(reason)?.avoided ?? 0)}</td><td class="num">${money(changes.get(reason)?.missed ?? 0)}</td><td>${meaning}</td></tr>\n`;
  const { precision } = effect;
  return html`<section>
<h2>Why, and what each reason did</h2>
<div class="scroll" role="region" aria-label="Reasons" tabindex="0"><table class="wide">
<thead><tr><th scope="col">Reason</th><th scope="col" class="num">Denied</th><th scope="col" class="num">Reduced</th><th scope="col" class="num">Loss avoided</th><th scope="col" class="num">Profit missed</th><th scope="col">Meaning</th></tr></thead>
<tbody>
${counts.by_reason.map(({ reason, denied, reduced }) => row(reason, denied, reduced, meaningOf(reason)))}${
  counts.not_asked === 0
    ? html``
    : row(
        TRADE_DENIED,
        counts.not_asked,
        0,
        "Scale-ins that fall away because the gate would not have let their trade open.",
      )
}</tbody>
</table></div>
<p>Of the denied entries ${percent(precision.denied_losers)} lost, of all entries ${percent(precision.base_losers)}. Of the stake taken away ${percent(precision.cut_stake_losers)} lost, of all stake ${percent(precision.base_stake_losers)}. A gate that picks losers must be above the base rate by more than chance.</p>
</section>`;
}

function runInfo(result: ReplayResult): Html {
  const { source, gate, software, checks } = result;
  const facts: readonly (readonly [string, string])[] = [
    ["Backtest", `${source.file}, strategy ${source.strategy}`],
    ["Exchange", `${source.exchange ?? "not told"}, ${source.trading_mode}`],
    ["Period", `${time(source.start_ms)} to ${time(source.end_ms)} UTC (timerange ${source.timerange || "not given"})`],
    [
      "Timeframe",
      source.timeframe_detail === "" ? source.timeframe : `${source.timeframe}, detail ${source.timeframe_detail}`,
    ],
    ["Starting balance", `${money(source.starting_balance)} ${source.stake_currency}`],
    ["Open trades at most", source.max_open_trades === null ? "unlimited" : String(source.max_open_trades)],
    ["Trades", source.trades.toLocaleString("en-US")],
    ["Settings from", gate.settings_from.join(", then ")],
    ["Decision fingerprint", gate.fingerprint],
    ["Engine fingerprint", gate.engine_fingerprint],
    ["Engine memory", `${gate.memory_rows} candles`],
    [
      "Software",
      `talebridge ${software.talebridge}, engine ${software.engine} (${software.engine_simd}), Node ${software.node}`,
    ],
    ["Profit, ours against freqtrade's", against(money(checks.profit.ours), checks.profit.freqtrade, money)],
    [
      "Maximum drawdown, ours against freqtrade's",
      against(percent(checks.drawdown_closed.ours, 4), checks.drawdown_closed.freqtrade, (value) => percent(value, 4)),
    ],
    [
      "Account value against freqtrade's wallet record",
      checks.wallet === null
        ? "no comparable record in the export"
        : `${checks.wallet.points.toLocaleString("en-US")} candles, largest difference ${money(checks.wallet.max_difference_abs)} ${source.stake_currency}`,
    ],
  ];
  return html`<section>
<h2>About this run</h2>
<dl class="facts">
${facts.map(([label, text]) => html`<dt>${label}</dt><dd>${text}</dd>\n`)}</dl>
<details><summary>Settings</summary><pre>${JSON.stringify(gate.settings, null, 2)}</pre></details>
<details><summary>Candles</summary><pre>${source.candles.map((candles) => `${candles.pair}: ${candles.rows} rows from ${time(candles.from_ms)}, ${candles.rows_before_start} before the backtest begins`).join("\n")}</pre></details>
</section>`;
}

function against(ours: string, theirs: number | null, show: (value: number) => string): string {
  return theirs === null ? `${ours}, freqtrade's is not in the export` : `${ours} and ${show(theirs)}`;
}

function meaningOf(reason: string): string {
  return REASONS.find((known) => known.name === reason)?.meaning ?? "";
}

function profileOf(result: ReplayResult): string {
  const { settings } = result.gate;
  return typeof settings === "object" && settings !== null && "profile" in settings ? String(settings.profile) : "";
}

function chartData(result: ReplayResult): object {
  const { equity, source } = result;
  const round = (values: readonly number[]): number[] => values.map((value) => Number(value.toPrecision(8)));
  return {
    currency: source.stake_currency,
    t_s: equity.t_ms.map((t_ms) => t_ms / 1000),
    without: round(equity.without),
    with: round(equity.with),
  };
}

function readAssets(): Assets {
  const own = (name: string): string =>
    readFileSync(new URL(`../../../assets/report/${name}`, import.meta.url), "utf8");
  const resolve = createRequire(import.meta.url).resolve;
  const plot = (name: string): string => readFileSync(resolve(`uplot/dist/${name}`), "utf8");
  const scripts = [plot("uPlot.iife.min.js"), own("page.js")];
  for (const script of scripts) {
    if (/<\/script|<!--/i.test(script)) throw new Error("a script of the report would end its own element");
  }
  return { styles: [plot("uPlot.min.css"), own("page.css")], scripts };
}

/** Only the styles and scripts whose hashes are listed run; nothing is loaded from anywhere. */
function policy({ styles, scripts }: Assets): string {
  const hashes = (texts: readonly string[]): string =>
    texts.map((text) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`).join(" ");
  return `default-src 'none'; style-src ${hashes(styles)}; script-src ${hashes(scripts)}; base-uri 'none'; form-action 'none'`;
}
