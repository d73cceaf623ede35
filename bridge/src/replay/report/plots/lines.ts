/** Lines over time. */
import { type Html, html } from "../escape.js";
import { day } from "../format.js";
import { HEIGHT, INK, picture, type Titles, WIDTH } from "./canvas.js";
import { ticks } from "./ticks.js";

const [LEFT, RIGHT, TOP, BOTTOM] = [130, 60, 150, 70];
const DATES = 6;

export interface Line {
  readonly label: string;
  readonly color: string;
  readonly dashed: boolean;
  readonly values: readonly number[];
}

export interface LinePicture extends Titles {
  readonly t_ms: readonly number[];
  readonly lines: readonly Line[];
  readonly format: (value: number) => string;
}

export function linePicture({ t_ms, lines, format, ...titles }: LinePicture): string {
  const all = lines.flatMap(({ values }) => values);
  // One by one: an array of many values cannot be spread into Math.min.
  const [low, high] = all.reduce(
    ([min, max], value) => [Math.min(min, value), Math.max(max, value)],
    [Infinity, -Infinity],
  );
  const [first, last] = [t_ms[0] ?? 0, t_ms.at(-1) ?? 1];
  const x = (t: number): string =>
    (LEFT + ((t - first) / Math.max(1, last - first)) * (WIDTH - LEFT - RIGHT)).toFixed(1);
  const y = (value: number): string =>
    (HEIGHT - BOTTOM - ((value - low) / Math.max(high - low, Number.MIN_VALUE)) * (HEIGHT - TOP - BOTTOM)).toFixed(1);
  const grid = ticks(low, high, 6).map(
    (
      value,
    ) => html`<line x1="${LEFT}" y1="${y(value)}" x2="${WIDTH - RIGHT}" y2="${y(value)}" stroke="${INK.line}"/><text x="${LEFT - 12}" y="${Number(y(value)) + 6}" font-size="17" text-anchor="end" fill="${INK.soft}">${format(value)}</text>
`,
  );
  const dates = Array.from({ length: DATES }, (_, index) => first + (index * (last - first)) / (DATES - 1)).map(
    (
      t,
    ) => html`<text x="${x(t)}" y="${HEIGHT - BOTTOM + 32}" font-size="17" text-anchor="middle" fill="${INK.soft}">${day(t)}</text>
`,
  );
  const paths = lines.map(({ values, color, dashed }) => {
    const points = values.map((value, row) => `${x(t_ms[row] ?? first)},${y(value)}`).join(" ");
    return html`<polyline points="${points}" fill="none" stroke="${color}" stroke-width="${dashed ? 2 : 2.5}" stroke-linejoin="round"${dashed ? html` stroke-dasharray="8 5"` : html``}/>
`;
  });
  return picture(titles, html`${legend(lines)}${grid}${dates}${paths}`);
}

function legend(lines: readonly Line[]): Html {
  const items = lines.map(({ label, color, dashed }, index) => {
    const left = LEFT + index * 240;
    return html`<line x1="${left}" y1="122" x2="${left + 36}" y2="122" stroke="${color}" stroke-width="3"${dashed ? html` stroke-dasharray="8 5"` : html``}/><text x="${left + 46}" y="128" font-size="18" fill="${INK.text}">${label}</text>
`;
  });
  return html`${items}`;
}
