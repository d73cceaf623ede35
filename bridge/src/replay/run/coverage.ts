/** Were the engine's forecasts of loss right on these candles? One row per side and level, for one pair. */
import type { Candles } from "../read/candles.js";
import { z2 } from "../statistics/acerbi_szekely.js";
import { christoffersen } from "../statistics/christoffersen.js";
import type { SideForecasts } from "./annotate.js";

export interface Coverage {
  readonly side: "long" | "short";
  readonly level: 95 | 99;
  readonly forecasts: number;
  readonly expected: number;
  readonly exceedances: number;
  /** p values: of the number of exceedances, of their independence, of both. */
  readonly kupiec_p: number;
  readonly independence_p: number;
  readonly christoffersen_p: number;
  /** Acerbi & Szekely's second statistic: 0 is expected, below −0.7 is doubtful. */
  readonly z2: number;
}

/** @param from first row that belongs to the backtest */
export function coverageOf(
  side: "long" | "short",
  forecasts: SideForecasts,
  candles: Candles,
  from: number,
): Coverage[] {
  const first = Math.max(0, from - 1);
  const most = Math.max(0, candles.rows - first);
  const came = new Float64Array(most);
  for (let at = 0; at < most; at++) {
    const [now, next] = [candles.close[first + at] ?? Number.NaN, candles.close[first + at + 1] ?? Number.NaN];
    came[at] = side === "long" ? Math.log(now / next) : Math.log(next / now);
  }
  return ([95, 99] as const).flatMap((level) => {
    const [vars, shortfalls] = level === 95 ? [forecasts.var95, forecasts.es95] : [forecasts.var99, forecasts.es99];
    const [losses, known, promised] = [new Float64Array(most), new Float64Array(most), new Float64Array(most)];
    const exceeded = new Uint8Array(most);
    let count = 0;
    // A row's forecast is of the candle after it.
    for (let row = first; row + 1 < candles.rows; row++) {
      const [limit, shortfall] = [vars[row] ?? Number.NaN, shortfalls[row] ?? Number.NaN];
      if (!Number.isFinite(limit) || !Number.isFinite(shortfall)) continue;
      const loss = came[row - first] ?? Number.NaN;
      losses[count] = loss;
      known[count] = limit;
      promised[count] = shortfall;
      exceeded[count] = loss > limit ? 1 : 0;
      count += 1;
    }
    if (count === 0) return [];
    const probability = 1 - level / 100;
    const test = christoffersen(exceeded.subarray(0, count), probability);
    return [
      {
        side,
        level,
        forecasts: count,
        expected: count * probability,
        exceedances: test.exceedances,
        kupiec_p: test.coverage.p_value,
        independence_p: test.independence.p_value,
        christoffersen_p: test.joint.p_value,
        z2: z2(losses.subarray(0, count), known.subarray(0, count), promised.subarray(0, count), probability),
      },
    ];
  });
}
