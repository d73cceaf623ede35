/** What the Rust addon exports (engine-rs/src/napi.rs). Only `engine/` imports the addon; everyone else takes an {@link Engine}. */

/** One row of the columns manifest, the single source of the output columns. */
export interface ColumnSpec {
  readonly name: string;
  readonly unit: string;
  /** Rows of history the value depends on, itself included, per window set. */
  readonly memory_rows: { readonly standard: number; readonly compact: number };
  /** Whether gate() reads the column; such columns are exact in float32. */
  readonly gate: boolean;
  readonly meaning: string;
}

export interface Rule {
  readonly measure: string;
  readonly from: number;
  readonly to: number;
  readonly min_size: number;
  readonly deny_above: number | null;
}

/** Parameters of the candle verdict, as sent in an annotate header. Missing keys take the profile's or set's defaults. */
export interface EngineParams {
  readonly profile: "conservative" | "aggressive" | "extreme";
  readonly window_set: "standard" | "compact";
  readonly timeframe_s: number;
  readonly rules?: readonly Rule[];
  readonly loss_threshold?: number;
  readonly adverse_horizon_candles?: number;
  readonly adverse_quantile?: number;
}

export interface Violation {
  readonly path: string;
  readonly message: string;
}

/** Reply of the addon's `validateParams(json)`. */
export type ParamsCheck =
  | {
      readonly ok: true;
      readonly fingerprint: string;
      readonly memory_rows: number;
      readonly params: Required<EngineParams>;
    }
  | { readonly ok: false; readonly violations: readonly Violation[] };

/** Reply of the addon's async `annotate(paramsJson, block, rows, wanted)`. */
export type AnnotateResult =
  | {
      readonly ok: true;
      readonly block: Buffer;
      /** Microseconds of computing alone. */
      readonly engine_us: number;
    }
  | {
      readonly ok: false;
      readonly code: "bad_input" | "params" | "internal";
      readonly row: number;
      readonly column: string;
      readonly message: string;
    };

export interface Engine {
  readonly version: string;
  readonly simd: string;
  readonly columns: readonly ColumnSpec[];
  validateParams(params: unknown): ParamsCheck;
  /**
   * Measures and candle verdict for every row.
   * @param block rows × 6 or 7 float64 LE, column-major: open ms, open, high, low, close, volume and, if wanted, the market pair's close with NaN
   *   where there is none (copied on entry)
   * @param wanted ascending indexes into `columns`; null or absent: all of them
   * @returns rows × columns wanted float64 LE, column-major
   */
  annotate(
    params: EngineParams,
    block: Uint8Array,
    rows: number,
    wanted?: readonly number[] | null,
  ): Promise<AnnotateResult>;
}

/** How the quantum diagnostic estimates; missing keys take the engine's defaults. */
export interface QuantumSettings {
  /** Of the shots; 0 to 2^53 − 1. */
  readonly seed?: number;
  /** Half-width of the intervals of probabilities, 0.0005 to 0.5. */
  readonly epsilon?: number;
  /** 1 − confidence. */
  readonly alpha?: number;
  /** Measurements per round, 1 to 1000. */
  readonly shots?: number;
}

export interface QuantumEstimate {
  readonly iqae: number;
  readonly low: number;
  readonly high: number;
  readonly mlae: number;
}

/** One side, in units of sigma. */
export interface QuantumSide {
  readonly losses: number;
  readonly clipped_share: number;
  readonly tails: readonly {
    readonly probability: number;
    readonly classical: { readonly var: number; readonly es: number };
    readonly binned: { readonly var: number; readonly es: number };
    readonly estimated: { readonly var: number; readonly es: QuantumEstimate };
  }[];
  readonly convexity: { readonly classical: number; readonly binned: number; readonly estimated: QuantumEstimate };
  /** Applications of the state preparation. */
  readonly calls: number;
  readonly largest_power: number;
  readonly converged: boolean;
}

/** VaR, ES and convexity of the tail window three ways (docs/method.md). A diagnostic, never part of a verdict. */
export interface QuantumReport {
  /** Volatility forecast, log return per candle. */
  readonly sigma: number;
  /** In units of sigma. */
  readonly bin_width: number;
  readonly long: QuantumSide;
  readonly short: QuantumSide;
}

export type QuantumAnswer =
  | { readonly ok: true; readonly report: QuantumReport }
  | Extract<AnnotateResult, { readonly ok: false }>;
