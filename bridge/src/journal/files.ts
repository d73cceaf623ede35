/** Names and order of journal files: `journal-<start_ms>-<boot>-<n>.jsonl`, one or more per boot. */
import { closeSync, fstatSync, ftruncateSync, openSync, readdirSync, readSync } from "node:fs";
import { join } from "node:path";

export interface JournalFile {
  readonly path: string;
  readonly start_ms: number;
  readonly boot: string;
  readonly n: number;
}

const NAME = /^journal-(\d{1,15})-([A-Za-z0-9]{1,64})-(\d{1,9})\.jsonl$/;
const TAIL_BLOCK_BYTES = 64 * 1024;
const NEWLINE = 0x0a;

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
 * Cuts what a crash left behind the last whole line: half a line, or blocks a power cut left as zeros. Whole lines are never cut, damaged or not.
 * @returns bytes removed
 */
export function repairTail(path: string): number {
  const fd = openSync(path, "r+");
  try {
    const { size } = fstatSync(fd);
    const keep = endOfLines(fd, size);
    if (keep < size) ftruncateSync(fd, keep);
    return size - keep;
  } finally {
    closeSync(fd);
  }
}

/** Where the last line that could be one ends: reads blocks backwards until one is found. */
function endOfLines(fd: number, size: number): number {
  let end = size;
  let closed = false;
  const block = Buffer.alloc(TAIL_BLOCK_BYTES);
  for (let to = size; to > 0; ) {
    const from = Math.max(0, to - TAIL_BLOCK_BYTES);
    const bytes = block.subarray(0, readSync(fd, block, 0, to - from, from));
    for (let at = bytes.length - 1; at >= 0; at--) {
      const byte = bytes[at];
      if (byte === NEWLINE) {
        // A newline amid zeros ends no line: what stands before it decides.
        end = from + at + 1;
        closed = true;
      } else if (byte === 0) closed = false;
      else if (closed) return end;
    }
    to = from;
  }
  return 0;
}
