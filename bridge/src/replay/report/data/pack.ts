/** Columns of numbers and texts as base64. */
import type { Packed, PackedTexts } from "./types.js";

type Numbers = Float64Array | Float32Array | Int32Array | Uint16Array | Uint8Array;

/** The columns a text column can tell apart. */
const MAX_TEXTS = 65_535;
const REST = "(others)";

/** Bytes of an array as base64; typed arrays are little-endian on every machine Node runs on. */
export function pack(values: Numbers): Packed {
  return Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString("base64");
}

/** Null becomes NaN. */
export function pack64(values: readonly (number | null)[]): Packed {
  return pack(Float64Array.from(values, (value) => value ?? Number.NaN));
}

/** Null becomes NaN. */
export function pack32(values: readonly (number | null)[]): Packed {
  return pack(Float32Array.from(values, (value) => value ?? Number.NaN));
}

export function packTexts(values: readonly string[]): PackedTexts {
  const numbers = new Map<string, number>();
  const index = Uint16Array.from(values, (value) => {
    const text = numbers.has(value) || numbers.size < MAX_TEXTS - 1 ? value : REST;
    const number = numbers.get(text) ?? numbers.size;
    numbers.set(text, number);
    return number;
  });
  return { texts: [...numbers.keys()], index: pack(index) };
}
