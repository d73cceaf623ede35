/** The frame of a picture file: size, colours, title. Colours are those of the light page. */
import { type Html, html } from "../escape.js";

export const WIDTH = 1200;
export const HEIGHT = 630;
export const INK = {
  page: "#ffffff",
  text: "#17202b",
  soft: "#556170",
  line: "#e1e5ea",
  with: "#1557b0",
  without: "#76818f",
  band: "#d6dee9",
};

export interface Titles {
  readonly title: string;
  readonly about: string;
}

/** A whole SVG document, larger than a phone's screen and small enough for a chat message. */
export function picture({ title, about }: Titles, content: Html): string {
  return html`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" role="img" aria-label="${title}. ${about}" font-family="system-ui, 'Segoe UI', Roboto, sans-serif">
<rect width="${WIDTH}" height="${HEIGHT}" fill="${INK.page}"/>
<text x="60" y="58" font-size="30" font-weight="650" fill="${INK.text}">${title}</text>
<text x="60" y="92" font-size="18" fill="${INK.soft}">${about}</text>
${content}</svg>
`.text;
}
