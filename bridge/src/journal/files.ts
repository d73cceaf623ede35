/** Names and order of journal files: `journal-<start_ms>-<boot>-<n>.jsonl`, one or more per boot. */
import { closeSync, ftruncateSync, openSync, readdirSync, readSync, statSync } from "node:fs";
import { join } from "node:path";
import { parseLine } from "./lines.js";

export interface JournalFile {
  readonly path: string;
  readonly start_ms: number;
  readonly boot: string;
  readonly n: number;
}

const NAME = /^journal-(\d{1,15})-([A-Za-z0-9]{1,64})-(\d{1,9})\.jsonl$/;
/** A tail is repaired within this many bytes: more than the longest line a session writes. */
const MAX_TAIL_BYTES = 16 * 1024 * 1024;

export function fileName(start_ms: number, boot: string, n: number): string {
  return `journal-${start_ms}-${boot}-${n}.jsonl`;
}

/** Journal files of a directory, oldest first; other files are ignored. */
export function listFiles(dir: string): JournalFile[] {
  const files: JournalFile[] = [];
  for (const name of readdirSync(dir)) {
    const match = NAME.exec(name);
    if (match === null) continue;
    const [, start, boot, n] = match;
    files.push({ path: join(dir, name), start_ms: Number(start), boot: boot ?? "", n: Number(n) });
  }
  return files.sort((a, b) => a.start_ms - b.start_ms || (a.boot < b.boot ? -1 : a.boot > b.boot ? 1 : 0) || a.n - b.n);
}

/**
 * Cuts what a crash left behind the last whole line: half a line, or blocks a power cut filled with zeros.
 * @returns bytes removed
 */
export function repairTail(path: string): number {
  const fd = openSync(path, "r+");
  try {
    const size = statSync(path).size;
    const from = Math.max(0, size - MAX_TAIL_BYTES);
    const tail = Buffer.alloc(size - from);
    readSync(fd, tail, 0, tail.length, from);
    const keep = from + wholeLines(tail);
    if (keep < size) ftruncateSync(fd, keep);
    return size - keep;
  } finally {
    closeSync(fd);
  }
}

/** Length of the part of `tail` that ends with a valid line. */
function wholeLines(tail: Buffer): number {
  let end = tail.lastIndexOf(0x0a) + 1;
  while (end > 0) {
    const start = tail.lastIndexOf(0x0a, end - 2) + 1;
    // The first line of the tail may have begun before it: not judged.
    if (start === 0 || parseLine(tail.toString("utf8", start, end - 1)) !== null) return end;
    end = start;
  }
  return 0;
}
