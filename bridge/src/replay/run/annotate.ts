/** A pair's candles through the engine: the columns the replay reads. */
import type { Engine } from "../../engine/types.js";
import { type Candles, toBlock } from "../read/candles.js";
import { ReplayInputError } from "../read/error.js";
import type { Resolved } from "./market.js";

/** Columns are the engine's own memory, all of it: whoever keeps one for long keeps a copy (pair_market.ts). */
export interface Annotated {
  readonly size: Float64Array;
  readonly reason: Float64Array;
  readonly value: Float64Array;
  /** Rank of the candle's volatility among those of its window. */
  readonly sigma_rank: Float64Array;
  /** Any other of the engine's columns. */
  column(name: string): Float64Array;
  side(name: "long" | "short"): SideForecasts;
}

/** Forecasts of one side, in log-losses. */
export interface SideForecasts {
  readonly var95: Float64Array;
  readonly var99: Float64Array;
  readonly es95: Float64Array;
  readonly es99: Float64Array;
  readonly adverse: Float64Array;
}

/**
 * @param market closes of the market pair at the same candles, NaN where it has none; null: no market pair
 * @throws ReplayInputError when the engine does not accept the candles
 */
export async function annotate(
  pair: string,
  candles: Candles,
  market: Float64Array | null,
  resolved: Resolved,
  engine: Engine,
): Promise<Annotated> {
  const { rows } = candles;
  const result = await engine.annotate(resolved.params, toBlock(candles, market), rows);
  if (!result.ok) {
    const at = candles.t_ms[result.row];
    const where = at === undefined ? "" : ` at ${new Date(at).toISOString()} (${result.column})`;
    throw new ReplayInputError(`The candles of ${pair}${where} cannot be judged: ${result.message}.`);
  }
  const { buffer, byteOffset } = result.block;
  const column = (name: string): Float64Array => {
    const at = engine.columns.findIndex((spec) => spec.name === name);
    if (at < 0) throw new Error(`the engine addon has no column ${name}: run \`npm run build\``);
    const start = byteOffset + at * rows * 8;
    // Every machine the engine is built for is little-endian.
    if (start % Float64Array.BYTES_PER_ELEMENT === 0) return new Float64Array(buffer, start, rows);
    return new Float64Array(buffer.slice(start, start + rows * 8));
  };
  return {
    size: column("risk_size"),
    reason: column("risk_reason"),
    value: column("risk_value"),
    sigma_rank: column("risk_sigma_rank"),
    column,
    side: (name) => ({
      var95: column(`risk_var95_${name}`),
      var99: column(`risk_var99_${name}`),
      es95: column(`risk_es95_${name}`),
      es99: column(`risk_es99_${name}`),
      adverse: column(`risk_adverse_q_${name}`),
    }),
  };
}
