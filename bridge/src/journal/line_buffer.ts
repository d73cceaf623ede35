/**
 * The bytes of journal lines being put together, in memory that is used again and again: text pieced together from fifty pieces leaves as many
 * objects behind, and collecting those was what made the slowest of a thousand questions slow.
 */
import { FIXED } from "../limits.js";

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const SPACE = 0x20;
const TILDE = 0x7e;
const ZERO = 0x30;
/** Integers below this are written digit by digit, in two halves that fit 32 bits. */
const LARGEST_INTEGER = 1e15;
const HALF = 1e7;

export class LineBuffer {
  private memory = Buffer.allocUnsafeSlow(FIXED.journal_write_bytes);
  /** Bytes written so far. */
  length = 0;

  /** Forgets what was written, and memory that only a very long line needed. */
  clear(): void {
    this.length = 0;
    if (this.memory.length > FIXED.journal_write_bytes) this.memory = Buffer.allocUnsafeSlow(FIXED.journal_write_bytes);
  }

  /** What was written from a place on; valid until more is written. */
  from(start: number): Buffer {
    return this.memory.subarray(start, this.length);
  }

  /** Any text, as UTF-8. */
  utf8(text: string): void {
    this.reserve(Buffer.byteLength(text));
    this.length += this.memory.write(text, this.length);
  }

  /** Text of ASCII characters alone. */
  ascii(text: string): void {
    const { length } = text;
    const at = this.reserve(length);
    const { memory } = this;
    for (let i = 0; i < length; i++) memory[at + i] = text.charCodeAt(i);
    this.length = at + length;
  }

  /** A JSON string. */
  string(text: string): void {
    const { length } = text;
    const at = this.reserve(length + 2);
    const { memory } = this;
    memory[at] = QUOTE;
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i);
      if (code < SPACE || code > TILDE || code === QUOTE || code === BACKSLASH) {
        this.utf8(JSON.stringify(text));
        return;
      }
      memory[at + 1 + i] = code;
    }
    memory[at + 1 + length] = QUOTE;
    this.length = at + length + 2;
  }

  /** A JSON number; null for null and for what JSON has no number for. */
  number(value: number | null): void {
    if (value === null || !Number.isFinite(value)) this.ascii("null");
    else if (value >= 0 && value < LARGEST_INTEGER && Math.floor(value) === value) this.integer(value);
    else this.ascii(`${value}`);
  }

  private integer(value: number): void {
    if (value < HALF) {
      this.digits(value, 1);
      return;
    }
    const high = Math.floor(value / HALF);
    this.digits(high, 1);
    this.digits(value - high * HALF, 7);
  }

  /** @param value below 2^31 @param least digits, with zeros in front */
  private digits(value: number, least: number): void {
    let count = 1;
    for (let bound = 10; value >= bound; bound *= 10) count++;
    if (count < least) count = least;
    const at = this.reserve(count);
    const { memory } = this;
    let rest = value | 0;
    for (let i = at + count - 1; i >= at; i--) {
      const next = (rest / 10) | 0;
      memory[i] = ZERO + rest - next * 10;
      rest = next;
    }
    this.length = at + count;
  }

  /** Makes room. @returns where the next byte goes */
  private reserve(bytes: number): number {
    const { length, memory } = this;
    const needed = length + bytes;
    if (needed > memory.length) {
      this.memory = Buffer.allocUnsafeSlow(Math.max(needed, 2 * memory.length));
      memory.copy(this.memory, 0, 0, length);
    }
    return length;
  }
}
