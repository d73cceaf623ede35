/** The ledger's columns. */
import { type MoneyFormat, percent, time } from "../../../src/replay/report/format.js";
import { changeOf, type Decision, type LedgerEntry } from "./entries.js";
import type { SortKey } from "./query.js";

export const DECISIONS: Readonly<Record<Decision, string>> = {
  allow: "allowed",
  reduce: "cut",
  deny: "denied",
  not_asked: "not asked",
};

export interface LedgerColumn {
  readonly key: SortKey;
  readonly label: string;
  readonly number: boolean;
  readonly text: (entry: LedgerEntry) => string;
  /** Class of the cell. */
  readonly style?: (entry: LedgerEntry) => string;
}

/** The first one opens the row. */
export function columnsFor({ money, signedMoney }: MoneyFormat): readonly LedgerColumn[] {
  return [
    { key: "at_ms", label: "Time (UTC)", number: false, text: (entry) => time(entry.at_ms) },
    { key: "pair", label: "Pair", number: false, text: (entry) => entry.pair },
    {
      key: "side",
      label: "Order",
      number: false,
      text: ({ side, kind }) => (kind === "scale_in" ? `${side}, scale-in` : side),
    },
    {
      key: "decision",
      label: "Decision",
      number: false,
      text: (entry) => DECISIONS[entry.decision],
      style: (entry) => `decision ${entry.decision}`,
    },
    { key: "reason", label: "Reason", number: false, text: (entry) => entry.reason },
    { key: "stake", label: "Stake", number: true, text: (entry) => money(entry.stake) },
    {
      key: "share",
      label: "Let through",
      number: true,
      text: (entry) => percent(entry.stake_allowed / entry.stake),
    },
    { key: "profit_abs", label: "As run", number: true, text: (entry) => signedMoney(entry.profit_abs) },
    {
      key: "change",
      label: "Change",
      number: true,
      text: (entry) => signedMoney(changeOf(entry)),
      style: (entry) => (changeOf(entry) > 0 ? "good" : changeOf(entry) < 0 ? "bad" : ""),
    },
  ];
}
