/**
 * Private daemons share a journal directory, and may end without a word. Each holds an OS lock on a file of its boot while it runs, so that
 * others can tell its journal files from those of a finished run.
 */
import { closeSync, existsSync, openSync, readSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { HeldLock } from "../engine/engine.js";
import { parseLine } from "./lines.js";

export type TryLock = (path: string) => HeldLock | null;

/** Longer than the first line of any private file: its state lists no sessions. */
const HEAD_BYTES = 4096;

function lockPath(dir: string, boot: string): string {
  return join(dir, `private-${boot}.lock`);
}

/** Marks a boot as running; call before its first file is made. The lock file goes when it is released. */
export function holdPrivate(dir: string, boot: string, tryLock: TryLock): HeldLock {
  const path = lockPath(dir, boot);
  const lock = tryLock(path);
  if (lock === null) throw new Error(`${path} is locked by another process`);
  return {
    release: () => {
      rmSync(path, { force: true });
      lock.release();
    },
  };
}

/** Whether a private boot still runs. What a killed one left of its lock is removed. */
export function isRunning(dir: string, boot: string, tryLock: TryLock): boolean {
  const path = lockPath(dir, boot);
  if (!existsSync(path)) return false;
  const lock = tryLock(path);
  if (lock === null) return true;
  rmSync(path, { force: true });
  lock.release();
  return false;
}

/** Whether a journal file was written by a private daemon: its first line says so. */
export function isPrivateFile(path: string): boolean {
  const fd = openSync(path, "r");
  try {
    const head = Buffer.alloc(HEAD_BYTES);
    const bytes = head.subarray(0, readSync(fd, head, 0, HEAD_BYTES, 0));
    const end = bytes.indexOf(0x0a);
    const line = end < 0 ? null : parseLine(bytes.subarray(0, end));
    return (line?.type === "boot" || line?.type === "state") && line.private;
  } finally {
    closeSync(fd);
  }
}
