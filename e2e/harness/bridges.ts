/** Which bridge daemons are running on behalf of a test (Linux: from /proc). */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Process ids of the daemons whose command line or environment names `folder`. */
export function bridgesOf(folder: string): readonly number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => {
      const command = read(join("/proc", name, "cmdline"));
      if (!command.includes("main.js\0serve")) return false;
      return command.includes(folder) || read(join("/proc", name, "environ")).includes(folder);
    })
    .map(Number);
}

/** How many connections the daemon with these sockets has accepted and not lost again. */
export function connectionsTo(folder: string): number {
  return readFileSync("/proc/net/unix", "utf8")
    .split("\n")
    .map((line) => line.trim().split(/\s+/))
    .filter(([, , , , , state, , path]) => state === "03" && path?.startsWith(`${folder}/`)).length;
}

/** A process may end between listing and reading. */
function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
