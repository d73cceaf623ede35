/** The first screen: the answer in words, three numbers among their placebos, and the account without and with the gate. */
import type { ReplayResult } from "../../run/result.js";
import { type Html, html } from "../escape.js";
import { type MoneyFormat, moneyIn, percent } from "../format.js";
import type { Tone } from "../table.js";
import { againstChance, againstConstantSize, answer, caveats, firstOrder, verdict } from "../words.js";
import { type Band, bandPicture } from "./band.js";

export function answerSection(result: ReplayResult): Html {
  return html`<section id="answer" class="hero" aria-labelledby="answer-title">
<h2 id="answer-title" class="verdict">${verdict(result)}.</h2>
<p class="answer">${answer(result)}</p>
<div class="numbers">
${numbers(result).map(numberHtml)}</div>
${legend(result)}<p>${againstChance(result)}</p>
<p>${againstConstantSize(result)}</p>
</section>
`;
}

function legend({ placebo }: ReplayResult): Html {
  if (placebo.status !== "compared") return html``;
  return html`<p class="soft key">Bar: nine of ten random gates, which cut as much at other moments. Line in it: their median. Dot: this gate. Dashed: no change.</p>
`;
}

/** What a reader has to know before believing the numbers. */
export function cautions(result: ReplayResult): Html {
  return html`<ul class="cautions">
${[firstOrder(result), ...caveats(result)].map((text) => html`<li>${text}</li>\n`)}</ul>
`;
}

interface Headline {
  readonly id: string;
  readonly label: string;
  readonly value: string;
  readonly unit: string;
  readonly tone: Tone;
  readonly about: string;
  readonly band: Html;
}

function numbers(result: ReplayResult): Headline[] {
  const { counts, effect, without, with: gated, source, placebo } = result;
  const format = moneyIn(source);
  const { money, signedMoney } = format;
  const stopped = counts.denied + counts.not_asked;
  const figure = (name: string) => effect.figures.find((one) => one.figure === name);
  const [drawdown, worst] = [gated.drawdown_closed.abs - without.drawdown_closed.abs, figure("cvar95_trades")];
  return [
    {
      id: "profit-change",
      label: "Change of profit",
      value: signedMoney(effect.profit_change_abs),
      unit: source.stake_currency,
      about: `${money(effect.loss_avoided_abs)} of losses avoided, ${money(effect.profit_foregone_abs)} of profit missed`,
      ...amongPlacebos(placebo, "profit_change", { label: "Change of profit", sign: 1, format }),
    },
    {
      id: "drawdown-change",
      label: "Change of maximum drawdown",
      value: signedMoney(drawdown),
      unit: source.stake_currency,
      about: `from ${percent(without.drawdown_closed.ratio)} to ${percent(gated.drawdown_closed.ratio)} of the account, closed trades`,
      ...amongPlacebos(placebo, "drawdown_change", { label: "Change of maximum drawdown", sign: -1, format }),
    },
    worst === undefined || worst.change === null || !/[1-9]/.test(money(worst.change))
      ? {
          id: "entries-changed",
          label: "Entries stopped or cut",
          value: (counts.reduced + stopped).toLocaleString("en-US"),
          unit: `of ${counts.entries.toLocaleString("en-US")}`,
          about: `${stopped.toLocaleString("en-US")} stopped, ${counts.reduced.toLocaleString("en-US")} cut; ${percent(effect.stake_share)} of the stake let through`,
          tone: "",
          band: html``,
        }
      : {
          id: "cvar-change",
          label: "Change of the worst 5 % of trades",
          value: signedMoney(worst.change),
          unit: source.stake_currency,
          about: `mean loss, from ${money(worst.without)} to ${money(worst.with)} a trade`,
          ...amongPlacebos(placebo, "cvar95_change", {
            label: "Change of the mean loss of the worst 5 % of trades",
            sign: -1,
            format,
          }),
        },
  ];
}

/**
 * Band and colour of a number. Colour is praise or blame: none for what chance does as well.
 * @param sign −1 where the number falls when the measure, of which more is better, rises
 */
function amongPlacebos(
  placebo: ReplayResult["placebo"],
  name: "profit_change" | "drawdown_change" | "cvar95_change",
  { label, sign, format }: { readonly label: string; readonly sign: 1 | -1; readonly format: MoneyFormat },
): { readonly tone: Tone; readonly band: Html } {
  const { signedMoney } = format;
  const found = placebo.status === "compared" ? placebo.measures.find(({ measure }) => measure === name) : undefined;
  if (found === undefined) return { tone: "", band: html`` };
  const { quantiles, percentile } = found;
  const band: Band = sign === 1 ? quantiles : { p05: -quantiles.p95, p50: -quantiles.p50, p95: -quantiles.p05 };
  const value = sign * found.value;
  const told = `${label}: the gate ${signedMoney(value)}; nine of ten random gates between ${signedMoney(band.p05)} and ${signedMoney(band.p95)}, their median ${signedMoney(band.p50)}; better than ${percent(percentile, 0)} of them`;
  return {
    tone: percentile >= 0.95 ? "good" : percentile <= 0.05 ? "bad" : "",
    band: html`${bandPicture(value, band, told, signedMoney)}<p class="beats">better than <b>${percent(percentile, 0)}</b> of random gates</p>`,
  };
}

function numberHtml({ id, label, value, unit, tone: sign, about, band }: Headline): Html {
  return html`<div class="number" id="${id}">
<h3>${label}</h3>
<p class="figure"><span class="value ${sign}">${value}</span>${unit === "" ? html`` : html` <span class="unit">${unit}</span>`}</p>
${band}
<p class="soft">${about}</p>
</div>
`;
}
