/** The frame of the ledger; the page's script fills it, a page of rows at a time. */
import type { ReplayResult } from "../../run/result.js";
import { html } from "../escape.js";
import type { Section } from "./section.js";

/** @param shown entries the page carries */
export function ledgerSection({ entries, source }: ReplayResult, shown: number): Section {
  const left_out =
    shown < entries.length
      ? ` This page carries the ${shown.toLocaleString("en-US")} entries whose profit the gate changes most, of ${entries.length.toLocaleString("en-US")}; --csv and --json write all.`
      : "";
  return {
    id: "ledger",
    title: "Ledger",
    short: "Ledger",
    body: html`<p class="soft">Every entry order with its decision; money in ${source.stake_currency}, times in UTC. Change: loss avoided (+) or profit missed (−). A heading sorts, a row's time opens its explanation.${left_out}</p>
<div id="ledger-view"><noscript><p>The ledger needs JavaScript; --csv writes it as a file.</p></noscript></div>
`,
  };
}
