/** A file's lines as bytes. Only a newline ends a line: texts inside may hold what other readers take for line ends (U+2028). */
import { closeSync, openSync, readSync } from "node:fs";
import { MAX_LINE_BYTES } from "./lines.js";

const BLOCK_BYTES = 256 * 1024;
const NEWLINE = 0x0a;

export interface RawLine {
  /** Counted from 1. */
  readonly number: number;
  /** Without the newline; null: longer than any line may be, passed over. Valid until the next line is asked for. */
  readonly bytes: Buffer | null;
  /** Whether a newline ends it; only a file's last line may lack one. */
  readonly whole: boolean;
}

/** Every line of a file, first to last; memory stays below two lines of the greatest length. */
export function* splitFile(path: string): Generator<RawLine> {
  const fd = openSync(path, "r");
  try {
    const block = Buffer.alloc(BLOCK_BYTES);
    let rest: Buffer[] = [];
    let rest_bytes = 0;
    let number = 0;
    const take = (end: Buffer, whole: boolean): RawLine => {
      number += 1;
      const bytes = rest_bytes === 0 ? end : Buffer.concat([...rest, end]);
      const line = { number, bytes: rest_bytes + end.length > MAX_LINE_BYTES ? null : bytes, whole };
      rest = [];
      rest_bytes = 0;
      return line;
    };
    for (
      let read = readSync(fd, block, 0, BLOCK_BYTES, null);
      read > 0;
      read = readSync(fd, block, 0, BLOCK_BYTES, null)
    ) {
      let from = 0;
      for (let at = block.indexOf(NEWLINE); at >= 0 && at < read; at = block.indexOf(NEWLINE, from)) {
        yield take(block.subarray(from, at), true);
        from = at + 1;
      }
      // What is too long to be a line is counted, not kept.
      if (rest_bytes <= MAX_LINE_BYTES) rest.push(Buffer.from(block.subarray(from, read)));
      rest_bytes += read - from;
    }
    if (rest_bytes > 0) yield take(Buffer.alloc(0), false);
  } finally {
    closeSync(fd);
  }
}
