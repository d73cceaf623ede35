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
  // A row's forecast is of the candle after it.
  const last = Math.max(0, most - 1);
  return ([95, 99] as const).flatMap((level) => {
    const [vars, shortfalls] = level === 95 ? [forecasts.var95, forecasts.es95] : [forecasts.var99, forecasts.es99];
    const made = known(came.subarray(0, last), vars.subarray(first), shortfalls.subarray(first));
    const exceeded = new Uint8Array(made.count);
    for (let at = 0; at < made.count; at++) {
      if ((made.losses[at] ?? Number.NaN) > (made.vars[at] ?? Number.NaN)) exceeded[at] = 1;
    }
    if (made.count === 0) return [];
    const probability = 1 - level / 100;
    const test = christoffersen(exceeded, probability);
    return [
      {
        side,
        level,
        forecasts: made.count,
        expected: made.count * probability,
        exceedances: test.exceedances,
        kupiec_p: test.coverage.p_value,
        independence_p: test.independence.p_value,
        christoffersen_p: test.joint.p_value,
        z2: z2(made.losses, made.vars, made.shortfalls, probability),
      },
    ];
  });
}

interface Known {
  readonly count: number;
  readonly losses: Float64Array;
  readonly vars: Float64Array;
  readonly shortfalls: Float64Array;
}

/** The rows that have a forecast, without those that have none. */
function known(losses: Float64Array, vars: Float64Array, shortfalls: Float64Array): Known {
  const has = (row: number): boolean =>
    Number.isFinite(vars[row] ?? Number.NaN) && Number.isFinite(shortfalls[row] ?? Number.NaN);
  const rows = losses.length;
  let from = 0;
  while (from < rows && !has(from)) from += 1;
  let to = from;
  while (to < rows && has(to)) to += 1;
  if (to === rows) {
    const rest = (column: Float64Array): Float64Array => column.subarray(from, rows);
    return { count: rows - from, losses: rest(losses), vars: rest(vars), shortfalls: rest(shortfalls) };
  }
  let count = to - from;
  const columns = [losses, vars, shortfalls].map((column) => column.slice(from, rows));
  const [kept = losses, limits = vars, means = shortfalls] = columns;
  for (let row = to; row < rows; row++) {
    if (!has(row)) continue;
    kept[count] = losses[row] ?? Number.NaN;
    limits[count] = vars[row] ?? Number.NaN;
    means[count] = shortfalls[row] ?? Number.NaN;
    count += 1;
  }
  const part = (column: Float64Array): Float64Array => column.subarray(0, count);
  return { count, losses: part(kept), vars: part(limits), shortfalls: part(means) };
}
