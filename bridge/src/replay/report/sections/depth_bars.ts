/** Median and mean worst move of trades by tenth of their forecast, as bars. */
import type { ReplayResult } from "../../run/result.js";
import { type Html, html } from "../escape.js";
import { percent } from "../format.js";

type Decile = NonNullable<ReplayResult["depth"]>["deciles"][number];

const [WIDTH, HEIGHT, FOOT, HEAD] = [720, 190, 22, 20];

export function deepBars(deciles: readonly Decile[]): Html {
  const highest = Math.max(...deciles.map(({ excursion_median }) => excursion_median), Number.MIN_VALUE);
  const step = WIDTH / deciles.length;
  const bars = deciles.map(({ decile, excursion_median }, index) => {
    const height = (excursion_median / highest) * (HEIGHT - FOOT - HEAD);
    const [left, top] = [index * step, HEIGHT - FOOT - height];
    const middle = (left + step / 2).toFixed(1);
    return html`<rect x="${(left + step * 0.15).toFixed(1)}" y="${top.toFixed(1)}" width="${(step * 0.7).toFixed(1)}" height="${Math.max(1, height).toFixed(1)}" rx="2"/><text x="${middle}" y="${(top - 6).toFixed(1)}">${percent(excursion_median)}</text><text class="soft" x="${middle}" y="${HEIGHT - 5}">${decile}</text>
`;
  });
  const first = deciles[0]?.excursion_median ?? null;
  const last = deciles.at(-1)?.excursion_median ?? null;
  const label = `Median worst move by tenth of the forecast: ${percent(first, 2)} in the lowest, ${percent(last, 2)} in the highest`;
  return html`<svg class="bars" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${label}">
${bars}</svg>
`;
}
