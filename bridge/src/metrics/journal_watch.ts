/** How far the disk is behind the journal, seen from outside the writer: its syncs are timed, its lines noted. */
import * as nodeFs from "node:fs";
import type { JournalFs } from "../journal/writer.js";
import type { Histogram } from "./histogram.js";

export class JournalWatch {
  /** For the journal to sync with. */
  readonly fs: JournalFs;
  private readonly seconds: Histogram;
  /** Time of the oldest line that no finished sync covers, monotonic ms; NaN: all are covered. */
  private oldest_ms = Number.NaN;
  /** The same for lines written since the sync under way began. */
  private since_ms = Number.NaN;
  private syncing = false;

  constructor(seconds: Histogram) {
    this.seconds = seconds;
    this.fs = {
      ...nodeFs,
      fsync: this.fsync as JournalFs["fsync"],
      fsyncSync: (fd) => {
        const began_ms = performance.now();
        nodeFs.fsyncSync(fd);
        // A directory is synced when a file is begun; that brings no line to the disk.
        if (!nodeFs.fstatSync(fd).isDirectory()) this.synced(began_ms);
      },
    };
  }

  /** A line was written. */
  wrote(): void {
    if (this.syncing) {
      if (Number.isNaN(this.since_ms)) this.since_ms = performance.now();
    } else if (Number.isNaN(this.oldest_ms)) this.oldest_ms = performance.now();
  }

  /** Age of the oldest line not synced yet; 0: there is none. */
  get unsynced_s(): number {
    const oldest_ms = Number.isNaN(this.oldest_ms) ? this.since_ms : this.oldest_ms;
    return Number.isNaN(oldest_ms) ? 0 : (performance.now() - oldest_ms) / 1000;
  }

  private readonly fsync = (fd: number, callback: (error: NodeJS.ErrnoException | null) => void): void => {
    const began_ms = performance.now();
    this.syncing = true;
    nodeFs.fsync(fd, (error) => {
      this.syncing = false;
      if (error === null) this.synced(began_ms);
      callback(error);
    });
  };

  private synced(began_ms: number): void {
    this.seconds.observe((performance.now() - began_ms) / 1000);
    this.oldest_ms = this.since_ms;
    this.since_ms = Number.NaN;
  }
}
