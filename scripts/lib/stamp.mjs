/** Remembers what a step was last done with, so that it is done again only when that changes. */

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readIfThere } from "./exec.mjs";

/**
 * @param {readonly string[]} files whose bytes count
 * @param {readonly string[]} extra further strings that count, e.g. versions
 * @returns {string} SHA-256, hex
 */
export function hashInputs(files, extra) {
  const hash = createHash("sha256");
  for (const text of extra) hash.update(`${Buffer.byteLength(text)}:${text}`);
  for (const file of files) {
    const bytes = readFileSync(file);
    hash.update(`${bytes.length}:`).update(bytes);
  }
  return hash.digest("hex");
}

/**
 * @param {string} directory where stamps live
 * @param {string} name of the step
 */
export function stampFor(directory, name) {
  const file = join(directory, `${name}.stamp`);
  return {
    /**
     * @param {string} hash
     * @param {readonly string[]} outputs files the step makes: one that is gone makes the stamp worthless
     * @returns {boolean}
     */
    holds(hash, outputs) {
      return readIfThere(file) === hash && outputs.every((output) => existsSync(output));
    },
    /** Call before the work begins: a step that is interrupted is done again. */
    clear() {
      rmSync(file, { force: true });
    },
    /** @param {string} hash */
    write(hash) {
      mkdirSync(directory, { recursive: true });
      writeFileSync(`${file}.new`, hash);
      renameSync(`${file}.new`, file);
    },
  };
}
