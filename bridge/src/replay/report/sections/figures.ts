/** Every figure of the account without and with the gate, with the interval of its change. */
import type { ReplayResult } from "../../run/result.js";
import type { EffectFigure } from "../../run/result_statistics.js";
import { html } from "../escape.js";
import { counted, type MoneyFormat, moneyIn, percent, points } from "../format.js";
import { type Tone, table } from "../table.js";
import type { Section } from "./section.js";

type Name = EffectFigure["figure"];
type Unit = "money" | "share" | "plain";

const FIGURES: Readonly<Record<Name, readonly [label: string, unit: Unit]>> = {
  profit_abs: ["Profit", "money"],
  profit_factor: ["Profit factor", "plain"],
  cvar95_trades: ["Mean loss of the worst 5 % of trades (CVaR 95)", "money"],
  drawdown_closed: ["Maximum drawdown, closed trades", "share"],
  sharpe: ["Sharpe ratio", "plain"],
  sortino: ["Sortino ratio", "plain"],
  calmar: ["Calmar ratio", "plain"],
  cvar95_daily: ["Mean loss of the worst 5 % of days (CVaR 95)", "share"],
  drawdown_daily: ["Maximum drawdown, daily", "share"],
  ulcer_daily: ["Ulcer index, daily", "share"],
  sharpe_daily: ["Sharpe ratio, daily", "plain"],
  sortino_daily: ["Sortino ratio, daily", "plain"],
  calmar_daily: ["Calmar ratio, daily", "plain"],
};

/** @returns null when there are no figures */
export function figuresSection({ effect, source }: ReplayResult): Section | null {
  const { figures, bootstrap } = effect;
  if (figures.length === 0) return null;
  const format = moneyIn(source);
  const level = percent(bootstrap.confidence, 0);
  return {
    id: "figures",
    title: "Risk and return, with intervals",
    short: "Figures",
    body: html`${table({
      id: "figures-table",
      caption: `Green or red only where the ${level} interval of the change leaves out zero. Money in ${source.stake_currency}.`,
      columns: [
        { label: "Figure", kind: "heading", show: ({ figure }) => FIGURES[figure][0] },
        { label: "Without", kind: "number", show: (row) => shownOf(row, row.without, format) },
        { label: "With", kind: "number", show: (row) => shownOf(row, row.with, format) },
        {
          label: "Change",
          kind: "number",
          show: (row) => changeOf(row, row.change, format),
          tone: (row) => (/[1-9]/.test(changeOf(row, row.change, format)) ? toneOf(row) : ""),
        },
        { label: `${level} interval`, kind: "number", show: (row) => intervalOf(row, format) },
      ],
      rows: figures,
    })}
<p class="soft">Stationary bootstrap, ${bootstrap.resamples.toLocaleString("en-US")} resamples: ${drawnOf(bootstrap.trades, "trade", "trades")}; ${drawnOf(bootstrap.days, "day", "days")}. Profit factor, Sharpe, Sortino and Calmar of trades are freqtrade's; daily ones are of the account's value at the end of each UTC day. An interval says how much luck of the draw there is in this backtest, not whether the next year will be like it.</p>
`,
  };
}

function shownOf({ figure }: EffectFigure, value: number | null, format: MoneyFormat): string {
  const unit = FIGURES[figure][1];
  if (unit === "money") return format.money(value);
  return unit === "share" ? percent(value, 2) : plain(value);
}

function changeOf({ figure }: EffectFigure, value: number | null, format: MoneyFormat): string {
  const unit = FIGURES[figure][1];
  if (unit === "money") return format.signedMoney(value);
  if (unit === "share") return points(value, 2);
  return value !== null && value > 0 ? `+${plain(value)}` : plain(value);
}

function plain(value: number | null): string {
  return value === null ? "–" : value.toFixed(2).replace("-", "−");
}

function intervalOf(row: EffectFigure, format: MoneyFormat): string {
  if (row.low === null || row.high === null) return "–";
  return `${changeOf(row, row.low, format)} to ${changeOf(row, row.high, format)}`;
}

function toneOf({ low, high, better }: EffectFigure): Tone {
  if (low === null || high === null || low * high <= 0) return "";
  return low > 0 === (better === "higher") ? "good" : "bad";
}

function drawnOf(
  { observations, block }: { observations: number; block: number | null },
  one: string,
  many: string,
): string {
  const count = counted(observations, one, many);
  return block === null ? `${count}, too few for intervals` : `${count} in blocks of ${block.toFixed(1)} on average`;
}
