/** What the recorded trades cannot tell: stakes that follow the balance, slots that a denied entry frees, a strategy left without entries. */
import type { ReplayResult } from "../../run/result.js";
import { type Html, html } from "../escape.js";
import { counted, moneyIn, percent } from "../format.js";
import type { Section } from "./section.js";

const HOUR_MS = 3_600_000;

export function secondOrderSection(result: ReplayResult): Section {
  const { second_order, candidates, source } = result;
  const { money, signedMoney } = moneyIn(source);
  const { side, profit_change_abs, compounding, slots } = second_order;
  const stakes =
    compounding === "unlimited"
      ? `With stakes that follow the balance the gate has left, profit would have been ${money(side.profit_abs)} ${source.stake_currency} (${signedMoney(profit_change_abs)}).`
      : "Stakes were fixed, or cannot be told from the export: they stay as recorded.";
  return {
    id: "beyond",
    title: "Beyond first order",
    short: "Beyond",
    body: html`<ul class="cautions">
<li>${stakes}</li>
${exactText(result)}${slotsText(slots)}${starvationText(candidates)}</ul>
`,
  };
}

function exactText({ exact, source }: ReplayResult): Html {
  if (exact === null) {
    return html`<li>The exact answer is a gated backtest: --exact runs one and compares.</li>
`;
  }
  const { money, signedMoney } = moneyIn(source);
  return html`<li>The gated backtest itself earned ${money(exact.profit_abs)} ${source.stake_currency} (${signedMoney(exact.profit_change_abs)} against the backtest without the gate) in ${counted(exact.trades, "trade", "trades")}, with a maximum drawdown of ${percent(exact.drawdown_closed.ratio)}. First order is off by ${signedMoney(exact.first_order_off_abs)}, with stakes that follow by ${signedMoney(exact.second_order_off_abs)}: ${counted(exact.trades_in_both, "trade is", "trades are")} in both runs, ${exact.trades_only_gated.toLocaleString("en-US")} only in the gated one, which freed slots and money let in, ${exact.trades_only_ungated.toLocaleString("en-US")} only in the other. Of what the first order is off, ${signedMoney(exact.parts.in_both_abs)} is other stakes and answers in trades of both, ${signedMoney(exact.parts.only_ungated_abs)} trades that the gated run did not have, ${signedMoney(exact.parts.only_gated_abs)} trades that were let in.</li>
`;
}

function slotsText(slots: ReplayResult["second_order"]["slots"]): Html {
  if (slots.full_share_without === null || slots.full_share_with === null) return html``;
  const rejected =
    slots.rejected_signals === null || slots.rejected_signals === 0
      ? ""
      : ` freqtrade rejected ${counted(slots.rejected_signals, "signal", "signals")} for want of a slot; those are not in the export, and a gated backtest would take some.`;
  return html`<li>Every slot was taken ${percent(slots.full_share_without)} of the time, and would have been ${percent(slots.full_share_with)} with the gate.${rejected}</li>
`;
}

function starvationText({
  count,
  affected_share,
  denied_share,
  longest_without_entry_ms,
}: ReplayResult["candidates"]): Html {
  const hours = longest_without_entry_ms / HOUR_MS;
  const longest =
    hours === 0
      ? ""
      : ` Longest time without an entry while entries were denied: ${hours < 48 ? `${hours.toFixed(1)} hours` : `${(hours / 24).toFixed(1)} days`}.`;
  return html`<li>Of ${counted(count, "entry that opens a trade", "entries that open a trade")} ${percent(affected_share)} were stopped or cut, ${percent(denied_share)} denied.${longest}</li>
`;
}
