/** Feather files (Arrow IPC, LZ4 or plain): columns by name as numbers, times in ms whatever unit the file uses. */
import {
  CompressionType,
  compressionRegistry,
  DataType,
  type Table,
  TimeUnit,
  tableFromIPC,
  type Vector,
} from "apache-arrow";
import { ReplayInputError, shown } from "./error.js";
import { decodeLz4Frame } from "./lz4.js";

/** Files above this are refused: ten times a year of one-minute candles. */
export const MAX_FEATHER_BYTES = 1 << 28;
const MAX_ROWS = 16_000_000;

compressionRegistry.set(CompressionType.LZ4_FRAME, { decode: (bytes) => decodeLz4Frame(bytes) });

export interface Feather {
  readonly rows: number;
  readonly columns: readonly string[];
  /** A number column; it may be the file's own memory. */
  numbers(name: string): Float64Array;
  /** A time column, in ms since 1970. */
  times_ms(name: string): Float64Array;
  /** A text column. */
  texts(name: string): string[];
}

/**
 * Opens a feather file held in memory.
 * @param file name for messages
 * @throws ReplayInputError when it is not a feather file, is compressed otherwise than with LZ4, or a column asked for is absent or of another type
 */
export function readFeather(bytes: Uint8Array, file: string): Feather {
  if (bytes.length > MAX_FEATHER_BYTES) {
    throw new ReplayInputError(`${file} has ${bytes.length} bytes; at most ${MAX_FEATHER_BYTES} are read.`);
  }
  let table: Table;
  try {
    table = tableFromIPC(bytes);
  } catch (error) {
    const reason = reasonOf(error);
    throw new ReplayInputError(
      reason.includes("codec not found")
        ? `${file} is compressed, and not with LZ4: write it as freqtrade does, compression="lz4".`
        : `${file} cannot be read as a feather file: ${reason}. Download or export it again.`,
    );
  }
  const rows = table.numRows;
  if (rows > MAX_ROWS) throw new ReplayInputError(`${file} has ${rows} rows; at most ${MAX_ROWS} are read.`);
  const columns = table.schema.fields.map((field) => field.name);

  function column(name: string): Vector {
    const vector = table.getChild(name);
    if (vector === null) {
      throw new ReplayInputError(
        `${file} has no column "${name}"; it has ${columns.slice(0, 10).map(shown).join(", ")}.`,
      );
    }
    if (vector.length !== rows) throw new ReplayInputError(`${file}: column "${name}" is shorter than the table.`);
    return vector;
  }

  return {
    rows,
    columns,
    numbers(name) {
      const vector = column(name);
      if (!DataType.isFloat(vector.type) && !DataType.isInt(vector.type)) {
        throw new ReplayInputError(`${file}: column "${name}" is ${vector.type}, expected numbers.`);
      }
      const [only, ...others] = vector.data;
      const whole: unknown = only?.values;
      // freqtrade writes a column in one piece: what was decompressed for it is the column.
      if (others.length === 0 && only?.nullCount === 0 && whole instanceof Float64Array) return whole.subarray(0, rows);
      const out = new Float64Array(rows);
      let start = 0;
      for (const chunk of vector.data) {
        const raw: unknown = chunk.values;
        if (raw instanceof Float64Array && chunk.nullCount === 0) {
          out.set(raw.subarray(0, chunk.length), start);
        } else {
          for (let i = 0; i < chunk.length; i++) {
            const value: unknown = vector.get(start + i);
            out[start + i] = value === null ? Number.NaN : Number(value);
          }
        }
        start += chunk.length;
      }
      return out;
    },
    times_ms(name) {
      const vector = column(name);
      const perMs = ticksPerMs(vector.type, file, name);
      const out = new Float64Array(rows);
      let row = 0;
      for (const chunk of vector.data) {
        const raw: unknown = chunk.values;
        if (!(raw instanceof BigInt64Array) || chunk.nullCount > 0) {
          throw new ReplayInputError(`${file}: column "${name}" has rows without a time.`);
        }
        inMs(raw.subarray(0, chunk.length), perMs, out.subarray(row, row + chunk.length));
        row += chunk.length;
      }
      return out;
    },
    texts(name) {
      const vector = column(name);
      const out: string[] = [];
      for (let row = 0; row < rows; row++) out.push(String(vector.get(row) ?? ""));
      return out;
    },
  };
}

/**
 * Whole milliseconds, rounded down, without a BigInt per row. Ticks are read as two halves, high · 2³² + low; dividing by `d`, 2³² = q·d + r gives
 * high·q + (high·r + low)/d, in which every product is exact.
 */
function inMs(
  ticks: BigInt64Array,
  perMs: { readonly scale: "multiply" | "divide"; readonly by: number },
  out: Float64Array,
): void {
  const halves = new DataView(ticks.buffer, ticks.byteOffset, ticks.byteLength);
  const divisor = perMs.scale === "divide" ? perMs.by : 1;
  const [q, r] = [Math.floor(2 ** 32 / divisor), 2 ** 32 % divisor];
  for (let row = 0; row < ticks.length; row++) {
    const low = halves.getUint32(row * 8, true);
    const high = halves.getInt32(row * 8 + 4, true);
    const whole = high * q + Math.floor((high * r + low) / divisor);
    out[row] = perMs.scale === "multiply" ? whole * perMs.by : whole;
  }
}

function ticksPerMs(type: DataType, file: string, name: string): { scale: "multiply" | "divide"; by: number } {
  if (!DataType.isTimestamp(type)) {
    throw new ReplayInputError(`${file}: column "${name}" is ${type}, expected timestamps.`);
  }
  switch (type.unit) {
    case TimeUnit.SECOND:
      return { scale: "multiply", by: 1000 };
    case TimeUnit.MILLISECOND:
      return { scale: "multiply", by: 1 };
    case TimeUnit.MICROSECOND:
      return { scale: "divide", by: 1000 };
    case TimeUnit.NANOSECOND:
      return { scale: "divide", by: 1_000_000 };
    default:
      throw new ReplayInputError(`${file}: column "${name}" has an unknown time unit.`);
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
