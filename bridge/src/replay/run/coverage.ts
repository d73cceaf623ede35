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
  return ([95, 99] as const).flatMap((level) => {
    const [vars, shortfalls] = level === 95 ? [forecasts.var95, forecasts.es95] : [forecasts.var99, forecasts.es99];
    const rows: number[] = [];
    // A row's forecast is of the candle after it.
    for (let row = Math.max(0, from - 1); row + 1 < candles.rows; row++) {
      if (Number.isFinite(vars[row]) && Number.isFinite(shortfalls[row])) rows.push(row);
    }
    if (rows.length === 0) return [];
    const pick = (values: Float64Array): Float64Array => Float64Array.from(rows, (row) => values[row] ?? Number.NaN);
    const losses = Float64Array.from(rows, (row) => {
      const change = Math.log((candles.close[row + 1] ?? Number.NaN) / (candles.close[row] ?? Number.NaN));
      return side === "long" ? -change : change;
    });
    const [known, promised] = [pick(vars), pick(shortfalls)];
    const exceeded = Uint8Array.from(losses, (loss, at) => (loss > (known[at] ?? Number.NaN) ? 1 : 0));
    const probability = 1 - level / 100;
    const test = christoffersen(exceeded, probability);
    return [
      {
        side,
        level,
        forecasts: rows.length,
        expected: rows.length * probability,
        exceedances: test.exceedances,
        kupiec_p: test.coverage.p_value,
        independence_p: test.independence.p_value,
        christoffersen_p: test.joint.p_value,
        z2: z2(losses, known, promised, probability),
      },
    ];
  });
}
