/** Candles in parquet, as freqtrade's `--data-format-ohlcv parquet` writes them: one row per candle, snappy or plain. */
import { parquetMetadataAsync, parquetRead } from "hyparquet";
import type { Candles } from "./candles.js";
import { ReplayInputError } from "./error.js";

const MAX_ROWS = 16_000_000;
const COLUMNS = ["date", "open", "high", "low", "close", "volume"] as const;
type Column = (typeof COLUMNS)[number];

/** @throws ReplayInputError when it is not such a file, or a column is absent or of another type */
export async function fromParquet(bytes: Uint8Array, file: string): Promise<Candles> {
  const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
  const source = { byteLength: buffer.byteLength, slice: (from: number, to?: number) => buffer.slice(from, to) };
  const made = new Map<Column, Float64Array>();
  let rows = 0;
  try {
    const metadata = await parquetMetadataAsync(source);
    rows = Number(metadata.num_rows);
    if (rows > MAX_ROWS) throw new ReplayInputError(`${file} has ${rows} rows; at most ${MAX_ROWS} are read.`);
    for (const name of COLUMNS) made.set(name, new Float64Array(rows).fill(Number.NaN));
    await parquetRead({
      file: source,
      metadata,
      columns: [...COLUMNS],
      parsers: {
        timestampFromMilliseconds: Number,
        timestampFromMicroseconds: (ticks) => Number(ticks / 1000n),
        timestampFromNanoseconds: (ticks) => Number(ticks / 1_000_000n),
      },
      onChunk({ columnName, columnData, rowStart }) {
        const column = made.get(columnName as Column);
        if (column === undefined) return;
        for (let row = 0; row < columnData.length; row++)
          column[rowStart + row] = numberOf(columnData[row], file, columnName);
      },
    });
  } catch (error) {
    if (error instanceof ReplayInputError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    if (reason.includes("unsupported compression codec")) {
      throw new ReplayInputError(
        `${file} is compressed, and not with snappy: write it as freqtrade does, compression="snappy".`,
      );
    }
    throw new ReplayInputError(`${file} cannot be read as a parquet file: ${reason}. Download or convert it again.`);
  }
  const column = (name: Column): Float64Array => made.get(name) ?? new Float64Array();
  if (column("date").some(Number.isNaN)) throw new ReplayInputError(`${file}: column "date" has rows without a time.`);
  return {
    rows,
    t_ms: column("date"),
    open: column("open"),
    high: column("high"),
    low: column("low"),
    close: column("close"),
    volume: column("volume"),
  };
}

function numberOf(value: unknown, file: string, name: string): number {
  if (typeof value === "number") return value;
  if (typeof value === "bigint") return Number(value);
  if (value === null || value === undefined) return Number.NaN;
  throw new ReplayInputError(`${file}: column "${name}" holds ${typeof value}, expected numbers.`);
}
