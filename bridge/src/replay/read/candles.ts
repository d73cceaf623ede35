/** Candles from a freqtrade data directory (feather, json or parquet), made as freqtrade makes them for a backtest: one row per candle, gaps filled. */
import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { MAX_FEATHER_BYTES, readFeather } from "./arrow.js";
import { ReplayInputError } from "./error.js";

/** Candles of one pair: equal lengths, times ascending in steps of one timeframe. */
export interface Candles {
  readonly rows: number;
  /** Open time, ms since 1970. */
  readonly t_ms: Float64Array;
  readonly open: Float64Array;
  readonly high: Float64Array;
  readonly low: Float64Array;
  readonly close: Float64Array;
  readonly volume: Float64Array;
}

/** SHA-256, hex, of the columns in the order above, as little-endian float64: two runs that saw the same candles say so. */
export function candlesHash({ t_ms, open, high, low, close, volume }: Candles): string {
  const hash = createHash("sha256");
  for (const { buffer, byteOffset, byteLength } of [t_ms, open, high, low, close, volume]) {
    hash.update(new Uint8Array(buffer, byteOffset, byteLength));
  }
  return hash.digest("hex");
}

/** Candles as a file holds them, gaps filled. */
export interface FilledCandles extends Candles {
  /** Rows made up because the file has none. */
  readonly filled: number;
  /** Most of them in a row. */
  readonly longest_gap: number;
}

export interface CandleSource {
  readonly datadir: string;
  readonly trading_mode: "spot" | "futures";
  readonly timeframe: string;
  readonly timeframe_ms: number;
}

const MAX_JSON_BYTES = MAX_FEATHER_BYTES;
const WEEK_MS = 604_800_000;
const FIRST_MONDAY_MS = 4 * 86_400_000;
/** freqtrade replaces these in file names (misc.pair_to_filename). */
const REPLACED = /[/ .@$+:]/g;

/** Files that may hold a pair's candles, in order of preference, relative to the data directory. */
export function candleFiles(pair: string, source: Pick<CandleSource, "trading_mode" | "timeframe">): string[] {
  const name = `${pair.replace(REPLACED, "_")}-${source.timeframe}`;
  const stem = source.trading_mode === "futures" ? join("futures", `${name}-futures`) : name;
  return [`${stem}.feather`, `${stem}.json`, `${stem}.json.gz`, `${stem}.parquet`];
}

/**
 * Reads one pair's candles.
 * @throws ReplayInputError when there is no file, or it is not such a file
 */
export async function readCandles(pair: string, source: CandleSource): Promise<FilledCandles> {
  const files = candleFiles(pair, source);
  for (const file of files) {
    const bytes = await readIfThere(join(source.datadir, file));
    if (bytes === null) continue;
    return complete(await decode(bytes, file), source.timeframe_ms, file);
  }
  throw new ReplayInputError(
    `No candles for ${pair}: expected ${files[0]} (or .json, .json.gz, .parquet) in ${source.datadir}. ` +
      "Give the directory the backtest ran on with --datadir, or run `freqtrade download-data` " +
      "(hdf5: `freqtrade convert-data --format-to feather`).",
  );
}

async function decode(bytes: Uint8Array, file: string): Promise<Candles> {
  if (file.endsWith(".feather")) return fromFeather(bytes, file);
  // Few have it: loaded when there is one.
  if (file.endsWith(".parquet")) return (await import("./parquet.js")).fromParquet(bytes, file);
  return fromJson(bytes, file);
}

async function readIfThere(path: string): Promise<Uint8Array | null> {
  try {
    const { size } = await stat(path);
    if (size > MAX_FEATHER_BYTES) {
      throw new ReplayInputError(`${path} has ${size} bytes; at most ${MAX_FEATHER_BYTES} are read.`);
    }
    return await readFile(path);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    if (error instanceof ReplayInputError) throw error;
    throw new ReplayInputError(`${path} cannot be read: ${error instanceof Error ? error.message : String(error)}.`);
  }
}

function fromFeather(bytes: Uint8Array, file: string): Candles {
  const feather = readFeather(bytes, file);
  return {
    rows: feather.rows,
    t_ms: feather.times_ms("date"),
    open: feather.numbers("open"),
    high: feather.numbers("high"),
    low: feather.numbers("low"),
    close: feather.numbers("close"),
    volume: feather.numbers("volume"),
  };
}

/** freqtrade's json: a list of [ms, open, high, low, close, volume]. */
function fromJson(bytes: Uint8Array, file: string): Candles {
  let rows: unknown;
  try {
    const text = file.endsWith(".gz") ? gunzipSync(bytes, { maxOutputLength: MAX_JSON_BYTES }) : bytes;
    rows = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(text));
  } catch {
    throw new ReplayInputError(`${file} is not valid JSON. Download the candles again.`);
  }
  if (!Array.isArray(rows)) throw new ReplayInputError(`${file} is not a list of candles. Download the candles again.`);
  const candles = empty(rows.length);
  rows.forEach((row: unknown, at) => {
    if (!Array.isArray(row) || row.length !== 6 || !row.every((value) => typeof value === "number")) {
      throw new ReplayInputError(`${file}: row ${at} is not [ms, open, high, low, close, volume].`);
    }
    set(candles, at, row);
  });
  return candles;
}

/**
 * Sorts, merges rows that fall into one candle and fills gaps with rows of volume 0 at the last close, as freqtrade does when it loads candles for
 * a backtest (data/converter: clean_ohlcv_dataframe, ohlcv_fill_up_missing_data). The engine must see what it would see in a gated backtest.
 */
export function complete(raw: Candles, timeframe_ms: number, file: string): FilledCandles {
  if (raw.rows === 0) throw new ReplayInputError(`${file} holds no candles. Download them again.`);
  if (isComplete(raw.t_ms, timeframe_ms)) return { ...raw, filled: 0, longest_gap: 0 };
  const order = Array.from({ length: raw.rows }, (_, row) => row);
  const at = (row: number): number => raw.t_ms[row] ?? Number.NaN;
  if (order.some((row) => row > 0 && at(row) < at(row - 1))) order.sort((a, b) => at(a) - at(b));
  const first = bin(at(order[0] ?? 0), timeframe_ms);
  const last = bin(at(order[raw.rows - 1] ?? 0), timeframe_ms);
  const rows = (last - first) / timeframe_ms + 1;
  if (!Number.isSafeInteger(rows) || rows > 16 * raw.rows + 1_000_000) {
    throw new ReplayInputError(
      `${file} has gaps too large to fill, or times that are not times. Download the candles again.`,
    );
  }
  const candles = empty(rows);
  let next = 0;
  let [filled, gap, longest_gap] = [0, 0, 0];
  let close = Number.NaN;
  let previous = Number.NaN;
  for (let row = 0; row < rows; row++) {
    const t = first + row * timeframe_ms;
    candles.t_ms[row] = t;
    let seen = false;
    let open = close;
    let high = close;
    let low = close;
    let volume = 0;
    for (; next < raw.rows; next++) {
      const from = order[next] ?? 0;
      if (bin(at(from), timeframe_ms) !== t) break;
      if (!seen) {
        open = raw.open[from] ?? Number.NaN;
        high = raw.high[from] ?? Number.NaN;
        low = raw.low[from] ?? Number.NaN;
        seen = true;
      } else {
        high = Math.max(high, raw.high[from] ?? Number.NaN);
        low = Math.min(low, raw.low[from] ?? Number.NaN);
      }
      close = raw.close[from] ?? Number.NaN;
      const traded = raw.volume[from] ?? Number.NaN;
      // The same candle twice counts once; different parts of one candle add up.
      volume = at(from) === previous ? Math.max(volume, traded) : volume + traded;
      previous = at(from);
    }
    gap = seen ? 0 : gap + 1;
    filled += Math.min(gap, 1);
    longest_gap = Math.max(longest_gap, gap);
    set(candles, row, [t, open, high, low, close, volume]);
  }
  return { ...candles, filled, longest_gap };
}

/** Most files are: every candle there, once, in order. */
function isComplete(t_ms: Float64Array, timeframe_ms: number): boolean {
  const first = t_ms[0] ?? Number.NaN;
  if (bin(first, timeframe_ms) !== first) return false;
  for (let row = 1; row < t_ms.length; row++) if (t_ms[row] !== first + row * timeframe_ms) return false;
  return true;
}

/** Rows `from` (inclusive) to `to` (exclusive). */
export function slice(candles: Candles, from: number, to: number): Candles {
  const start = Math.max(0, Math.min(from, candles.rows));
  const end = Math.max(start, Math.min(to, candles.rows));
  return {
    rows: end - start,
    t_ms: candles.t_ms.subarray(start, end),
    open: candles.open.subarray(start, end),
    high: candles.high.subarray(start, end),
    low: candles.low.subarray(start, end),
    close: candles.close.subarray(start, end),
    volume: candles.volume.subarray(start, end),
  };
}

/** The block the engine takes: rows × 6 float64 (7 with the market pair's closes), little-endian, column-major. */
export function toBlock(candles: Candles, market: Float64Array | null = null): Uint8Array {
  const { rows } = candles;
  const own = [candles.t_ms, candles.open, candles.high, candles.low, candles.close, candles.volume];
  const columns = market === null ? own : [...own, market];
  // Every machine the engine is built for is little-endian.
  const block = new Float64Array(rows * columns.length);
  for (const [at, column] of columns.entries()) block.set(column, at * rows);
  return new Uint8Array(block.buffer);
}

function empty(rows: number): Candles {
  return {
    rows,
    t_ms: new Float64Array(rows),
    open: new Float64Array(rows),
    high: new Float64Array(rows),
    low: new Float64Array(rows),
    close: new Float64Array(rows),
    volume: new Float64Array(rows),
  };
}

function set(candles: Candles, row: number, values: readonly number[]): void {
  const [
    t = Number.NaN,
    open = Number.NaN,
    high = Number.NaN,
    low = Number.NaN,
    close = Number.NaN,
    volume = Number.NaN,
  ] = values;
  candles.t_ms[row] = t;
  candles.open[row] = open;
  candles.high[row] = high;
  candles.low[row] = low;
  candles.close[row] = close;
  candles.volume[row] = volume;
}

/** Open time of the candle that `t_ms` falls into. Weeks begin on Mondays; 1970 began on a Thursday. */
function bin(t_ms: number, timeframe_ms: number): number {
  const offset = timeframe_ms % WEEK_MS === 0 ? FIRST_MONDAY_MS : 0;
  return Math.floor((t_ms - offset) / timeframe_ms) * timeframe_ms + offset;
}
