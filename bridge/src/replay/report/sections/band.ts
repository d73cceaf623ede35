/** A number among its placebos: a bar for nine of ten of them, a line for their median, a dot for the gate. */
import { type Html, html } from "../escape.js";

export interface Band {
  readonly p05: number;
  readonly p50: number;
  readonly p95: number;
}

const [WIDTH, HEIGHT, PAD, MIDDLE, FOOT] = [260, 52, 10, 18, 47];
/** Room for a label on each side of the middle of the bar. */
const LABEL = 60;

/**
 * @param label what a reader who cannot see it is told
 * @param show writes the values of the bar's ends under them
 */
export function bandPicture(value: number, band: Band, label: string, show: (value: number) => string): Html {
  const low = Math.min(band.p05, value, 0);
  const high = Math.max(band.p95, value, 0);
  const x = (at: number): number => (high === low ? WIDTH / 2 : PAD + ((at - low) / (high - low)) * (WIDTH - 2 * PAD));
  const fixed = (at: number): string => x(at).toFixed(1);
  const [left, right] = [x(band.p05), x(band.p95)];
  const leftLabel = Math.max(PAD, Math.min(left, WIDTH - 2 * LABEL));
  const rightLabel = Math.min(WIDTH - PAD, Math.max(right, leftLabel + 2 * LABEL));
  return html`<svg class="band" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${label}">
<line class="axis" x1="0" y1="${MIDDLE}" x2="${WIDTH}" y2="${MIDDLE}"/>
<rect class="range" x="${left.toFixed(1)}" y="${MIDDLE - 8}" width="${Math.max(1, right - left).toFixed(1)}" height="16" rx="3"/>
<line class="zero" x1="${fixed(0)}" y1="2" x2="${fixed(0)}" y2="${MIDDLE + 16}"/>
<line class="median" x1="${fixed(band.p50)}" y1="${MIDDLE - 8}" x2="${fixed(band.p50)}" y2="${MIDDLE + 8}"/>
<circle class="gate" cx="${fixed(value)}" cy="${MIDDLE}" r="6"/>
<text x="${leftLabel.toFixed(1)}" y="${FOOT}">${show(band.p05)}</text>
<text class="end" x="${rightLabel.toFixed(1)}" y="${FOOT}">${show(band.p95)}</text>
</svg>
`;
}
