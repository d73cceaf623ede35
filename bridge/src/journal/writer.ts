/**
 * Append-only journal. `append` returns once the kernel has the line, so a killed process loses nothing; the disk has it within a second.
 * While writing fails every append says so, and it is tried again by itself; the first that succeeds writes the whole state before its own
 * line, because lines in between were lost.
 */

import * as nodeFs from "node:fs";
import { join } from "node:path";
import { FIXED } from "../limits.js";
import { Backoff } from "./backoff.js";
import { fileName } from "./files.js";
import { LineBuffer } from "./line_buffer.js";
import { type JournalEvent, type StateEvent, writeLine } from "./lines.js";
import { type RetentionOptions, removeOldest } from "./retention.js";

export const SYNC_AFTER_MS = 500;
/** While writing fails it is tried again after this though nobody appends, or later if the disk cannot sync. */
export const RECOVER_MS = 1000;
/** A file is closed after this long even when it is small: what has to be read at a restart, and what one bad file can hold, stays short. */
export const MAX_FILE_MS = FIXED.journal_file_ms;

/** The file operations the journal needs; a parameter so that a full or read-only disk can be tried. */
export type JournalFs = Pick<
  typeof nodeFs,
  | "openSync"
  | "writeSync"
  | "ftruncateSync"
  | "fstatSync"
  | "fsyncSync"
  | "fsync"
  | "closeSync"
  | "statSync"
  | "unlinkSync"
>;

export interface JournalOptions extends Omit<RetentionOptions, "fs" | "reserve_bytes"> {
  readonly start_ms: number;
  readonly max_file_bytes: number;
  /** All live sessions as they stand. */
  readonly state: () => readonly StateEvent[];
  /** Wall clock, for the record. */
  readonly clock: () => number;
  /** Time that never steps, in ms. */
  readonly monotonic: () => number;
  readonly onFailure: (error: Error) => void;
  readonly onRecovery: () => void;
  /** Old files could not be removed; writing goes on. */
  readonly onUpkeepFailure: (error: Error) => void;
  readonly fs?: JournalFs;
}

export type Appended = { readonly ok: true; readonly seq: number } | { readonly ok: false; readonly error: Error };

export class Journal {
  private readonly options: JournalOptions;
  private readonly fs: JournalFs;
  private readonly backoff = new Backoff();
  private readonly out = new LineBuffer();
  private fd: number | null = null;
  private file_bytes = 0;
  /** What the state at the file's head takes of it: however large that is, a file holds its share of lines besides. */
  private head_bytes = 0;
  private opened_ms = 0;
  private files = 0;
  private seq = 0;
  private failed: Error | null = null;
  private retry_ms = 0;
  private unsynced = false;
  private syncing = false;
  private sync_timer: NodeJS.Timeout | null = null;
  private recover_timer: NodeJS.Timeout | null = null;

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
    return this.appendAll([event]);
  }

  /** Writes events as consecutive lines with one write, all or none. Never throws. @returns the last line's number */
  appendAll(events: readonly JournalEvent[]): Appended {
    if (this.failed !== null && this.options.monotonic() < this.retry_ms) return { ok: false, error: this.failed };
    return this.attempt(events);
  }

  /** Syncs and closes. */
  close(): void {
    if (this.fd !== null) {
      try {
        this.fs.fsyncSync(this.fd);
      } catch (error) {
        this.fail(error);
      }
      this.abandonFile();
    }
    // Last, because what fails here would be tried again.
    if (this.sync_timer !== null) clearTimeout(this.sync_timer);
    if (this.recover_timer !== null) clearTimeout(this.recover_timer);
    this.sync_timer = null;
    this.recover_timer = null;
  }

  /** Writes events, and before them what an earlier failure left undone. */
  private attempt(events: readonly JournalEvent[]): Appended {
    try {
      this.prepare();
      if (events.length > 0) this.write(events);
      this.recovered();
      this.syncSoon();
      return { ok: true, seq: this.seq };
    } catch (error) {
      this.retry_ms = this.options.monotonic() + this.backoff.pause_ms;
      return { ok: false, error: this.fail(error) };
    }
  }

  /** Opens, rotates or catches up, so that the next line can be written. */
  private prepare(): void {
    if (this.fd !== null && this.isFull()) {
      this.syncNow(this.fd);
      this.abandonFile();
    }
    const needs_state = this.failed !== null || (this.fd === null && this.files > 0);
    if (this.fd === null) this.openNext();
    // One by one: together they may be longer than a text can be.
    if (!needs_state) return;
    const from = this.file_bytes;
    for (const state of this.options.state()) this.write([state]);
    if (from === 0) this.head_bytes = this.file_bytes;
    if (this.backoff.doubtful && this.fd !== null) this.syncNow(this.fd);
  }

  /** The kernel may have dropped what it could not sync: such a file is not used further. */
  private syncNow(fd: number): void {
    try {
      this.fs.fsyncSync(fd);
      this.backoff.synced();
    } catch (error) {
      this.backoff.syncFailed();
      this.abandonFile();
      throw error;
    }
  }

  private isFull(): boolean {
    const { max_file_bytes, monotonic } = this.options;
    return this.file_bytes - this.head_bytes >= max_file_bytes || monotonic() - this.opened_ms >= MAX_FILE_MS;
  }

  private openNext(): void {
    const { dir, start_ms, boot, max_file_bytes } = this.options;
    const path = join(dir, fileName(start_ms, boot, this.files));
    this.fd = this.fs.openSync(path, "a", 0o600);
    this.opened_ms = this.options.monotonic();
    this.files += 1;
    this.syncDirectory();
    try {
      // The new file may grow to its limit before this is looked at again.
      removeOldest({ ...this.options, fs: this.fs, reserve_bytes: max_file_bytes + this.head_bytes }, path);
    } catch (error) {
      this.options.onUpkeepFailure(toError(error));
    }
  }

  private write(events: readonly JournalEvent[]): void {
    if (this.fd === null) throw new Error("the journal has no open file");
    const t_ms = this.options.clock();
    let seq = this.seq;
    const { out } = this;
    out.clear();
    for (const event of events) {
      seq += 1;
      writeLine(out, seq, t_ms, event);
    }
    const lines = out.from(0);
    try {
      for (let done = 0; done < lines.length; ) done += this.fs.writeSync(this.fd, lines, done, lines.length - done);
    } catch (error) {
      this.undoPartial();
      throw error;
    }
    this.file_bytes += lines.length;
    this.seq = seq;
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
    const failure = toError(error);
    if (this.failed === null) this.options.onFailure(failure);
    this.failed = failure;
    this.recoverSoon();
    return failure;
  }

  private recovered(): void {
    if (this.failed === null) return;
    this.failed = null;
    this.options.onRecovery();
  }

  /** What changed while writing failed must not wait for the next question. */
  private recoverSoon(): void {
    if (this.recover_timer !== null) return;
    const wait_ms = Math.max(RECOVER_MS, this.retry_ms - this.options.monotonic());
    this.recover_timer = setTimeout(() => {
      this.recover_timer = null;
      if (this.failed !== null) this.attempt([]);
    }, wait_ms);
    this.recover_timer.unref();
  }

  private syncSoon(): void {
    this.unsynced = true;
    // One at a time: a disk that hangs must not fill the pool of threads the engine works in.
    if (this.sync_timer !== null || this.syncing) return;
    this.sync_timer = setTimeout(() => {
      this.sync_timer = null;
      this.sync();
    }, SYNC_AFTER_MS);
    this.sync_timer.unref();
  }

  private sync(): void {
    const { fd, files } = this;
    if (fd === null) return;
    // A file closed meanwhile was synced then, and its number may be another file's.
    const distrust = (error: unknown) => {
      if (this.fd !== fd || this.files !== files) return;
      this.backoff.syncFailed();
      this.fail(error);
      this.abandonFile();
    };
    try {
      if (this.fs.fstatSync(fd).nlink === 0) throw new Error("the journal file was removed while it was written");
    } catch (error) {
      distrust(error);
      return;
    }
    this.unsynced = false;
    this.syncing = true;
    this.fs.fsync(fd, (error) => {
      this.syncing = false;
      if (error !== null) distrust(error);
      if (this.unsynced) this.syncSoon();
    });
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
}

function toError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
