/** One card per named group: its bots, and how they stand together against their common limits. */
import type { WebState } from "../../src/web/state.js";
import { el, KeyedList, type Row, section, setHidden, setText } from "./dom.js";
import { money, multiple } from "./format.js";
import { meter } from "./meter.js";

type GroupView = WebState["groups"][number];

export class GroupList {
  readonly node: HTMLElement;
  private readonly list: KeyedList<GroupView>;

  constructor() {
    const cards = el("div", { class: "cards" });
    this.list = new KeyedList<GroupView>(cards, ({ run_mode, group }) => `${run_mode}/${group}`, makeCard);
    this.node = section("Groups", cards);
    this.node.classList.add("plain");
  }

  show({ groups }: WebState): void {
    setHidden(this.node, groups.length === 0);
    this.list.show(groups);
  }
}

function makeCard(): Row<GroupView> {
  const name = el("h3");
  const members = el("p", { class: "tags" });
  const equity = el("span", { class: "equity num" });
  const drawdown = meter("Drawdown");
  const exposure = meter("Exposure");
  const node = el(
    "article",
    { class: "card bot" },
    el("div", { class: "head" }, el("div", {}, name, members)),
    el("div", { class: "account" }, el("span", { class: "label" }, "Equity"), equity),
    drawdown.node,
    exposure.node,
  );
  return {
    node,
    update: (group) => {
      setText(name, group.group);
      setText(members, `${group.run_mode.replace("_", "-")} · ${group.members.join(", ")}`);
      setText(equity, money(group.equity));
      drawdown.set(group.drawdown.value, group.drawdown.limit);
      const { value, limit } = group.exposure;
      exposure.set(value, limit, `${multiple(value)} of ${limit === null ? "any" : multiple(limit)}`);
    },
  };
}
