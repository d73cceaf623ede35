/** A measure against its limit: figures first, and a bar that says the same at a glance. */
import { el, setClass, setText } from "./dom.js";
import { percent } from "./format.js";

export interface Meter {
  readonly node: HTMLElement;
  /** @param limit null: off. @param text instead of "value of limit" */
  set(value: number | null, limit: number | null, text?: string): void;
}

/** From this share of the limit on it is shown as near. */
const NEAR = 0.75;

/** @param name of the measure @param halved with a mark at half of the limit */
export function meter(name: string, halved = false): Meter {
  const figures = el("span", { class: "num" });
  const fill = el("span", { class: "fill" });
  const bar = el("span", { class: "bar", "aria-hidden": "true" }, fill);
  if (halved) bar.append(el("span", { class: "mark" }));
  const node = el("div", { class: "meter" }, el("span", { class: "label" }, name), figures, bar);
  return {
    node,
    set: (value, limit, text) => {
      setText(figures, text ?? `${percent(value)} of ${limit === null ? "any" : percent(limit)}`);
      const share = value === null || limit === null || limit <= 0 ? 0 : Math.min(1, value / limit);
      fill.style.setProperty("width", `${(share * 100).toFixed(1)}%`);
      setClass(node, `meter${share >= 1 ? " over" : share >= NEAR ? " near" : ""}`);
    },
  };
}
