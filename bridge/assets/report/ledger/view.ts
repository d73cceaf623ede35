/** The ledger: filters, a table that shows a page of rows, and the buttons that turn the page. Only the rows shown exist. */
import type { PageData } from "../../../src/replay/report/data/types.js";
import { moneyIn } from "../../../src/replay/report/format.js";
import type { PriceChart } from "../charts/prices.js";
import { byId, element } from "../data.js";
import { columnsFor } from "./columns.js";
import { type Controls, makeControls } from "./controls.js";
import type { LedgerEntry } from "./entries.js";
import { type Query, type SortKey, select } from "./query.js";
import { type RowContext, rowsOf } from "./rows.js";

const PAGE_ROWS = matchMedia("(max-width: 44rem)").matches ? 10 : 25;
/** On paper there is no turning of pages; more rows than this are a matter for a file. */
const MAX_PRINTED_ROWS = 1000;

export function makeLedger(entries: readonly LedgerEntry[], data: PageData, chart: PriceChart | null): void {
  const money = moneyIn(data);
  new Ledger(entries, { currency: data.currency, money, chart, columns: columnsFor(money), open: new Set() });
}

class Ledger {
  private readonly controls: Controls;
  private readonly body = element("tbody", { role: "rowgroup" });
  private readonly shown = element("output", { class: "shown", id: "ledger-shown", "aria-live": "polite" });
  private readonly previous = element("button", { type: "button", id: "ledger-previous" }, "Previous");
  private readonly next = element("button", { type: "button", id: "ledger-next" }, "Next");
  private readonly headings = new Map<SortKey, HTMLTableCellElement>();
  private sort: Pick<Query, "sort" | "descending"> = { sort: "at_ms", descending: false };
  private page = 0;
  private found: LedgerEntry[] = [];

  constructor(
    private readonly entries: readonly LedgerEntry[],
    private readonly context: RowContext,
  ) {
    this.controls = makeControls(entries, () => this.search());
    this.previous.addEventListener("click", () => this.turn(-1));
    this.next.addEventListener("click", () => this.turn(1));
    const pager = element("div", { class: "pager" }, this.shown, this.previous, this.next);
    byId("ledger-view").replaceChildren(this.controls.box, this.table(), pager);
    this.search();
    this.follow();
    addEventListener("hashchange", () => this.follow());
    addEventListener("beforeprint", () => this.render(0, MAX_PRINTED_ROWS));
    addEventListener("afterprint", () => this.turn(0));
  }

  private table(): HTMLElement {
    const head = element("tr", { role: "row" });
    for (const { key, label, number } of this.context.columns) {
      const button = element("button", { type: "button" }, label);
      const heading = element(
        "th",
        { role: "columnheader", scope: "col", ...(number ? { class: "num" } : {}) },
        button,
      );
      button.addEventListener("click", () => this.sortBy(key));
      this.headings.set(key, heading);
      head.append(heading);
    }
    const caption = element("caption", { class: "spoken" }, "Entry orders");
    const table = element(
      "table",
      { id: "ledger-table", role: "table", "aria-describedby": "ledger-shown" },
      caption,
      element("thead", { role: "rowgroup" }, head),
      this.body,
    );
    return element(
      "div",
      { class: "scroll", role: "region", "aria-label": "Rows of the ledger", tabindex: "0" },
      table,
    );
  }

  private search(): void {
    const { filters, search } = this.controls;
    this.found = select(this.entries, { filters: filters(), search: search(), ...this.sort });
    for (const [key, heading] of this.headings) {
      if (key === this.sort.sort) heading.ariaSort = this.sort.descending ? "descending" : "ascending";
      else heading.removeAttribute("aria-sort");
    }
    this.page = 0;
    this.turn(0);
  }

  private sortBy(key: SortKey): void {
    this.sort = { sort: key, descending: this.sort.sort === key && !this.sort.descending };
    this.search();
  }

  private turn(by: number): void {
    const last = Math.max(0, Math.ceil(this.found.length / PAGE_ROWS) - 1);
    this.page = Math.min(last, Math.max(0, this.page + by));
    this.previous.disabled = this.page === 0;
    this.next.disabled = this.page === last;
    this.render(this.page * PAGE_ROWS, PAGE_ROWS);
  }

  private render(from: number, count: number): void {
    const rows = this.found.slice(from, from + count);
    this.body.replaceChildren(...rows.flatMap((entry) => rowsOf(entry, this.context)));
    const said = (value: number): string => value.toLocaleString("en-US");
    this.shown.textContent =
      rows.length === 0
        ? `No entry fits, of ${said(this.entries.length)}`
        : `${said(from + 1)}–${said(from + rows.length)} of ${said(this.found.length)} entries${this.found.length < this.entries.length ? ` (${said(this.entries.length)} in all)` : ""}`;
  }

  /** Opens the entry that the address names. */
  private follow(): void {
    const id = location.hash.slice(1);
    const entry = this.entries.find((one) => one.id === id);
    if (entry === undefined) return;
    if (!this.found.includes(entry)) {
      this.controls.clear();
      this.search();
    }
    this.context.open.add(id);
    this.page = Math.floor(this.found.indexOf(entry) / PAGE_ROWS);
    this.turn(0);
    byId(id).scrollIntoView({ block: "center" });
    byId(id).querySelector("button")?.focus({ preventScroll: true });
  }
}
