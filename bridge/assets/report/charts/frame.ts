/** What all charts of the page share: size, axes, colours, the cursor by keyboard. */
import uPlot from "uplot";
import { color } from "./colors.js";
import { timeLabel, utc } from "./time_axis.js";

export interface Frame {
  readonly height: number;
  readonly data: uPlot.AlignedData;
  readonly series: readonly uPlot.Series[];
  readonly bands?: readonly uPlot.Band[];
  readonly hooks?: uPlot.Hooks.Arrays;
  /** Charts with the same key move their cursors together. */
  readonly sync?: string;
  /** A value on the left axis. */
  readonly format: (value: number) => string;
  /** What is under the cursor, in words, for those who hear the page. */
  readonly spoken: (row: number) => string;
}

const FONT = '12px system-ui, "Segoe UI", Roboto, sans-serif';

/** Draws a chart into a figure that is empty or holds an older drawing of it. */
export function drawFrame(box: HTMLElement, frame: Frame): uPlot {
  const grid = { stroke: color("--line"), width: 1 };
  const axis = { stroke: color("--soft"), font: FONT, grid, ticks: { show: false } };
  box.replaceChildren();
  const plot = new uPlot(
    {
      width: box.clientWidth,
      height: frame.height,
      tzDate: utc,
      cursor: { ...(frame.sync === undefined ? {} : { sync: { key: frame.sync } }), points: { size: 6 } },
      scales: { x: { time: true } },
      axes: [
        {
          ...axis,
          grid: { show: false },
          space: 70,
          size: 34,
          values: (_plot, splits, _axis, _space, step) => splits.map((at) => timeLabel(at, step)),
        },
        { ...axis, size: axisWidth(box), values: (_plot, values) => values.map(frame.format) },
      ],
      series: [
        { label: "Time (UTC)", value: (_plot, at) => (typeof at === "number" ? timeLabel(at, 0) : "–") },
        ...frame.series,
      ],
      ...(frame.bands === undefined ? {} : { bands: [...frame.bands] }),
      ...(frame.hooks === undefined ? {} : { hooks: frame.hooks }),
    },
    frame.data,
    box,
  );
  box.append(spokenCursor(box, plot, frame));
  return plot;
}

function axisWidth(box: HTMLElement): number {
  return box.clientWidth < 480 ? 56 : 68;
}

/** Follows the width of the figure; call once per figure. */
export function followWidth(box: HTMLElement, current: () => uPlot | null): void {
  new ResizeObserver(() => {
    const plot = current();
    if (plot !== null && plot.width !== box.clientWidth && box.clientWidth > 0) {
      plot.setSize({ width: box.clientWidth, height: plot.height });
    }
  }).observe(box);
}

/** A line for screen readers; the arrow keys move the cursor through what is in view. */
function spokenCursor(box: HTMLElement, plot: uPlot, frame: Frame): HTMLElement {
  const told = document.createElement("p");
  told.className = "spoken";
  told.setAttribute("aria-live", "polite");
  box.onkeydown = (event) => {
    const times = plot.data[0];
    const { min, max } = plot.scales.x ?? {};
    if (min == null || max == null) return;
    const first = times.findIndex((at) => at >= min);
    const last = times.findLastIndex((at) => at <= max);
    const pace = Math.max(1, Math.round((last - first) / 100));
    const from = plot.cursor.idx ?? first;
    const to = target(event.key, { first, last, from, pace });
    if (to === null) return;
    event.preventDefault();
    plot.setCursor({ left: plot.valToPos(times[to] ?? min, "x"), top: plot.bbox.height / devicePixelRatio / 2 });
    told.textContent = `${timeLabel(times[to] ?? 0, 0)} UTC: ${frame.spoken(to)}`;
  };
  return told;
}

function target(
  key: string,
  { first, last, from, pace }: { first: number; last: number; from: number; pace: number },
): number | null {
  switch (key) {
    case "ArrowRight":
      return Math.min(last, from + pace);
    case "ArrowLeft":
      return Math.max(first, from - pace);
    case "Home":
      return first;
    case "End":
      return last;
    default:
      return null;
  }
}
