/** The verdict in force per pair, why, and what ends it. A page of rows at a time, so that hundreds of pairs cost no more than two dozen. */
import type { PairView, WebState } from "../../src/web/state.js";
import { el, KeyedList, type Row, section, setClass, setHidden, setText } from "./dom.js";
import { count, minute, money } from "./format.js";
import { reasonText, releaseText, TONES, WORDS } from "./verdict.js";

const ROWS = 25;

export class Pairs {
  readonly node: HTMLElement;
  private readonly search = el("input", { id: "pair-search", type: "search", placeholder: "SOL", autocomplete: "off" });
  private readonly verdict = el("select", { id: "pair-verdict" });
  private readonly shownText = el("p", { class: "soft", role: "status" });
  private readonly none = el("p", { class: "empty" }, "Nothing has been asked about a pair yet.");
  private readonly table: HTMLElement;
  private readonly list: KeyedList<PairView>;
  private readonly before = el("button", { type: "button" }, "Previous");
  private readonly after = el("button", { type: "button" }, "Next");
  private pairs: readonly PairView[] = [];
  private total = 0;
  private page = 0;
  private now_ms = 0;

  constructor() {
    this.verdict.append(
      el("option", { value: "" }, "any verdict"),
      ...(["deny", "reduce", "allow"] as const).map((value) => el("option", { value }, WORDS[value])),
    );
    const body = el("tbody");
    const head = ["Pair", "Verdict", "Stake", "Why, and what ends it", "Candle (UTC)"].map((text, at) =>
      el("th", { scope: "col", class: ["pair", "", "num", "", "num wide"][at] ?? "" }, text),
    );
    this.table = el("table", {}, el("thead", {}, el("tr", {}, ...head)), body);
    this.list = new KeyedList<PairView>(
      body,
      ({ key }) => key,
      () => this.row(),
    );
    const fields = el(
      "div",
      { class: "fields" },
      el("div", {}, el("label", { for: "pair-search" }, "Pair or bot"), this.search),
      el("div", {}, el("label", { for: "pair-verdict" }, "Verdict"), this.verdict),
    );
    const pager = el("div", { class: "pager" }, this.before, this.shownText, this.after);
    this.node = section("Pairs", fields, this.none, this.table, pager);
    this.search.addEventListener("input", () => this.turn(0));
    this.verdict.addEventListener("change", () => this.turn(0));
    this.before.addEventListener("click", () => this.turn(this.page - 1));
    this.after.addEventListener("click", () => this.turn(this.page + 1));
  }

  show({ pairs, daemon }: WebState): void {
    this.total = daemon.pairs;
    this.now_ms = daemon.now_ms;
    this.pairs = pairs;
    this.turn(this.page);
  }

  private turn(page: number): void {
    const text = this.search.value.trim().toLowerCase();
    const fits = this.pairs.filter(
      ({ pair, session, verdict }) =>
        (this.verdict.value === "" || verdict === this.verdict.value) &&
        (pair.toLowerCase().includes(text) || session.toLowerCase().includes(text)),
    );
    const last = Math.max(0, Math.ceil(fits.length / ROWS) - 1);
    this.page = Math.min(Math.max(0, page), last);
    const from = this.page * ROWS;
    const rows = fits.slice(from, from + ROWS);
    this.list.show(rows);
    const left_out = this.total > this.pairs.length ? `, the newest of ${count(this.total)}` : "";
    const range = rows.length === 0 ? "0" : `${count(from + 1)}–${count(from + rows.length)}`;
    setText(this.shownText, `${range} of ${count(fits.length)}${left_out}`);
    setHidden(this.none, this.pairs.length > 0);
    setHidden(this.table, this.pairs.length === 0);
    this.before.disabled = this.page === 0;
    this.after.disabled = this.page === last;
    setHidden(this.before, last === 0);
    setHidden(this.after, last === 0);
  }

  private row(): Row<PairView> {
    const pair = el("strong");
    const session = el("small");
    const verdict = el("span");
    const allowed = el("span");
    const proposed = el("small");
    const reason = el("code");
    const release = el("small");
    const candle = el("td", { class: "num wide" });
    const node = el(
      "tr",
      {},
      el("th", { scope: "row" }, pair, session),
      el("td", {}, verdict),
      el("td", { class: "num" }, allowed, proposed),
      el("td", {}, reason, release),
      candle,
    );
    return {
      node,
      update: (item) => {
        setText(pair, item.pair);
        const kind = item.kind === "entry" ? "" : `, ${item.kind.replace("_", "-")}`;
        setText(session, `${item.side}${kind} · ${item.session}`);
        setText(verdict, WORDS[item.verdict]);
        setClass(verdict, TONES[item.verdict]);
        setText(allowed, money(item.ceiling));
        setText(proposed, item.ceiling < item.stake ? `of ${money(item.stake)}` : "");
        setText(reason, reasonText(item.reason, item.value, item.limit));
        setText(release, releaseText(item.release, this.now_ms));
        setText(candle, minute(item.candle_open_ms));
      },
    };
  }
}
