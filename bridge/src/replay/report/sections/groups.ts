/** Entries and what the gate did to them, by pair, reason, month, side and tag. */
import type { ReplayResult } from "../../run/result.js";
import type { Group } from "../../run/result_statistics.js";
import { html } from "../escape.js";
import { type MoneyFormat, moneyIn, percent } from "../format.js";
import { type Column, table, tone } from "../table.js";
import type { Section } from "./section.js";

const TABLES = [
  { key: "by_pair", label: "Pair", title: "By pair" },
  { key: "by_reason", label: "Reason", title: "By reason" },
  { key: "by_month", label: "Month", title: "By month" },
  { key: "by_side", label: "Side", title: "By side" },
  { key: "by_enter_tag", label: "Enter tag", title: "By enter tag" },
] as const;

export function groupsSection({ groups, source }: ReplayResult): Section {
  const tables = TABLES.map(({ key, label, title }) => {
    const rows = groups[key];
    const columns = columnsOf(label, moneyIn(source));
    return table({ id: `${key}-table`.replaceAll("_", "-"), caption: html`<strong>${title}</strong>`, columns, rows });
  });
  return {
    id: "groups",
    title: "Where it happened",
    short: "Tables",
    body: html`<p class="soft">Money in ${source.stake_currency}; profit without and with the gate, loss avoided and profit missed by what was stopped or cut.</p>
${tables}`,
  };
}

function columnsOf(label: string, { money, signedMoney }: MoneyFormat): Column<Group>[] {
  return [
    { label, kind: "heading", show: ({ key }) => (key === "" ? "none" : key) },
    { label: "Entries", kind: "number", show: ({ entries }) => entries.toLocaleString("en-US") },
    { label: "Affected", kind: "number", show: ({ affected }) => affected.toLocaleString("en-US") },
    { label: "Let through", kind: "number", show: ({ stake_share }) => percent(stake_share) },
    { label: "Losers", kind: "number", show: ({ losers }) => losers.toLocaleString("en-US") },
    { label: "Profit without", kind: "number", show: ({ profit_without }) => money(profit_without) },
    { label: "Profit with", kind: "number", show: ({ profit_with }) => money(profit_with) },
    { label: "Loss avoided", kind: "number", show: ({ loss_avoided }) => money(loss_avoided) },
    { label: "Profit missed", kind: "number", show: ({ profit_foregone }) => money(profit_foregone) },
    {
      label: "Change",
      kind: "number",
      show: (group) => signedMoney(group.profit_with - group.profit_without),
      tone: (group) => tone(group.profit_with - group.profit_without),
    },
  ];
}
