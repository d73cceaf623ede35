/** Account value and its distance below the highest value so far, without and with the gate. */
import type uPlot from "uplot";
import type { PageData } from "../../../src/replay/report/data/types.js";
import { moneyIn, percent } from "../../../src/replay/report/format.js";
import { byId, float64, int32 } from "../data.js";
import { color } from "./colors.js";
import { drawFrame, followWidth } from "./frame.js";
import type { Redraw } from "./redraw.js";

const SYNC = "equity";

export function drawEquity(data: PageData, redraw: Redraw): void {
  const { equity } = data;
  let at = equity.from_s;
  const times = Float64Array.from(int32(equity.steps_s), (step) => {
    at += step;
    return at;
  });
  const [without, withGate] = [float64(equity.without), float64(equity.with)];
  const { money } = moneyIn(data);
  draw("equity-chart", [times, without, withGate], {
    height: 300,
    format: (amount) => amount.toLocaleString("en-US", { maximumSignificantDigits: 6 }),
    value: money,
    redraw,
  });
  draw("drawdown-chart", [times, underwater(without), underwater(withGate)], {
    height: 170,
    format: (ratio) => percent(ratio),
    value: (ratio) => percent(ratio, 2),
    redraw,
  });
}

interface Lines {
  readonly height: number;
  readonly format: (value: number) => string;
  readonly value: (value: number) => string;
  readonly redraw: Redraw;
}

function draw(id: string, data: [Float64Array, Float64Array, Float64Array], lines: Lines): void {
  const box = byId(id);
  let plot: uPlot | null = null;
  const shown = (_plot: uPlot, value: number | null | undefined): string =>
    typeof value === "number" ? lines.value(value) : "–";
  lines.redraw.add(() => {
    plot?.destroy();
    plot = drawFrame(box, {
      height: lines.height,
      data,
      sync: SYNC,
      format: lines.format,
      series: [
        { label: "without gate", stroke: color("--without"), width: 1.5, dash: [5, 3], value: shown },
        { label: "with gate", stroke: color("--with"), width: 2, value: shown },
      ],
      spoken: (row) => `without gate ${lines.value(data[1][row] ?? 0)}, with gate ${lines.value(data[2][row] ?? 0)}`,
    });
  });
  followWidth(box, () => plot);
}

/** Distance below the highest value so far, as a ratio ≤ 0. */
function underwater(values: Float64Array): Float64Array {
  let high = Number.NEGATIVE_INFINITY;
  return values.map((value) => {
    high = Math.max(high, value);
    return value / high - 1;
  });
}
