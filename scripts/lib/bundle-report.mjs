/** Makes the report's one script and one style sheet, which every report inlines. */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { ROOT } from "./paths.mjs";

const SOURCE = join(ROOT, "bridge", "assets", "report");
const TARGET = join(ROOT, "bridge", "dist", "assets");
/** MIT asks for its notice in every copy; the minified code has lost it. */
const NOTICE = "/*! Charts: uPlot, https://github.com/leeoniya/uPlot, (c) Leon Sorokin, MIT licence */";

/**
 * @param {string} [target] folder to write to
 * @returns {Promise<boolean>} whether anything came out differently
 */
export async function bundleReport(target = TARGET) {
  const script = `${NOTICE}\n${await bundle()}`;
  const scriptWritten = writeIfNew(target, "report.js", script);
  const styleWritten = writeIfNew(target, "report.css", styles());
  return scriptWritten || styleWritten;
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
    const { output } = await build.generate({ format: "iife", minify: true, comments: { legal: false } });
    const [chunk, ...others] = output;
    if (others.length > 0) throw new Error("the report's script must be one file");
    return chunk.code;
  } finally {
    await build.close();
  }
}

/** uPlot's own styles, then ours in the order of their names. */
function styles() {
  const resolve = createRequire(import.meta.url).resolve;
  const own = readdirSync(join(SOURCE, "style")).sort();
  const files = [resolve("uplot/dist/uPlot.min.css"), ...own.map((name) => join(SOURCE, "style", name))];
  return files.map((file) => readFileSync(file, "utf8").trim()).join("\n");
}

/**
 * @param {string} folder
 * @param {string} name
 * @param {string} text
 */
function writeIfNew(folder, name, text) {
  const file = join(folder, name);
  if (existsSync(file) && readFileSync(file, "utf8") === text) return false;
  mkdirSync(folder, { recursive: true });
  // Beside its place first: a replay that starts meanwhile finds a whole file.
  writeFileSync(`${file}.new`, text);
  renameSync(`${file}.new`, file);
  return true;
}
