/** Which journal files are kept: the newest, within a number of bytes and, if wanted, of days. Every file begins with the whole state, so none is needed. */
import type * as nodeFs from "node:fs";
import { type JournalFile, listFiles } from "./files.js";
import { isPrivateFile } from "./private.js";

const DAY_MS = 86_400_000;

export interface RetentionOptions {
  readonly dir: string;
  readonly boot: string;
  readonly private: boolean;
  readonly max_total_bytes: number;
  /** Files last written longer ago are removed; null: only size counts. */
  readonly max_age_days: number | null;
  /** What the file being written may still grow to. */
  readonly reserve_bytes: number;
  /** Whether another, private daemon is running: its files are left alone. */
  readonly isRunning: (boot: string) => boolean;
  readonly clock: () => number;
  readonly fs: Pick<typeof nodeFs, "statSync" | "unlinkSync">;
}

/** Removes files until the limits hold, oldest first. @param current the file being written */
export function removeOldest(options: RetentionOptions, current: string): void {
  const { dir, fs, max_total_bytes, max_age_days } = options;
  const oldest_ms = max_age_days === null ? Number.NEGATIVE_INFINITY : options.clock() - max_age_days * DAY_MS;
  const others = listFiles(dir)
    .filter((file) => file.path !== current)
    .flatMap((file) => {
      const stat = fs.statSync(file.path, { throwIfNoEntry: false });
      return stat === undefined ? [] : [{ file, bytes: stat.size, written_ms: stat.mtimeMs }];
    });
  let total = others.reduce((sum, { bytes }) => sum + bytes, options.reserve_bytes);
  for (const { file, bytes, written_ms } of others) {
    if (total <= max_total_bytes && written_ms >= oldest_ms) continue;
    if (!tolerateAbsent(() => mayRemove(file, options))) continue;
    tolerateAbsent(() => fs.unlinkSync(file.path));
    total -= bytes;
  }
}

/** A private daemon removes its own files and those of private runs that have ended; the other one all but those of private runs that go on. */
function mayRemove(file: JournalFile, options: RetentionOptions): boolean {
  if (file.boot === options.boot) return true;
  if (!isPrivateFile(file.path)) return !options.private;
  return !options.isRunning(file.boot);
}

/** Several private daemons may remove the same file. */
function tolerateAbsent<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (Object(error).code === "ENOENT") return undefined;
    throw error;
  }
}
