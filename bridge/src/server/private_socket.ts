/** A socket file that its owner alone may open, from its first moment on. */
import { chmodSync, statSync } from "node:fs";

const SOCKET_MODE = 0o600;

/** @param bind makes the file, before it returns; what it throws goes on. Without a file afterwards nothing more is done. */
export function bindPrivately(path: string, bind: () => void): void {
  const umask = process.umask(0o177);
  try {
    bind();
  } finally {
    process.umask(umask);
  }
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat !== undefined && (stat.mode & 0o777) !== SOCKET_MODE) chmodSync(path, SOCKET_MODE);
}
