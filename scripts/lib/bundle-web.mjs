/** Makes the files of the daemon's web page: one script, beside the page and its styles as they are. */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./paths.mjs";

const SOURCE = join(ROOT, "bridge", "assets", "web");
const COPIED = ["index.html", "page.css", "icon.svg"];

/**
 * @param {string} [dist] the compiled daemon's folder
 * @returns {Promise<boolean>} whether anything came out differently
 */
export async function bundleWeb(dist = join(ROOT, "bridge", "dist")) {
  const target = join(dist, "assets", "web");
  mkdirSync(target, { recursive: true });
  const changed = COPIED.map((name) => writeIfNew(join(target, name), readFileSync(join(SOURCE, name))));
  changed.push(writeIfNew(join(target, "page.js"), Buffer.from(await bundle())));
  return changed.includes(true);
}

/** @returns {Promise<string>} */
async function bundle() {
  // Imported only here: this module is loaded before the packages of a fresh clone are installed.
  const { rolldown } = await import("rolldown");
  const build = await rolldown({
    input: join(SOURCE, "main.ts"),
    platform: "browser",
    resolve: { extensionAlias: { ".js": [".ts", ".js"] } },
    tsconfig: false,
  });
  try {
    const { output } = await build.generate({ format: "esm", minify: true });
    const [chunk, ...others] = output;
    if (others.length > 0) throw new Error("the page's script must be one file");
    return chunk.code;
  } finally {
    await build.close();
  }
}

/**
 * @param {string} file
 * @param {Buffer} content
 */
function writeIfNew(file, content) {
  if (existsSync(file) && readFileSync(file).equals(content)) return false;
  // Beside its place first: a daemon that starts meanwhile finds a whole file.
  writeFileSync(`${file}.new`, content);
  renameSync(`${file}.new`, file);
  return true;
}
