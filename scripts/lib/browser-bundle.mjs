/** What the pages for a browser have in common: one minified script from TypeScript, and files that are replaced only when they change. */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

/**
 * @param {string} input the script's main file
 * @param {import("rolldown").OutputOptions} options of the output
 * @returns {Promise<string>} the script
 * @throws {Error} when it would be more than one file
 */
export async function bundleScript(input, options) {
  // Imported only here: this module is loaded before the packages of a fresh clone are installed.
  const { rolldown } = await import("rolldown");
  const build = await rolldown({
    input,
    platform: "browser",
    resolve: { extensionAlias: { ".js": [".ts", ".js"] } },
    tsconfig: false,
  });
  try {
    const { output } = await build.generate({ ...options, minify: true });
    const [chunk, ...others] = output;
    if (others.length > 0) throw new Error(`the script of ${input} must be one file`);
    return chunk.code;
  } finally {
    await build.close();
  }
}

/**
 * @param {string} file
 * @param {Buffer} content
 * @returns {boolean} whether it was another before
 */
export function writeIfNew(file, content) {
  if (existsSync(file) && readFileSync(file).equals(content)) return false;
  mkdirSync(dirname(file), { recursive: true });
  // Beside its place first: who reads it meanwhile finds a whole file.
  writeFileSync(`${file}.new`, content);
  renameSync(`${file}.new`, file);
  return true;
}
