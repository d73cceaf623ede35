/** The explanation of one entry: the sentence, every cap with its measured value and limit, what became of the trade. */
import { type MoneyFormat, measure, percent, price, time } from "../../../src/replay/report/format.js";
import { explain } from "../../../src/replay/report/words.js";
import type { PriceChart } from "../charts/prices.js";
import { element } from "../data.js";
import type { LedgerCap, LedgerEntry } from "./entries.js";

export interface DetailContext {
  readonly currency: string;
  readonly money: MoneyFormat;
  readonly chart: PriceChart | null;
}

export function detailOf(entry: LedgerEntry, context: DetailContext): HTMLElement {
  const { chart } = context;
  const box = element("div", { class: "detail" });
  box.append(element("p", { class: "why" }, whyOf(entry)));
  if (entry.caps.length > 0) box.append(capsTable(entry.caps, context));
  box.append(facts(factsOf(entry, context)));
  const links = element("p", { class: "links" });
  if (chart !== null) {
    const button = element("button", { type: "button" }, "Show in the price chart");
    button.addEventListener("click", () => chart.showAt(entry.pair, entry.at_ms));
    links.append(button, " ");
  }
  links.append(element("a", { href: `#${entry.id}` }, "Link to this entry"));
  box.append(links);
  return box;
}

function whyOf(entry: LedgerEntry): string {
  if (entry.decision === "allow" && entry.reason === "ok") return "Nothing binds: allowed at the full stake.";
  return `${explain(entry)}.`;
}

function capsTable(caps: readonly LedgerCap[], { currency, money }: DetailContext): HTMLElement {
  const head = element("tr", {});
  for (const label of ["Cap", `Stake at most, ${currency}`, "Measured", "Limit"]) {
    head.append(element("th", { scope: "col", ...(label === "Cap" ? {} : { class: "num" }) }, label));
  }
  const body = element("tbody");
  for (const cap of caps) {
    body.append(
      element(
        "tr",
        {},
        element("th", { scope: "row" }, element("code", {}, cap.reason)),
        ...[money.money(cap.stake), measure(cap.value), measure(cap.limit)].map((text) =>
          element("td", { class: "num" }, text),
        ),
      ),
    );
  }
  const caption = element("caption", {}, "Caps on this entry; the smallest binds");
  return element("table", { class: "caps" }, caption, element("thead", {}, head), body);
}

function factsOf(entry: LedgerEntry, { currency, money: format }: DetailContext): [string, string][] {
  const { money, signedMoney } = format;
  return [
    ["Signal candle", entry.candle_open_ms === null ? "–" : `opened ${time(entry.candle_open_ms)}`],
    ["Volatility rank, 0 to 1", measure(entry.sigma_rank)],
    ["Forecast ES 99, next candle", percent(entry.es99, 2)],
    ["Forecast worst move", percent(entry.adverse_quantile, 2)],
    ["Entry price", price(entry.rate)],
    ["Stake", `${money(entry.stake)} → ${money(entry.stake_allowed)} ${currency}`],
    ["Leverage", `${measure(entry.leverage)}×`],
    ["Result", resultOf(entry, signedMoney)],
    ["Worst move against it", percent(entry.adverse_excursion, 2)],
    [
      "Closed",
      Number.isNaN(entry.close_ms)
        ? "not known"
        : `${time(entry.close_ms)}${entry.exit_reason === "" ? "" : `, ${entry.exit_reason}`}`,
    ],
    ["Enter tag", entry.enter_tag === "" ? "none" : entry.enter_tag],
    ["Trade in the export", `${entry.trade}, order ${entry.leg}`],
  ];
}

/** Of an entry in a journal it may not be known what became of it. */
function resultOf({ profit_abs, profit_with }: LedgerEntry, signedMoney: MoneyFormat["signedMoney"]): string {
  if (Number.isNaN(profit_abs)) return "not known";
  return `${signedMoney(profit_abs)} as run, ${signedMoney(profit_with)} with the gate`;
}

function facts(pairs: readonly (readonly [string, string])[]): HTMLElement {
  const list = element("dl", { class: "facts" });
  for (const [label, text] of pairs) {
    list.append(element("div", {}, element("dt", {}, label), element("dd", {}, text)));
  }
  return list;
}
