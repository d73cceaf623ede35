/** The report's pictures as SVG files, for a chat message or a page of one's own. */
import type { ReplayResult } from "../../run/result.js";
import { day, moneyIn, percent } from "../format.js";
import { INK } from "./canvas.js";
import { chancePicture } from "./chance.js";
import { linePicture } from "./lines.js";

export interface Plot {
  readonly name: string;
  readonly svg: string;
}

export function plots(result: ReplayResult): Plot[] {
  const { equity, source, without, with: gated } = result;
  const { money, signedMoney } = moneyIn(source);
  const where = `${source.timeframe}, ${day(source.start_ms)} to ${day(source.end_ms)}`;
  const change = signedMoney(gated.profit_abs - without.profit_abs);
  const lines = (of: (values: readonly number[]) => number[]) => [
    { label: "without the gate", color: INK.without, dashed: true, values: of(equity.without) },
    { label: "with the gate", color: INK.with, dashed: false, values: of(equity.with) },
  ];
  return [
    {
      name: "equity.svg",
      svg: linePicture({
        title: `${source.strategy}: account value, ${source.stake_currency}`,
        about: `${where}. Profit ${money(without.profit_abs)} without the gate, ${money(gated.profit_abs)} with it (${change}).`,
        t_ms: equity.t_ms,
        lines: lines((values) => [...values]),
        format: (value) => value.toLocaleString("en-US", { maximumSignificantDigits: 6 }),
      }),
    },
    {
      name: "drawdown.svg",
      svg: linePicture({
        title: `${source.strategy}: below the highest value so far`,
        about: `${where}. Deepest ${percent(without.drawdown_marked.ratio)} without the gate, ${percent(gated.drawdown_marked.ratio)} with it.`,
        t_ms: equity.t_ms,
        lines: lines(underwater),
        format: (ratio) => percent(ratio),
      }),
    },
    { name: "chance.svg", svg: chancePicture(result) },
  ];
}

/** Distance below the highest value so far, as a ratio ≤ 0. */
function underwater(values: readonly number[]): number[] {
  let high = Number.NEGATIVE_INFINITY;
  return values.map((value) => {
    high = Math.max(high, value);
    return value / high - 1;
  });
}
