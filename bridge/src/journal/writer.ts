/**
 * Append-only journal. `append` returns once the kernel has the line, so a killed process loses nothing; the disk has it within a second.
 * While writing fails every append says so and tries again; the first one that succeeds writes the whole state before its own line, because
 * lines in between were lost.
 */
import * as nodeFs from "node:fs";
import { join } from "node:path";
import { fileName, type JournalFile, listFiles } from "./files.js";
import type { JournalEvent, StateEvent } from "./lines.js";
import { isPrivateFile } from "./private.js";

const SYNC_AFTER_MS = 500;

/** The file operations the journal needs; a parameter so that a full or read-only disk can be tried. */
export type JournalFs = Pick<
  typeof nodeFs,
  "openSync" | "writeSync" | "ftruncateSync" | "fsyncSync" | "fsync" | "closeSync" | "statSync" | "unlinkSync"
>;

export interface JournalOptions {
  readonly dir: string;
  readonly boot: string;
  readonly start_ms: number;
  readonly private: boolean;
  readonly max_file_bytes: number;
  readonly max_total_bytes: number;
  /** Whether another, private daemon is running: its files are left alone. */
  readonly isRunning: (boot: string) => boolean;
  /** All live sessions as they stand. */
  readonly state: () => StateEvent;
  readonly clock: () => number;
  readonly onFailure: (error: Error) => void;
  readonly onRecovery: () => void;
  readonly fs?: JournalFs;
}

export type Appended = { readonly ok: true; readonly seq: number } | { readonly ok: false; readonly error: Error };

export class Journal {
  private readonly options: JournalOptions;
  private readonly fs: JournalFs;
  private fd: number | null = null;
  private file_bytes = 0;
  private files = 0;
  private seq = 0;
  private failed: Error | null = null;
  private timer: NodeJS.Timeout | null = null;

  constructor(options: JournalOptions) {
    this.options = options;
    this.fs = options.fs ?? nodeFs;
  }

  /** Number of the last line written. */
  get lastSeq(): number {
    return this.seq;
  }

  get failing(): boolean {
    return this.failed !== null;
  }

  /** Writes one event. Never throws. */
  append(event: JournalEvent): Appended {
    try {
      this.prepare(event);
      const seq = this.write(event);
      this.recovered();
      this.syncSoon();
      return { ok: true, seq };
    } catch (error) {
      return { ok: false, error: this.fail(error) };
    }
  }

  /** Syncs and closes. */
  close(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    if (this.fd === null) return;
    try {
      this.fs.fsyncSync(this.fd);
    } catch (error) {
      this.fail(error);
    }
    this.abandonFile();
  }

  /** Opens, rotates or catches up, so that the next line can be written. */
  private prepare(event: JournalEvent): void {
    if (this.fd !== null && this.file_bytes >= this.options.max_file_bytes) {
      this.fs.fsyncSync(this.fd);
      this.abandonFile();
    }
    const needs_state = this.failed !== null || (this.fd === null && this.files > 0);
    if (this.fd === null) this.openNext();
    if (needs_state && event.type !== "state") this.write(this.options.state());
  }

  private openNext(): void {
    const { dir, start_ms, boot } = this.options;
    const path = join(dir, fileName(start_ms, boot, this.files));
    this.fd = this.fs.openSync(path, "a", 0o600);
    this.file_bytes = 0;
    this.files += 1;
    this.syncDirectory();
    this.removeOldest(path);
  }

  private write(event: JournalEvent): number {
    if (this.fd === null) throw new Error("the journal has no open file");
    const seq = this.seq + 1;
    const line = Buffer.from(`${JSON.stringify({ seq, t_ms: this.options.clock(), ...event })}\n`);
    try {
      for (let done = 0; done < line.length; ) done += this.fs.writeSync(this.fd, line, done, line.length - done);
    } catch (error) {
      this.undoPartial();
      throw error;
    }
    this.file_bytes += line.length;
    this.seq = seq;
    return seq;
  }

  /** Half a line must not stay in front of the next: cut it, or leave the file for good. */
  private undoPartial(): void {
    if (this.fd === null) return;
    try {
      this.fs.ftruncateSync(this.fd, this.file_bytes);
    } catch {
      this.abandonFile();
    }
  }

  private abandonFile(): void {
    const fd = this.fd;
    this.fd = null;
    this.file_bytes = 0;
    if (fd === null) return;
    try {
      this.fs.closeSync(fd);
    } catch (error) {
      this.fail(error);
    }
  }

  private fail(error: unknown): Error {
    const failure = error instanceof Error ? error : new Error(String(error));
    if (this.failed === null) this.options.onFailure(failure);
    this.failed = failure;
    return failure;
  }

  private recovered(): void {
    if (this.failed === null) return;
    this.failed = null;
    this.options.onRecovery();
  }

  private syncSoon(): void {
    if (this.timer !== null) return;
    this.timer = setTimeout(() => {
      this.timer = null;
      const fd = this.fd;
      if (fd === null) return;
      this.fs.fsync(fd, (error) => {
        // The kernel may have dropped what it could not write: this file is not to be trusted further.
        if (error !== null && this.fd === fd) {
          this.fail(error);
          this.abandonFile();
        }
      });
    }, SYNC_AFTER_MS);
    this.timer.unref();
  }

  /** Makes the new file's name survive a power cut. */
  private syncDirectory(): void {
    const fd = this.fs.openSync(this.options.dir, "r");
    try {
      this.fs.fsyncSync(fd);
    } finally {
      this.fs.closeSync(fd);
    }
  }

  /** Keeps the directory under its limit. */
  private removeOldest(current: string): void {
    const { dir, max_total_bytes } = this.options;
    const others = listFiles(dir).filter((file) => file.path !== current);
    const sized = others.map((file) => ({
      file,
      bytes: this.fs.statSync(file.path, { throwIfNoEntry: false })?.size ?? 0,
    }));
    // The current file may grow to its limit before this is looked at again.
    let total = sized.reduce((sum, { bytes }) => sum + bytes, this.options.max_file_bytes);
    for (const { file, bytes } of sized) {
      if (total <= max_total_bytes) return;
      if (!this.tolerateAbsent(() => this.mayRemove(file))) continue;
      this.tolerateAbsent(() => this.fs.unlinkSync(file.path));
      total -= bytes;
    }
  }

  /** A private daemon removes its own files and those of private runs that have ended; the other one all but those of private runs that go on. */
  private mayRemove(file: JournalFile): boolean {
    if (file.boot === this.options.boot) return true;
    if (!isPrivateFile(file.path)) return !this.options.private;
    return !this.options.isRunning(file.boot);
  }

  /** Several private daemons may remove the same file. */
  private tolerateAbsent<T>(work: () => T): T | undefined {
    try {
      return work();
    } catch (error) {
      if (Object(error).code === "ENOENT") return undefined;
      throw error;
    }
  }
}
