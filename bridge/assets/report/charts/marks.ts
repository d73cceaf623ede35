/** Entries and judged candles on the price chart. */
import type uPlot from "uplot";
import type { LedgerEntry } from "../ledger/entries.js";
import { color } from "./colors.js";
import type { Prices } from "./price_columns.js";

/** From this width on a bucket's ground is coloured over the whole height; below it the stripes would hide the price. */
const WIDE_PX = 3;
const STRIP_PX = 9;

/** A strip along the bottom for candles whose size is below 1: the smaller, the stronger. Zoomed in, the ground behind them as well. */
export function shadeCut(plot: uPlot, { times, size, step_s }: Prices): void {
  const { ctx, bbox } = plot;
  const { min, max } = plot.scales.x ?? {};
  if (min == null || max == null) return;
  const strip = STRIP_PX * devicePixelRatio;
  const wide = (bbox.width * step_s) / (max - min) >= WIDE_PX * devicePixelRatio;
  ctx.save();
  ctx.fillStyle = color("--cut");
  size.forEach((share, row) => {
    const from = times[row] ?? 0;
    if (share === null || share >= 1 || from + step_s < min || from > max) return;
    const left = Math.max(bbox.left, plot.valToPos(from, "x", true));
    const right = Math.min(bbox.left + bbox.width, plot.valToPos(from + step_s, "x", true));
    const width = Math.max(devicePixelRatio, right - left);
    ctx.globalAlpha = 0.35 + 0.65 * (1 - share);
    ctx.fillRect(left, bbox.top + bbox.height - strip, width, strip);
    ctx.globalAlpha = 0.08 + 0.22 * (1 - share);
    if (wide) ctx.fillRect(left, bbox.top, width, bbox.height - strip);
  });
  ctx.restore();
}

/** A hollow ring for an entry allowed in full, a diamond for one that was cut, a cross for one that was denied. */
export function drawMarks(plot: uPlot, entries: readonly LedgerEntry[]): void {
  const { ctx, bbox } = plot;
  const radius = 4.5 * devicePixelRatio;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  ctx.lineWidth = 1.75 * devicePixelRatio;
  const colors = { allow: color("--soft"), reduce: color("--reduce"), deny: color("--bad") };
  for (const entry of entries) {
    const x = plot.valToPos(entry.at_ms / 1000, "x", true);
    const y = plot.valToPos(entry.rate, "y", true);
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    ctx.beginPath();
    if (entry.decision === "allow") {
      ctx.strokeStyle = colors.allow;
      ctx.arc(x, y, radius * 0.8, 0, 2 * Math.PI);
      ctx.stroke();
    } else if (entry.decision === "reduce") {
      ctx.fillStyle = colors.reduce;
      diamond(ctx, x, y, radius * 1.25);
      ctx.fill();
    } else {
      ctx.strokeStyle = colors.deny;
      cross(ctx, x, y, radius);
      ctx.stroke();
    }
  }
  ctx.restore();
}

function diamond(ctx: CanvasRenderingContext2D, x: number, y: number, radius: number): void {
  ctx.moveTo(x, y - radius);
  ctx.lineTo(x + radius, y);
  ctx.lineTo(x, y + radius);
  ctx.lineTo(x - radius, y);
  ctx.closePath();
}

function cross(ctx: CanvasRenderingContext2D, x: number, y: number, radius: number): void {
  ctx.moveTo(x - radius, y - radius);
  ctx.lineTo(x + radius, y + radius);
  ctx.moveTo(x - radius, y + radius);
  ctx.lineTo(x + radius, y - radius);
}
