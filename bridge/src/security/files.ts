/** Files that hold secrets, or decide who is let in: made for their owner alone, and refused when others could have read or changed them. */
import { closeSync, fstatSync, openSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { FIXED } from "../limits.js";
import { makeDirectory } from "../make_directory.js";
import { ConfigError } from "../server/directory.js";

/** Longer than any key file. */
const MAX_BYTES = FIXED.key_file_bytes;

/** What others may not do with a file: nothing at all with a secret; change it, where its content is public but trusted. */
export type Guard = "secret" | "trusted";

const FORBIDDEN: Readonly<Record<Guard, number>> = { secret: 0o077, trusted: 0o022 };

/** Creates a directory that only its owner can enter. An existing one must be so already. */
export function ensureKeyDirectory(dir: string, uid: number): void {
  try {
    makeDirectory(dir, 0o700);
  } catch (error) {
    throw new ConfigError(`${dir} cannot be created (${messageOf(error)}): choose another with --keys-dir`);
  }
  requireGuarded(dir, "trusted", uid);
}

/** Writes a file that only its owner can read, whole or not at all. */
export function writeOwnerOnly(path: string, text: string): void {
  const draft = `${path}.${process.pid}.new`;
  try {
    writeFileSync(draft, text, { mode: 0o600, flag: "wx" });
    renameSync(draft, path);
  } catch (error) {
    throw new ConfigError(`${path} cannot be written (${messageOf(error)}): is ${dirname(path)} there and writable?`);
  }
}

/**
 * Reads a small text file after checking, on the open file, that nobody else could have read (secret) or changed (trusted) it.
 * @throws ConfigError naming the file and the command that closes it
 */
export function readGuarded(path: string, guard: Guard, uid: number): string {
  let fd: number;
  try {
    fd = openSync(path, "r");
  } catch (error) {
    throw new ConfigError(`${path} cannot be read (${messageOf(error)})`);
  }
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile() || stat.size > MAX_BYTES) throw new ConfigError(`${path} is not a key file`);
    check(path, stat, guard, uid);
    return readFileSync(fd, "utf8");
  } finally {
    closeSync(fd);
  }
}

/** @throws ConfigError when a file or directory belongs to another user or is open to others */
export function requireGuarded(path: string, guard: Guard, uid: number): void {
  check(path, statSync(path), guard, uid);
}

function check(path: string, stat: { uid: number; mode: number }, guard: Guard, uid: number): void {
  // Root can change anything anyway: its files are as good as one's own.
  if (stat.uid !== uid && stat.uid !== 0) {
    throw new ConfigError(`${path} belongs to user ${stat.uid}, not to ${uid}: chown ${uid} ${path}`);
  }
  const open = stat.mode & FORBIDDEN[guard];
  if (open === 0) return;
  const fix =
    guard === "secret" ? `chmod 600 ${path}, or make a new key if others may have read it` : `chmod go-w ${path}`;
  throw new ConfigError(`${path} is open to other users (mode ${(stat.mode & 0o777).toString(8)}): ${fix}`);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
