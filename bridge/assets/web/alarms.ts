/** What needs attention, above everything else. */
import type { Alarm, WebState } from "../../src/web/state.js";
import { el, KeyedList, setClass, setHidden, setText } from "./dom.js";

export class AlarmList {
  readonly node: HTMLElement;
  private readonly none = el("p", { class: "calm" }, "No alarms");
  private readonly list: KeyedList<Alarm>;

  constructor() {
    const items = el("ul", { class: "alarms" });
    this.list = new KeyedList<Alarm>(items, ({ kind, session, text }) => [kind, session, text].join("\n"), makeAlarm);
    this.node = el("section", { class: "plain", "aria-label": "Alarms", "aria-live": "polite" }, this.none, items);
  }

  show({ alarms }: WebState): void {
    setHidden(this.none, alarms.length > 0);
    this.list.show(alarms);
  }
}

function makeAlarm() {
  const where = el("strong");
  const text = el("span");
  const advice = el("p");
  const node = el("li", {}, el("div", {}, where, " ", text), advice);
  return {
    node,
    update: (alarm: Alarm) => {
      setClass(node, alarm.level);
      setText(where, alarm.session ?? "Daemon");
      setText(text, alarm.text);
      setText(advice, alarm.advice);
    },
  };
}
