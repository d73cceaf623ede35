/** One set-up at a time per checkout. */

import { linkSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { readIfThere } from "./exec.mjs";

const RETRY_MS = 500;

/** @param {number} pid */
function alive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

/**
 * Holds a lock file while work runs. Waits for a live holder; takes over from a dead one. The file appears with its holder's pid
 * already in it (a hard link of a finished file), so that nobody mistakes a half-written one for a dead holder's.
 * @template T
 * @param {string} file
 * @param {(pid: number) => void} waiting called once when another live process holds it
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withLock(file, waiting, work) {
  mkdirSync(dirname(file), { recursive: true });
  const mine = `${file}.${process.pid}`;
  writeFileSync(mine, String(process.pid));
  let said = false;
  try {
    for (;;) {
      try {
        linkSync(mine, file);
        break;
      } catch (error) {
        if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
      }
      const holder = Number(readIfThere(file) ?? "0");
      if (holder === 0 || !alive(holder)) {
        rmSync(file, { force: true });
        continue;
      }
      if (!said) waiting(holder);
      said = true;
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  } finally {
    rmSync(mine, { force: true });
  }
  const release = () => rmSync(file, { force: true });
  process.once("exit", release);
  try {
    return await work();
  } finally {
    process.removeListener("exit", release);
    release();
  }
}
