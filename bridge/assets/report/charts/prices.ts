/** The price of one pair with its entries, the candles a rule cuts, and how far the price was expected to go at worst. */
import type uPlot from "uplot";
import type { PackedPrices, PageData } from "../../../src/replay/report/data/types.js";
import { price } from "../../../src/replay/report/format.js";
import { byId } from "../data.js";
import type { LedgerEntry } from "../ledger/entries.js";
import { color } from "./colors.js";
import { drawFrame, followWidth } from "./frame.js";
import { drawMarks, shadeCut } from "./marks.js";
import { type Prices, pricesOf } from "./price_columns.js";
import type { Redraw } from "./redraw.js";

/** Numbers of the series. */
const CLOSE = 3;
const WORST = 4;
/** How many buckets around an entry are shown when the ledger asks for it. */
const AROUND = 60;

export interface PriceChart {
  /** Shows a pair around a time, and brings the chart into view. */
  showAt(pair: string, at_ms: number): void;
}

/** @returns null when the page carries no prices */
export function drawPrices(data: PageData, entries: readonly LedgerEntry[], redraw: Redraw): PriceChart | null {
  return data.prices.length === 0 ? null : new Chart(data, entries, redraw);
}

class Chart implements PriceChart {
  private readonly box = byId("prices-chart");
  private readonly choice = byId("prices-pair") as HTMLSelectElement;
  private readonly allowed = byId("prices-allowed") as HTMLInputElement;
  private readonly packed: ReadonlyMap<string, PackedPrices>;
  private prices: Prices | null = null;
  private plot: uPlot | null = null;

  constructor(
    private readonly data: PageData,
    private readonly entries: readonly LedgerEntry[],
    redraw: Redraw,
  ) {
    this.packed = new Map(data.prices.map((one) => [one.pair, one]));
    this.choice.addEventListener("change", () => this.draw());
    this.allowed.addEventListener("change", () => this.plot?.redraw(false));
    byId("prices-all").addEventListener("click", () => this.whole());
    redraw.add(() => this.draw());
    followWidth(this.box, () => this.plot);
  }

  showAt(pair: string, at_ms: number): void {
    this.choice.value = pair;
    this.draw();
    const span = (this.prices?.step_s ?? 0) * AROUND;
    this.plot?.setScale("x", { min: at_ms / 1000 - span, max: at_ms / 1000 + span });
    byId("prices").scrollIntoView();
    this.box.focus({ preventScroll: true });
  }

  private whole(): void {
    const times = this.prices?.times;
    this.plot?.setScale("x", { min: times?.[0] ?? 0, max: times?.at(-1) ?? 1 });
  }

  private draw(): void {
    const packed = this.packed.get(this.choice.value);
    if (packed === undefined) return;
    const prices = this.prices?.pair === packed.pair ? this.prices : pricesOf(packed);
    this.prices = prices;
    const own = this.entries.filter((entry) => entry.pair === packed.pair);
    const visible = (): LedgerEntry[] => own.filter(({ decision }) => decision !== "allow" || this.allowed.checked);
    const worst = this.worstLines(prices);
    this.plot?.destroy();
    this.plot = drawFrame(this.box, {
      height: 340,
      data: [prices.times, prices.high, prices.low, prices.close, ...worst.map(({ values }) => values)],
      format: price,
      series: [
        { label: "high", ...line("--faint", 0) },
        { label: "low", ...line("--faint", 0) },
        { label: "close", ...line("--text", 1.25) },
        ...worst.map(({ label }) => ({ label, ...line("--risk", 0.75) })),
      ],
      bands: [
        { series: [1, 2], fill: color("--faint") },
        ...worst.map(({ below }, index) => ({
          series: upperFirst(WORST + index, below),
          fill: color("--risk-ground"),
        })),
      ],
      hooks: {
        drawClear: [(plot) => shadeCut(plot, prices)],
        draw: [(plot) => drawMarks(plot, visible())],
      },
      spoken: (row) => spoken(prices, row),
    });
  }

  /** Only of the sides that were traded. */
  private worstLines(prices: Prices): { label: string; values: (number | null)[]; below: boolean }[] {
    const lines = { long: prices.worst_long, short: prices.worst_short };
    return this.data.sides.map((side) => ({
      label: `worst for a ${side}`,
      values: lines[side],
      below: side === "long",
    }));
  }
}

function upperFirst(worst: number, below: boolean): [number, number] {
  return below ? [CLOSE, worst] : [worst, CLOSE];
}

function line(name: string, width: number): uPlot.Series {
  return {
    stroke: color(name),
    width,
    points: { show: false },
    value: (_plot, value) => (typeof value === "number" ? price(value) : "–"),
  };
}

function spoken({ close, high, low, size }: Prices, row: number): string {
  const say = (value: number | null | undefined): string => price(value ?? null);
  const share = size[row];
  const cut = share === null || share === undefined || share >= 1 ? "" : `, candle size ${share.toFixed(2)}`;
  return `close ${say(close[row])}, from ${say(low[row])} to ${say(high[row])}${cut}`;
}
