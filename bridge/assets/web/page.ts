/** The page's parts, in the order of how soon somebody should know. */
import type { WebState } from "../../src/web/state.js";
import { AlarmList } from "./alarms.js";
import { Bots } from "./bots.js";
import { Decisions } from "./decisions.js";
import { el } from "./dom.js";
import { GroupList } from "./groups.js";
import { Latency } from "./latency.js";
import { OrderDialog } from "./order_dialog.js";
import { Pairs } from "./pairs.js";
import { Summary } from "./summary.js";

interface Part {
  readonly node: HTMLElement;
  show(state: WebState): void;
}

export class Page {
  private readonly main: HTMLElement;
  private readonly parts: readonly Part[];
  private readonly content: readonly HTMLElement[];
  private shown = false;

  constructor(main: HTMLElement, token: () => string) {
    this.main = main;
    const dialog = new OrderDialog(token);
    const summary = new Summary();
    const alarms = new AlarmList();
    const bots = new Bots((order) => dialog.open(order));
    const groups = new GroupList();
    const pairs = new Pairs();
    const decisions = new Decisions();
    const latency = new Latency();
    this.parts = [alarms, summary, bots, groups, pairs, decisions, latency];
    const side = el("div", { class: "side" }, decisions.node, latency.node);
    this.content = [
      alarms.node,
      summary.node,
      bots.node,
      groups.node,
      el("div", { class: "split" }, pairs.node, side),
      dialog.node,
    ];
  }

  show(state: WebState): void {
    for (const part of this.parts) part.show(state);
    if (this.shown) return;
    this.main.replaceChildren(...this.content);
    this.shown = true;
  }
}
