/** What was replayed with what, so that somebody else can do it again. */
import type { ReplayResult } from "../../run/result.js";
import { type Html, html } from "../escape.js";
import { moneyIn, percent, time } from "../format.js";
import { table } from "../table.js";
import type { Section } from "./section.js";

export function runInfoSection(result: ReplayResult): Section {
  const { source, gate } = result;
  return {
    id: "run",
    title: "About this run",
    short: "Run",
    body: html`<dl class="facts">
${[...sourceFacts(result), ...gateFacts(result), ...checkFacts(result)].map(
  ([label, text]) => html`<div><dt>${label}</dt><dd>${text}</dd></div>\n`,
)}</dl>
<details><summary>Every setting of the gate</summary><pre tabindex="0" role="region" aria-label="Settings">${JSON.stringify(gate.settings, null, 2)}</pre></details>
<details><summary>Candles by pair</summary>
${table({
  id: "candles-table",
  caption: `${source.timeframe} candles; the engine needs ${gate.memory_rows} before it can judge.`,
  columns: [
    { label: "Pair", kind: "heading", show: ({ pair }) => pair },
    { label: "Candles", kind: "number", show: ({ rows }) => rows.toLocaleString("en-US") },
    { label: "Before the start", kind: "number", show: ({ rows_before_start: rows }) => rows.toLocaleString("en-US") },
    { label: "From (UTC)", kind: "number", show: ({ from_ms }) => time(from_ms) },
    { label: "SHA-256", kind: "text", show: ({ sha256 }) => html`<code>${sha256}</code>` },
  ],
  rows: source.candles,
})}</details>
`,
  };
}

type Fact = readonly [label: string, text: string | Html];

function sourceFacts({ source }: ReplayResult): Fact[] {
  const { money } = moneyIn(source);
  const timeframe =
    source.timeframe_detail === "" ? source.timeframe : `${source.timeframe}, detail ${source.timeframe_detail}`;
  return [
    ["Backtest", source.file],
    ["SHA-256 of the backtest", html`<code>${source.file_sha256}</code>`],
    ["Strategy", source.strategy],
    ["Exchange", `${source.exchange ?? "not told"}, ${source.trading_mode}`],
    ["Period (UTC)", `${time(source.start_ms)} to ${time(source.end_ms)}`],
    ["Timerange", source.timerange === "" ? "not given" : source.timerange],
    ["Timeframe", timeframe],
    ["Starting balance", `${money(source.starting_balance)} ${source.stake_currency}`],
    ["Open trades at most", source.max_open_trades === null ? "unlimited" : String(source.max_open_trades)],
    ["Trades", source.trades.toLocaleString("en-US")],
  ];
}

function gateFacts({ gate, software }: ReplayResult): Fact[] {
  return [
    ["Settings from", gate.settings_from.join(", then ")],
    ["Decision fingerprint", html`<code>${gate.fingerprint}</code>`],
    ["Engine fingerprint", html`<code>${gate.engine_fingerprint}</code>`],
    ["Engine memory", `${gate.memory_rows.toLocaleString("en-US")} candles`],
    ["talebridge", software.talebridge],
    ["Engine", `${software.engine} (${software.engine_simd})`],
    ["Node", software.node],
  ];
}

function checkFacts({ checks, source }: ReplayResult): Fact[] {
  const { money } = moneyIn(source);
  const exact = (value: number): string => percent(value, 4);
  return [
    ["Profit, ours and freqtrade's", against(money(checks.profit.ours), checks.profit.freqtrade, money)],
    [
      "Maximum drawdown, ours and freqtrade's",
      against(exact(checks.drawdown_closed.ours), checks.drawdown_closed.freqtrade, exact),
    ],
    [
      "Account value against freqtrade's record",
      checks.wallet === null
        ? "no comparable record in the export"
        : `${checks.wallet.points.toLocaleString("en-US")} candles, largest difference ${money(checks.wallet.max_difference_abs)} ${source.stake_currency}`,
    ],
  ];
}

function against(ours: string, theirs: number | null, show: (value: number) => string): string {
  return theirs === null ? `${ours}; freqtrade's is not in the export` : `${ours} and ${show(theirs)}`;
}
