/** The last decisions as they are made. */
import type { DecisionView, WebState } from "../../src/web/state.js";
import { el, KeyedList, type Row, section, setHidden } from "./dom.js";
import { clock } from "./format.js";
import { reasonText, stakeText, TONES, WORDS } from "./verdict.js";

export class Decisions {
  readonly node: HTMLElement;
  private readonly none = el(
    "p",
    { class: "empty" },
    "None since the daemon started. The journal has the earlier ones.",
  );
  private readonly list: KeyedList<DecisionView>;
  private shown: readonly DecisionView[] | null = null;

  constructor() {
    const items = el("ol", { class: "decisions" });
    this.list = new KeyedList<DecisionView>(items, ({ seq }) => String(seq), decisionRow);
    const box = el("div", { class: "scroll", role: "region", "aria-label": "Last decisions", tabindex: "0" }, items);
    this.node = section("Decisions", this.none, box);
  }

  show({ decisions }: WebState): void {
    if (decisions === this.shown) return;
    this.shown = decisions;
    setHidden(this.none, decisions.length > 0);
    this.list.show(decisions);
  }
}

/** A decision never changes: it is written once. */
function decisionRow(item: DecisionView): Row<DecisionView> {
  const kind = item.kind === "entry" ? "" : ` ${item.kind.replace("_", "-")}`;
  const recorded = item.enforced ? "" : " · recorded only";
  const about = [reasonText(item.reason, item.value, item.limit), stakeText(item.stake, item.would_stake)]
    .filter((text) => text !== "")
    .join(" · ");
  const node = el(
    "li",
    {},
    el("time", { class: "num", datetime: new Date(item.at_ms).toISOString() }, clock(item.at_ms)),
    el("strong", {}, item.pair),
    el("span", { class: TONES[item.would] }, WORDS[item.would]),
    el("small", {}, `${item.side}${kind} · ${about}${recorded} · ${item.session}`),
  );
  return { node, update: () => undefined };
}
