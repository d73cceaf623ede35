/**
 * A directory, with all those above it. Not by mkdir's own `recursive`: where a file system says that a parent is missing which is there, as /proc does,
 * Node asks it for ever.
 */
import { existsSync, mkdirSync, statSync } from "node:fs";
import { dirname } from "node:path";

/** @param mode of each that is made @returns whether it was made @throws the system's error */
export function makeDirectory(dir: string, mode = 0o777): boolean {
  try {
    mkdirSync(dir, { mode });
    return true;
  } catch (error) {
    const code: unknown = Object(error).code;
    if (code === "EEXIST" && statSync(dir).isDirectory()) return false;
    const parent = dirname(dir);
    if (code !== "ENOENT" || existsSync(parent)) throw error;
    makeDirectory(parent, mode);
    return makeDirectory(dir, mode);
  }
}
