/** The list of stopped and reduced entries. */
import type { Entry, ReplayResult } from "../run/result.js";
import { type Html, html } from "./escape.js";
import { counted, money, signedMoney, time } from "./format.js";
import { explain } from "./words.js";

/** More rows than this make a page slow; the ones with the largest effect are kept. */
export const MAX_LEDGER_ROWS = 3000;

const DECISIONS = { allow: "allowed", reduce: "reduced", deny: "denied", not_asked: "not asked" } as const;
/** In place of a reason, for scale-ins of a denied trade. */
export const TRADE_DENIED = "trade denied";
const KINDS = { entry: "entry", scale_in: "scale-in" } as const;

interface Column {
  readonly label: string;
  readonly number: boolean;
  /** Offered as a filter. */
  readonly choice: boolean;
  readonly text: (entry: Entry) => string;
}

const COLUMNS: readonly Column[] = [
  { label: "Time (UTC)", number: false, choice: false, text: (entry) => time(entry.at_ms) },
  { label: "Pair", number: false, choice: true, text: (entry) => entry.pair },
  { label: "Order", number: false, choice: false, text: (entry) => `${entry.side} ${KINDS[entry.kind]}` },
  { label: "Tag", number: false, choice: false, text: (entry) => entry.enter_tag },
  { label: "Decision", number: false, choice: true, text: (entry) => DECISIONS[entry.decision] },
  { label: "Reason", number: false, choice: true, text: reasonOf },
  {
    label: "Stake → let through",
    number: true,
    choice: false,
    text: (entry) => `${money(entry.stake)} → ${money(entry.stake_allowed)}`,
  },
  { label: "Result as run", number: true, choice: false, text: (entry) => signedMoney(entry.profit_abs) },
  { label: "Change", number: true, choice: false, text: (entry) => signedMoney(changeOf(entry)) },
  { label: "Why", number: false, choice: false, text: explain },
];

/** Entries that were not simply allowed. */
export function affected(result: ReplayResult): Entry[] {
  return result.entries.filter((entry) => entry.decision !== "allow");
}

export function ledger(result: ReplayResult): Html {
  const all = affected(result);
  if (all.length === 0) return html`<section><h2>Stopped and reduced entries</h2><p>None.</p></section>`;
  const kept = largest(all);
  const cutOff =
    kept.length < all.length ? ` The ${kept.length} with the largest effect of ${all.length}; the JSON has all.` : "";
  return html`<section>
<h2>Stopped and reduced entries</h2>
<div class="controls">
<label>Search <input id="search" type="search" autocomplete="off"></label>
${COLUMNS.flatMap((column, index) => (column.choice ? [filter(column, index, kept)] : []))}
<output id="shown" aria-live="polite">${counted(kept.length, "entry", "entries")}</output>
</div>
<div class="scroll" role="region" aria-label="Ledger" tabindex="0">
<table id="ledger">
<caption>Money in ${result.source.stake_currency}. Change: loss avoided (+) or profit missed (−). A heading sorts.${cutOff}</caption>
<thead><tr>${COLUMNS.map(heading)}</tr></thead>
<tbody>
${kept.map((entry) => html`<tr>${COLUMNS.map((column) => cell(column, entry))}</tr>\n`)}</tbody>
</table>
</div>
</section>`;
}

function heading(column: Column): Html {
  return html`<th scope="col" class="${column.number ? "num" : ""}"><button type="button">${column.label}</button></th>`;
}

function cell(column: Column, entry: Entry): Html {
  const sign = column.label === "Change" ? tone(changeOf(entry)) : "";
  const classes = [column.number ? "num" : "", sign].filter((name) => name !== "").join(" ");
  const attribute = classes === "" ? html`` : html` class="${classes}"`;
  return html`<td data-label="${column.label}"${attribute}>${column.text(entry)}</td>`;
}

function filter(column: Column, index: number, entries: readonly Entry[]): Html {
  const values = [...new Set(entries.map(column.text))].sort();
  return html`<label>${column.label} <select data-column="${index}"><option value="">all</option>${values.map(
    (value) => html`<option>${value}</option>`,
  )}</select></label>\n`;
}

function largest(entries: readonly Entry[]): Entry[] {
  if (entries.length <= MAX_LEDGER_ROWS) return [...entries];
  return [...entries]
    .sort((a, b) => Math.abs(changeOf(b)) - Math.abs(changeOf(a)))
    .slice(0, MAX_LEDGER_ROWS)
    .sort((a, b) => a.at_ms - b.at_ms);
}

function changeOf(entry: Entry): number {
  return entry.profit_with - entry.profit_abs;
}

export function reasonOf(entry: Entry): string {
  return entry.decision === "not_asked" ? TRADE_DENIED : entry.reason;
}

export function tone(value: number): "good" | "bad" | "" {
  if (value > 0) return "good";
  return value < 0 ? "bad" : "";
}
