/** How long the daemon takes, as finely as it counts. */
import type { LatencyView, Timing, WebState } from "../../src/web/state.js";
import { el, section, setText } from "./dom.js";
import { bound, count, seconds } from "./format.js";

const ROWS = [
  ["gate", "Decision"],
  ["annotate", "Frame of candles"],
  ["fsync", "Journal to disk"],
  ["loop", "Waiting to be read"],
] as const satisfies readonly (readonly [keyof LatencyView, string])[];

export class Latency {
  readonly node: HTMLElement;
  private readonly cells = new Map<keyof LatencyView, readonly HTMLElement[]>();
  private readonly bars = el("div", { class: "histogram", role: "img" });
  private bucket_count = 0;

  constructor() {
    const body = el("tbody");
    for (const [name, label] of ROWS) {
      const cells = [0, 1, 2].map(() => el("td", { class: "num" }));
      this.cells.set(name, cells);
      body.append(el("tr", {}, el("th", { scope: "row" }, label), ...cells));
    }
    const head = ["", "half", "99 of 100", "times"].map((text, at) =>
      at === 0 ? el("td") : el("th", { scope: "col", class: "num" }, text),
    );
    const table = el("table", { class: "timings" }, el("thead", {}, el("tr", {}, ...head)), body);
    const axis = el("p", { class: "axis" }, el("span"), el("span"));
    this.node = section(
      "Latency inside the daemon",
      el("p", { class: "soft" }, "Decisions by time taken, since the daemon started"),
      this.bars,
      axis,
      table,
    );
  }

  show({ latency }: WebState): void {
    for (const [name, cells] of this.cells) fill(cells, latency[name]);
    this.histogram(latency.gate);
  }

  private histogram({ buckets, count: all, p50, p99 }: LatencyView["gate"]): void {
    if (this.bucket_count !== buckets.length) {
      this.bucket_count = buckets.length;
      this.bars.replaceChildren(...buckets.map(() => el("span")));
      const axis = this.node.querySelectorAll(".axis span");
      const last = buckets.at(-2)?.le_s ?? 0;
      if (axis[0]) setText(axis[0], `≤ ${seconds(buckets[0]?.le_s ?? 0)}`);
      if (axis[1]) setText(axis[1], `> ${seconds(last)}`);
    }
    const most = Math.max(1, ...buckets.map(({ count: times }) => times));
    buckets.forEach(({ count: times }, at) => {
      const bar = this.bars.children[at];
      // Square root: the rare slow ones are what one looks for, and would be no pixel high.
      if (bar instanceof HTMLElement) {
        bar.style.setProperty("height", `${times === 0 ? 0 : Math.max(3, 100 * Math.sqrt(times / most))}%`);
      }
    });
    const label = `${count(all)} decisions: half took ${bound(p50)}, 99 of 100 took ${bound(p99)}`;
    if (this.bars.getAttribute("aria-label") !== label) this.bars.setAttribute("aria-label", label);
  }
}

function fill([half, most, times]: readonly HTMLElement[], { p50, p99, count: all }: Timing): void {
  if (half) setText(half, bound(p50));
  if (most) setText(most, bound(p99));
  if (times) setText(times, count(all));
}
