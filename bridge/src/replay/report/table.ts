/** Tables with a caption, headings for rows and columns, and numbers aligned to the right; wide ones scroll inside their own frame. */
import { type Html, html } from "./escape.js";

export type Tone = "good" | "bad" | "";

export interface Column<Row> {
  readonly label: string;
  /** The row's heading; then text, else a number. */
  readonly kind: "heading" | "text" | "number";
  readonly show: (row: Row) => string | Html;
  readonly tone?: (row: Row) => Tone;
}

export interface Table<Row> {
  readonly id: string;
  readonly caption: string | Html;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
}

export function table<Row>({ id, caption, columns, rows }: Table<Row>): Html {
  return html`<div class="scroll" role="region" aria-labelledby="${id}-caption" tabindex="0"><table id="${id}">
<caption id="${id}-caption"><span>${caption}</span></caption>
<thead><tr>${columns.map(({ label, kind }) => html`<th scope="col"${kind === "number" ? html` class="num"` : html``}>${label}</th>`)}</tr></thead>
<tbody>
${rows.map((row) => html`<tr>${columns.map((column) => cell(column, row))}</tr>\n`)}</tbody>
</table></div>
`;
}

function cell<Row>({ kind, show, tone }: Column<Row>, row: Row): Html {
  if (kind === "heading") return html`<th scope="row">${show(row)}</th>`;
  const names = [kind === "number" ? "num" : "", tone?.(row) ?? ""].filter((name) => name !== "");
  return names.length === 0 ? html`<td>${show(row)}</td>` : html`<td class="${names.join(" ")}">${show(row)}</td>`;
}

/** More is better. */
export function tone(value: number | null): Tone {
  if (value === null || !(Math.abs(value) > 0)) return "";
  return value > 0 ? "good" : "bad";
}

/** Less is better. */
export function toneDown(value: number | null): Tone {
  return tone(value === null ? null : -value);
}
