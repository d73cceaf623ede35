/** The worst days of the market within the backtest, and crashes that have a name. */
import type { ReplayResult } from "../../run/result.js";
import { html } from "../escape.js";
import { day, moneyIn, percent } from "../format.js";
import { table } from "../table.js";
import type { Section } from "./section.js";

const DAY_MS = 86_400_000;

/** @returns null when the backtest has no such day */
export function crisesSection({ crises, source }: ReplayResult): Section | null {
  if (crises.length === 0) return null;
  const { signedMoney } = moneyIn(source);
  return {
    id: "crises",
    title: "On the worst days of the market",
    short: "Crises",
    body: html`${table({
      id: "crises-table",
      caption: `Market: mean change of the traded pairs. Account: change of its value in ${source.stake_currency}, open positions included.`,
      columns: [
        {
          label: "Window (UTC)",
          kind: "heading",
          show: ({ name, kind, from_ms, to_ms }) =>
            kind === "named" ? `${name}, ${span(from_ms, to_ms)}` : span(from_ms, to_ms),
        },
        { label: "Market", kind: "number", show: ({ market_change }) => percent(market_change) },
        { label: "Entries", kind: "number", show: ({ entries }) => entries.toLocaleString("en-US") },
        { label: "Affected", kind: "number", show: ({ affected }) => affected.toLocaleString("en-US") },
        {
          label: "Account without",
          kind: "number",
          show: ({ account_change_without }) => signedMoney(account_change_without),
        },
        { label: "Account with", kind: "number", show: ({ account_change_with }) => signedMoney(account_change_with) },
      ],
      rows: crises,
    })}`,
  };
}

/** `to_ms` is exclusive. */
function span(from_ms: number, to_ms: number): string {
  const last = to_ms - DAY_MS;
  return last <= from_ms ? day(from_ms) : `${day(from_ms)} to ${day(last)}`;
}
