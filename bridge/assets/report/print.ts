/** On paper: everything open, and in the light theme, which the canvases have to be drawn in. */
import type { Redraw } from "./charts/redraw.js";

export function printWhole(redraw: Redraw): void {
  let opened: HTMLDetailsElement[] = [];
  addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll("details")].filter((details) => !details.open);
    for (const details of opened) details.open = true;
    document.documentElement.dataset.print = "";
    redraw.all();
  });
  addEventListener("afterprint", () => {
    for (const details of opened) details.open = false;
    delete document.documentElement.dataset.print;
    redraw.all();
  });
}
