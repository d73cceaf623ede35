/** Makes the files of the daemon's web page: one script, beside the page and its styles as they are. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { bundleScript, writeIfNew } from "./browser-bundle.mjs";
import { ROOT } from "./paths.mjs";

const SOURCE = join(ROOT, "bridge", "assets", "web");
const COPIED = ["index.html", "page.css", "icon.svg"];

/**
 * @param {string} [dist] the compiled daemon's folder
 * @returns {Promise<boolean>} whether anything came out differently
 */
export async function bundleWeb(dist = join(ROOT, "bridge", "dist")) {
  const target = join(dist, "assets", "web");
  const changed = COPIED.map((name) => writeIfNew(join(target, name), readFileSync(join(SOURCE, name))));
  const script = await bundleScript(join(SOURCE, "main.ts"), { format: "esm" });
  changed.push(writeIfNew(join(target, "page.js"), Buffer.from(script)));
  return changed.includes(true);
}
