/** Rows of the ledger as elements. The roles are spelled out because on a phone the rows are laid out as cards, which takes the built-in ones away. */
import { element } from "../data.js";
import type { LedgerColumn } from "./columns.js";
import { type DetailContext, detailOf } from "./detail.js";
import type { LedgerEntry } from "./entries.js";

export interface RowContext extends DetailContext {
  readonly columns: readonly LedgerColumn[];
  /** Ids of the entries whose explanation is open; changed by the rows. */
  readonly open: Set<string>;
}

/** The row, and its explanation below it if it is open. */
export function rowsOf(entry: LedgerEntry, context: RowContext): HTMLTableRowElement[] {
  const row = element("tr", { role: "row", id: entry.id, class: "entry" });
  const button = element("button", { type: "button", class: "open", "aria-controls": `${entry.id}-why` });
  context.columns.forEach((column, index) => {
    row.append(cell(column, entry, index === 0 ? button : null));
  });
  const show = (open: boolean): void => button.setAttribute("aria-expanded", String(open));
  show(context.open.has(entry.id));
  button.addEventListener("click", () => {
    const open = !context.open.delete(entry.id);
    if (open) context.open.add(entry.id);
    show(open);
    if (open) row.after(detailRow(entry, context));
    else row.nextElementSibling?.remove();
  });
  return context.open.has(entry.id) ? [row, detailRow(entry, context)] : [row];
}

function cell(column: LedgerColumn, entry: LedgerEntry, button: HTMLButtonElement | null): HTMLElement {
  const names = [column.number ? "num" : "", column.style?.(entry) ?? ""].filter((name) => name !== "").join(" ");
  const text = column.text(entry);
  const made = element(button === null ? "td" : "th", {
    role: button === null ? "cell" : "rowheader",
    "data-label": column.label,
    ...(names === "" ? {} : { class: names }),
  });
  if (button === null) made.append(element("span", {}, text));
  else {
    button.append(text);
    made.append(button);
  }
  return made;
}

function detailRow(entry: LedgerEntry, context: RowContext): HTMLTableRowElement {
  const content = element("td", { role: "cell", colspan: String(context.columns.length), id: `${entry.id}-why` });
  content.append(detailOf(entry, context));
  return element("tr", { role: "row", class: "why-row" }, content);
}
