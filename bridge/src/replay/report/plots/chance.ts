/** The gate among random gates, measure by measure. */
import type { ReplayResult } from "../../run/result.js";
import { type Html, html } from "../escape.js";
import { moneyIn } from "../format.js";
import { measureLabel } from "../sections/chance.js";
import { againstChance, verdict } from "../words.js";
import { HEIGHT, INK, picture, WIDTH } from "./canvas.js";

type Compared = Extract<ReplayResult["placebo"], { status: "compared" }>;

const [LEFT, RIGHT, TOP, FOOT] = [60, 60, 170, 5];

export function chancePicture(result: ReplayResult): string {
  const { placebo, source } = result;
  const about = againstChance(result);
  const rows =
    placebo.status === "compared"
      ? placebo.measures.map((one, row) => measureRow(one, row, heightOf(placebo), source))
      : [];
  return picture(
    { title: verdict(result), about: about.length > 110 ? `${source.strategy}, ${source.timeframe}` : about },
    html`<text x="${LEFT}" y="130" font-size="16" fill="${INK.soft}">${rows.length === 0 ? "" : `Bar: nine of ten random gates; line: their median; dot: the gate. More is better; in ${source.stake_currency}.`}</text>
${rows}`,
  );
}

/** All measures fit, however many there are. */
function heightOf({ measures }: Compared): number {
  return Math.min(105, (HEIGHT - TOP - FOOT) / measures.length);
}

function measureRow(
  measure: Compared["measures"][number],
  row: number,
  height: number,
  source: ReplayResult["source"],
): Html {
  const { value, quantiles, percentile } = measure;
  const { signedMoney } = moneyIn(source);
  const [low, high] = [Math.min(quantiles.p05, value, 0), Math.max(quantiles.p95, value, 0)];
  const x = (at: number): string =>
    (LEFT + ((at - low) / Math.max(high - low, Number.MIN_VALUE)) * (WIDTH - LEFT - RIGHT)).toFixed(1);
  const top = TOP + row * height;
  const width = Math.max(1, Number(x(quantiles.p95)) - Number(x(quantiles.p05))).toFixed(1);
  return html`<text x="${LEFT}" y="${top}" font-size="19" font-weight="600" fill="${INK.text}">${measureLabel(measure.measure)}: ${signedMoney(value)}, better than ${(percentile * 100).toFixed(0)} %</text>
<line x1="${LEFT}" y1="${top + 30}" x2="${WIDTH - RIGHT}" y2="${top + 30}" stroke="${INK.line}" stroke-width="2"/>
<rect x="${x(quantiles.p05)}" y="${top + 17}" width="${width}" height="26" rx="4" fill="${INK.band}"/>
<line x1="${x(quantiles.p50)}" y1="${top + 17}" x2="${x(quantiles.p50)}" y2="${top + 43}" stroke="${INK.soft}" stroke-width="3"/>
<line x1="${x(0)}" y1="${top + 10}" x2="${x(0)}" y2="${top + 50}" stroke="${INK.soft}" stroke-dasharray="4 4"/>
<circle cx="${x(value)}" cy="${top + 30}" r="9" fill="${INK.with}" stroke="${INK.page}" stroke-width="3"/>
<text x="${x(quantiles.p05)}" y="${top + 62}" font-size="15" fill="${INK.soft}">${signedMoney(quantiles.p05)}</text>
<text x="${x(quantiles.p95)}" y="${top + 62}" font-size="15" text-anchor="end" fill="${INK.soft}">${signedMoney(quantiles.p95)}</text>
`;
}
