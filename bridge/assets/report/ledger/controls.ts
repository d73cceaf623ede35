/** The ledger's filters. */
import { element } from "../data.js";
import { DECISIONS } from "./columns.js";
import type { Decision, LedgerEntry } from "./entries.js";
import { AFFECTED, choices, FILTERS, type Filter } from "./query.js";

const LABELS: Readonly<Record<Filter, string>> = {
  decision: "Decision",
  pair: "Pair",
  side: "Side",
  reason: "Reason",
  month: "Month",
};

export interface Controls {
  readonly box: HTMLElement;
  filters(): Record<Filter, string>;
  search(): string;
  /** Shows everything. */
  clear(): void;
}

/** @param changed called after every change of a filter */
export function makeControls(entries: readonly LedgerEntry[], changed: () => void): Controls {
  const box = element("div", { class: "controls", role: "group", "aria-label": "Filters" });
  const selects = new Map<Filter, HTMLSelectElement>();
  for (const filter of FILTERS) {
    const select = element("select", { id: `filter-${filter}` });
    for (const [value, label] of options(entries, filter)) select.append(element("option", { value }, label));
    select.addEventListener("change", changed);
    selects.set(filter, select);
    box.append(element("label", {}, LABELS[filter], select));
  }
  const search = element("input", { type: "search", id: "filter-search", autocomplete: "off" });
  search.addEventListener("input", changed);
  box.append(element("label", {}, "Tag or exit reason", search));
  const chosen = (filter: Filter): string => selects.get(filter)?.value ?? "";
  return {
    box,
    filters: () => ({
      decision: chosen("decision"),
      pair: chosen("pair"),
      side: chosen("side"),
      reason: chosen("reason"),
      month: chosen("month"),
    }),
    search: () => search.value,
    clear: () => {
      for (const select of selects.values()) select.value = "";
      search.value = "";
    },
  };
}

/** What affects somebody comes first: entries allowed in full are seldom what one looks for. */
function options(entries: readonly LedgerEntry[], filter: Filter): [value: string, label: string][] {
  const found = choices(entries, filter).map((value): [string, string] => [value, value]);
  if (filter !== "decision") return [["", "all"], ...found];
  const named = found.map(([value]): [string, string] => [value, DECISIONS[value as Decision]]);
  const affected: [string, string][] = entries.some(({ decision }) => decision !== "allow")
    ? [[AFFECTED, AFFECTED]]
    : [];
  return [...affected, ["", "all"], ...named];
}
