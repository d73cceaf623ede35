/** A value as bytes that differ whenever the value does, to the bit: -0, NaN and the order of maps included. What JSON would hide. */
import { createHash } from "node:crypto";

/** @param {import("node:crypto").Hash} hash @param {unknown} value */
function feed(hash, value) {
  if (typeof value === "number") {
    const bytes = Buffer.alloc(9, 1);
    bytes.writeDoubleBE(Number.isNaN(value) ? Number.NaN : value, 1);
    hash.update(bytes);
  } else if (typeof value === "string") {
    hash.update(`s${Buffer.byteLength(value)}:`).update(value);
  } else if (value instanceof Map) {
    hash.update(`m${value.size}:`);
    for (const [key, item] of value) {
      feed(hash, key);
      feed(hash, item);
    }
  } else if (Array.isArray(value)) {
    hash.update(`a${value.length}:`);
    for (const item of value) feed(hash, item);
  } else if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    hash.update(`o${entries.length}:`);
    for (const [key, item] of entries) {
      feed(hash, key);
      feed(hash, item);
    }
  } else {
    hash.update(`${typeof value}${String(value)};`);
  }
}

/** @param {unknown} value @returns {string} */
export function fingerprintOf(value) {
  const hash = createHash("md5");
  feed(hash, value);
  return hash.digest("hex");
}
