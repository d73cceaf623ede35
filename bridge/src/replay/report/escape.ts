/** Text that is safe in HTML by construction: everything put into a {@link html} template is escaped unless it came out of one. */

/** A piece of HTML. */
export class Html {
  constructor(readonly text: string) {}
}

type Part = string | number | Html | readonly Html[];

/** Template tag: escapes strings and numbers, takes pieces of HTML (and lists of them) as they are. */
export function html(literals: TemplateStringsArray, ...parts: readonly Part[]): Html {
  let text = literals[0] ?? "";
  parts.forEach((part, index) => {
    text += render(part) + (literals[index + 1] ?? "");
  });
  return new Html(text);
}

/** For element content and for attribute values in quotes. */
export function escapeHtml(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll("'", "&#39;");
}

/** JSON for the inside of a `<script type="application/json">` element: no `<`, so that nothing in it can end the element. */
export function scriptJson(value: unknown): Html {
  return new Html(JSON.stringify(value).replaceAll("<", "\\u003c"));
}

function render(part: Part): string {
  if (part instanceof Html) return part.text;
  if (typeof part === "object") return part.map((item) => item.text).join("");
  return escapeHtml(String(part));
}
