/** What a shared library asks of the C library it is loaded beside. */

import { readFileSync } from "node:fs";

const GLIBC = /GLIBC_(\d+)\.(\d+)(?:\.\d+)?\0/g;

/**
 * The newest symbol version of glibc that any of the files names. Read from the files' string tables, so a version that is only mentioned counts, too:
 * the answer is never too low.
 * @param {readonly string[]} files ELF shared libraries
 * @returns {{ major: number, minor: number }}
 * @throws {Error} when none of them names any: not a library for glibc
 */
export function glibcFloor(files) {
  let floor = { major: 0, minor: 0 };
  for (const file of files)
    for (const [, major, minor] of readFileSync(file).toString("latin1").matchAll(GLIBC)) {
      const version = { major: Number(major), minor: Number(minor) };
      if (version.major > floor.major || (version.major === floor.major && version.minor > floor.minor))
        floor = version;
    }
  if (floor.major === 0) throw new Error(`no glibc version in ${files.join(", ")}`);
  return floor;
}
