/** The daemon's directory: private to its user, locked while the daemon runs. */
import { chmodSync, lstatSync, rmSync } from "node:fs";
import { join } from "node:path";
import { LOCK_FILE, socketNames } from "../config/paths.js";
import type { HeldLock, LoadedEngine } from "../engine/engine.js";
import { makeDirectory } from "../make_directory.js";

/** The daemon cannot start as configured; the message says why and what to do. Exit code 2. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

/** Creates a directory with mode 0700. @returns whether it was created; false: it was there and is ours alone */
export function ensurePrivateDirectory(dir: string, uid: number): boolean {
  let created: boolean;
  try {
    created = makeDirectory(dir, 0o700);
  } catch (error) {
    throw new ConfigError(`${dir} cannot be created (${messageOf(error)}): choose another directory with --dir`);
  }
  const stat = lstatSync(dir);
  if (!stat.isDirectory()) throw new ConfigError(`${dir} is not a directory: choose another with --dir`);
  if (stat.uid !== uid) {
    throw new ConfigError(`${dir} belongs to user ${stat.uid}, not to ${uid}: choose another directory with --dir`);
  }
  if ((stat.mode & 0o077) !== 0) {
    try {
      chmodSync(dir, 0o700);
    } catch (error) {
      throw new ConfigError(`${dir} is open to other users and cannot be closed (${messageOf(error)}): chmod 700 it`);
    }
  }
  return created;
}

export const lockOf = (dir: string): string => join(dir, LOCK_FILE);
export const socketsOf = (dir: string, is_private: boolean): readonly string[] =>
  socketNames(is_private).map((name) => join(dir, name));

/** Takes the daemon's lock. Only its holder may remove or bind sockets: binding unlinks whatever another daemon listens on. */
export function lockDirectory(dir: string, engine: LoadedEngine): HeldLock {
  const path = lockOf(dir);
  const lock = engine.tryLock(path);
  if (lock === null) {
    throw new ConfigError(
      `another talebridge daemon serves ${dir} (${path} is locked): stop it, or choose another directory with --dir`,
    );
  }
  return lock;
}

/** Removes socket files a killed daemon left, whichever kind it was: a client would try them. Call with the lock held. */
export function removeSockets(dir: string): void {
  for (const path of socketsOf(dir, true)) rmSync(path, { force: true });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
