/** One titled part of the page. */
import { type Html, html } from "../escape.js";

export interface Section {
  readonly id: string;
  readonly title: string;
  /** In the list of contents; shorter than the title. */
  readonly short: string;
  readonly body: Html;
}

export function sectionHtml({ id, title, body }: Section): Html {
  return html`<section id="${id}" aria-labelledby="${id}-title">
<h2 id="${id}-title">${title}</h2>
${body}</section>
`;
}
