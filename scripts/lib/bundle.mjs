/** Puts what the bridge uses of typebox into one file. */
import { readFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./paths.mjs";

const FACADE = join(ROOT, "bridge", "dist", "typebox.js");
const IMPORTS_TYPEBOX = /from ["']typebox/;

/**
 * Replaces the compiled bridge/src/typebox.ts by itself with all it imports.
 * @param {string} [facade] the compiled file
 * @returns {Promise<boolean>} whether there was anything to do
 */
export async function bundleTypebox(facade = FACADE) {
  if (!IMPORTS_TYPEBOX.test(readFileSync(facade, "utf8"))) return false;
  // Imported only here: this module is loaded before the packages of a fresh clone are installed.
  const { rolldown } = await import("rolldown");
  const bundle = await rolldown({ input: facade, platform: "node" });
  try {
    // Beside its place first: a daemon that starts meanwhile finds a whole file.
    const beside = `${facade}.new`;
    await bundle.write({ file: beside, format: "esm" });
    renameSync(beside, facade);
  } finally {
    await bundle.close();
  }
  return true;
}
