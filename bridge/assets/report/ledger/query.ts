/** Which rows the ledger shows, and in which order. Pure. */
import { changeOf, type LedgerEntry } from "./entries.js";

export const FILTERS = ["decision", "pair", "side", "reason", "month"] as const;
export type Filter = (typeof FILTERS)[number];

/** A choice of `decision` that is no single one: everything but allowed in full. */
export const AFFECTED = "stopped or cut";

export type SortKey = "at_ms" | "pair" | "side" | "decision" | "reason" | "stake" | "share" | "profit_abs" | "change";

export interface Query {
  readonly filters: Readonly<Record<Filter, string>>;
  /** In the enter tag or the exit reason; case does not matter. */
  readonly search: string;
  readonly sort: SortKey;
  readonly descending: boolean;
}

/** @returns the entries that fit, sorted; equal ones in order of time */
export function select(entries: readonly LedgerEntry[], query: Query): LedgerEntry[] {
  const wanted = query.search.trim().toLowerCase();
  const found = entries.filter(
    (entry) =>
      FILTERS.every((filter) => fits(entry, filter, query.filters[filter])) &&
      (wanted === "" || `${entry.enter_tag}\n${entry.exit_reason}`.toLowerCase().includes(wanted)),
  );
  const sign = query.descending ? -1 : 1;
  return found.sort((a, b) => sign * compare(keyOf(a, query.sort), keyOf(b, query.sort)) || a.at_ms - b.at_ms);
}

/** The different values of a filter, in order. */
export function choices(entries: readonly LedgerEntry[], filter: Filter): string[] {
  return [...new Set(entries.map((entry) => entry[filter]))].sort();
}

function fits(entry: LedgerEntry, filter: Filter, value: string): boolean {
  if (value === "") return true;
  if (filter === "decision" && value === AFFECTED) return entry.decision !== "allow";
  return entry[filter] === value;
}

/** What is not known comes before everything that is. */
function keyOf(entry: LedgerEntry, key: SortKey): string | number {
  const value = rawKeyOf(entry, key);
  return Number.isNaN(value) ? Number.NEGATIVE_INFINITY : value;
}

function rawKeyOf(entry: LedgerEntry, key: SortKey): string | number {
  switch (key) {
    case "share":
      return entry.stake_allowed / entry.stake;
    case "change":
      return changeOf(entry);
    default:
      return entry[key];
  }
}

function compare(a: string | number, b: string | number): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
