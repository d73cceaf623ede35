/** A picture of the placebo: where the gate stands among gates that cut as much at other moments. */
import type { ReplayResult } from "../run/result.js";
import { type Html, html } from "./escape.js";
import { signedMoney } from "./format.js";

const WIDTH = 440;
const PAD = 66;
const MIDDLE = 46;

export function placeboBand(result: ReplayResult): Html {
  const { placebo, effect } = result;
  if (placebo.status !== "compared") return html``;
  const { p05, p50, p95 } = placebo.quantiles;
  const gate = effect.profit_change_abs;
  const low = Math.min(p05, gate);
  const high = Math.max(p95, gate);
  const x = (value: number): string =>
    (high === low ? WIDTH / 2 : PAD + ((value - low) / (high - low)) * (WIDTH - 2 * PAD)).toFixed(1);
  const width = (Number(x(p95)) - Number(x(p05))).toFixed(1);
  return html`<svg class="band" viewBox="0 0 ${WIDTH} 92" role="img" aria-label="Change of profit: the gate ${signedMoney(gate)}; 90 % of the placebos between ${signedMoney(p05)} and ${signedMoney(p95)}, median ${signedMoney(p50)}">
<line class="axis" x1="0" y1="${MIDDLE}" x2="${WIDTH}" y2="${MIDDLE}"/>
<rect class="range" x="${x(p05)}" y="${MIDDLE - 11}" width="${width}" height="22" rx="4"/>
<line class="median" x1="${x(p50)}" y1="${MIDDLE - 11}" x2="${x(p50)}" y2="${MIDDLE + 11}"/>
<circle class="gate" cx="${x(gate)}" cy="${MIDDLE}" r="7"/>
<text x="${x(gate)}" y="20" text-anchor="middle">gate ${signedMoney(gate)}</text>
<text x="${x(p05)}" y="82" text-anchor="middle">5 %: ${signedMoney(p05)}</text>
<text x="${x(p95)}" y="82" text-anchor="middle">95 %: ${signedMoney(p95)}</text>
</svg>
<p class="soft">Change of profit. Band: nine of ten of those gates; line in it: their median; dot: the gate.</p>`;
}
