/** What the packaging commands are told, checked. */

import { parseArgs } from "node:util";

/** @typedef {import("./stage.mjs").Arch} Arch */
/** @typedef {{ archs: readonly Arch[], glibc: string | undefined, out: string, twice: boolean }} PackageOptions glibc undefined: this machine's */

/**
 * @param {string} command as a person types it
 * @param {string} out default folder
 * @param {readonly string[]} [argv]
 * @returns {PackageOptions | null} null after the reason has been written to stderr
 */
export function packageOptions(command, out, argv = process.argv.slice(2)) {
  const usage = `usage: ${command} -- [--glibc MAJOR.MINOR] [--arch x64|arm64|x64,arm64] [--twice] [--out DIR]`;
  /** @param {string} problem */
  const refuse = (problem) => {
    process.stderr.write(`${problem}\n${usage}\n`);
    return null;
  };
  /** @type {{ glibc?: string, arch?: string, twice?: boolean, out?: string }} */
  let values;
  try {
    ({ values } = parseArgs({
      args: [...argv],
      options: {
        glibc: { type: "string" },
        arch: { type: "string" },
        twice: { type: "boolean" },
        out: { type: "string" },
      },
    }));
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error));
  }
  const { glibc, twice = false } = values;
  const archs = (values.arch ?? process.arch).split(",");
  if (!archs.every((arch) => arch === "x64" || arch === "arm64")) return refuse(`unknown --arch ${archs.join(",")}`);
  if (glibc !== undefined && !/^2\.\d+$/.test(glibc)) return refuse(`--glibc ${glibc} is no version such as 2.28`);
  if (glibc === undefined && archs.some((arch) => arch !== process.arch))
    return refuse("another --arch needs --glibc as well");
  if (glibc === undefined && twice)
    return refuse("--twice needs --glibc as well: the addon built here holds its folder's path");
  return { archs: /** @type {Arch[]} */ (archs), glibc, out: values.out ?? out, twice };
}
