/** When writing to a journal that fails is tried again. */
import { FIXED } from "../limits.js";

/** While writing fails it is not tried more often than this by those who append: each try writes the whole state. */
export const RETRY_MS = 100;

/**
 * A disk that takes lines and then cannot sync them costs a new file each time it is believed. So after a sync that failed the next file is
 * believed only once a sync has succeeded, and while none does the pauses double up to a bound.
 */
export class Backoff {
  private unsynced_files = 0;

  /** Whether the next file has to be synced before it is used. */
  get doubtful(): boolean {
    return this.unsynced_files > 0;
  }

  /** How long to wait after an attempt that failed, in ms. */
  get pause_ms(): number {
    return Math.min(RETRY_MS * 2 ** Math.max(0, this.unsynced_files - 1), FIXED.journal_retry_ms);
  }

  syncFailed(): void {
    // Beyond this the pause is at its bound.
    this.unsynced_files = Math.min(this.unsynced_files + 1, 32);
  }

  synced(): void {
    this.unsynced_files = 0;
  }
}
