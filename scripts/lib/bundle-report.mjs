/** Makes the report's one script and one style sheet, which every report inlines. */
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { bundleScript, writeIfNew } from "./browser-bundle.mjs";
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
  const script = await bundleScript(join(SOURCE, "main.ts"), { format: "iife", comments: { legal: false } });
  const scriptWritten = writeIfNew(join(target, "report.js"), Buffer.from(`${NOTICE}\n${script}`));
  const styleWritten = writeIfNew(join(target, "report.css"), Buffer.from(styles()));
  return scriptWritten || styleWritten;
}

/** uPlot's own styles, then ours in the order of their names. */
function styles() {
  const resolve = createRequire(import.meta.url).resolve;
  const own = readdirSync(join(SOURCE, "style")).sort();
  const files = [resolve("uplot/dist/uPlot.min.css"), ...own.map((name) => join(SOURCE, "style", name))];
  return files.map((file) => readFileSync(file, "utf8").trim()).join("\n");
}
