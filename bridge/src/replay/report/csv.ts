/** The ledger as CSV (RFC 4180): every entry, every digit, times in ISO 8601 UTC. */
import type { Entry } from "../run/result.js";

type Cell = string | number | null;

const COLUMNS: readonly (readonly [name: string, value: (entry: Entry) => Cell])[] = [
  ["trade", (entry) => entry.trade],
  ["leg", (entry) => entry.leg],
  ["pair", (entry) => entry.pair],
  ["side", (entry) => entry.side],
  ["kind", (entry) => entry.kind],
  ["at", (entry) => iso(entry.at_ms)],
  ["candle_open", (entry) => iso(entry.candle_open_ms)],
  ["close", (entry) => iso(entry.close_ms)],
  ["rate", (entry) => entry.rate],
  ["leverage", (entry) => entry.leverage],
  ["stake", (entry) => entry.stake],
  ["decision", (entry) => entry.decision],
  ["stake_allowed", (entry) => entry.stake_allowed],
  ["reason", (entry) => entry.reason],
  ["value", (entry) => entry.value],
  ["limit", (entry) => entry.limit],
  ["caps", (entry) => entry.caps.map((cap) => `${cap.reason}:${cap.stake}`).join(" ")],
  ["profit_abs", (entry) => entry.profit_abs],
  ["profit_with", (entry) => entry.profit_with],
  ["adverse_excursion", (entry) => entry.adverse_excursion],
  ["sigma_rank", (entry) => entry.measures.sigma_rank],
  ["es99", (entry) => entry.measures.es99],
  ["adverse_quantile", (entry) => entry.measures.adverse_quantile],
  ["enter_tag", (entry) => entry.enter_tag],
  ["exit_reason", (entry) => entry.exit_reason],
];

/** With a line of names first; lines end in CRLF, as the standard has it. */
export function ledgerCsv(entries: readonly Entry[]): string {
  const lines = entries.map((entry) => COLUMNS.map(([, value]) => cell(value(entry))).join(","));
  return [COLUMNS.map(([name]) => name).join(","), ...lines, ""].join("\r\n");
}

/** A text that a spreadsheet would take for a formula is set off by an apostrophe. */
function cell(value: Cell): string {
  if (value === null) return "";
  if (typeof value === "number") return String(value);
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function iso(t_ms: number | null): string | null {
  return t_ms === null ? null : new Date(t_ms).toISOString();
}
