/** Which rules and limits stopped or cut entries. */
import { REASONS } from "../../../protocol/codes.js";
import type { ReplayResult } from "../../run/result.js";
import { html } from "../escape.js";
import { percent } from "../format.js";
import { table } from "../table.js";
import type { Section } from "./section.js";

/** @returns null when nothing was stopped or cut */
export function reasonsSection({ counts, effect: { precision } }: ReplayResult): Section | null {
  if (counts.by_reason.length === 0) return null;
  return {
    id: "reasons",
    title: "Why entries were stopped or cut",
    short: "Reasons",
    body: html`${table({
      id: "reasons-table",
      caption: "By the reason that binds: the one that denies, or the smallest cap.",
      columns: [
        { label: "Reason", kind: "heading", show: ({ reason }) => html`<code>${reason}</code>` },
        { label: "Denied", kind: "number", show: ({ denied }) => denied.toLocaleString("en-US") },
        { label: "Cut", kind: "number", show: ({ reduced }) => reduced.toLocaleString("en-US") },
        { label: "Meaning", kind: "text", show: ({ reason }) => meaningOf(reason) },
      ],
      rows: counts.by_reason,
    })}
<p>Of the denied entries ${percent(precision.denied_losers)} lost, of all entries ${percent(precision.base_losers)}. Of the stake taken away ${percent(precision.cut_stake_losers)} lost, of all stake ${percent(precision.base_stake_losers)}. A gate that picks losers must be above the base rate by more than chance.</p>
`,
  };
}

function meaningOf(reason: string): string {
  return REASONS.find((known) => known.name === reason)?.meaning ?? "";
}
