/** What the page's script reads from the page: columns of numbers as base64 (little-endian), texts once each. */

/** Base64 of a typed array's bytes. */
export type Packed = string;

/** Texts that repeat: the different ones, and for each row the number of its own. */
export interface PackedTexts {
  readonly texts: readonly string[];
  /** Uint16. */
  readonly index: Packed;
}

export interface PackedCaps {
  /** Uint8: how many caps each entry has; they follow each other in the columns below. */
  readonly count: Packed;
  readonly reason: PackedTexts;
  readonly stake: Packed;
  readonly value: Packed;
  readonly limit: Packed;
}

/** Float64 where money or times are shown, so that every digit is the result's; Float32 for measures, of which three are shown. NaN: none. */
export interface PackedEntries {
  readonly rows: number;
  /** Entries of the result; more than `rows` when some were left out. */
  readonly of: number;
  /** Int32: trade and leg, which together name an entry. */
  readonly trade: Packed;
  readonly leg: Packed;
  readonly pair: PackedTexts;
  readonly side: PackedTexts;
  readonly kind: PackedTexts;
  readonly decision: PackedTexts;
  readonly reason: PackedTexts;
  readonly enter_tag: PackedTexts;
  readonly exit_reason: PackedTexts;
  readonly at_ms: Packed;
  readonly candle_open_ms: Packed;
  readonly close_ms: Packed;
  readonly rate: Packed;
  readonly stake: Packed;
  readonly stake_allowed: Packed;
  readonly profit_abs: Packed;
  readonly profit_with: Packed;
  readonly leverage: Packed;
  readonly value: Packed;
  readonly limit: Packed;
  readonly adverse_excursion: Packed;
  readonly sigma_rank: Packed;
  readonly es99: Packed;
  readonly adverse_quantile: Packed;
  readonly caps: PackedCaps;
}

/** Prices of one pair in buckets; Float32 columns, `size` as Uint8 in steps of 1/200, 255: none. */
export interface PackedPrices {
  readonly pair: string;
  readonly from_s: number;
  readonly step_s: number;
  readonly candles_per_bucket: number;
  readonly rows: number;
  readonly high: Packed;
  readonly low: Packed;
  readonly close: Packed;
  readonly adverse_long: Packed;
  readonly adverse_short: Packed;
  readonly size: Packed;
}

/** Account value; Int32 differences of seconds, Float64 values. */
export interface PackedEquity {
  readonly from_s: number;
  readonly steps_s: Packed;
  readonly without: Packed;
  readonly with: Packed;
}

export interface PageData {
  readonly currency: string;
  /** Says how many digits amounts have. */
  readonly starting_balance: number;
  readonly timeframe: string;
  readonly sides: readonly ("long" | "short")[];
  readonly equity: PackedEquity;
  readonly prices: readonly PackedPrices[];
  readonly entries: PackedEntries;
}

/** Steps of a packed size, and what stands for none. */
export const SIZE_STEPS = 200;
export const NO_SIZE = 255;
