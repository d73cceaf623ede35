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

/** Reply of the addon's async `annotate(paramsJson, block, rows)`. */
export type AnnotateResult =
  | { readonly ok: true; readonly block: Buffer }
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
   * @param block rows × 6 float64 LE, column-major: open ms, open, high, low, close, volume (copied on entry)
   * @returns rows × columns.length float64 LE, column-major
   */
  annotate(params: EngineParams, block: Uint8Array, rows: number): Promise<AnnotateResult>;
}
