/** Finds an installed Chromium; none is ever downloaded. */
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/** Without these a browser in a container does not start, or shades fonts differently from run to run. */
export const CHROMIUM_ARGS = ["--no-sandbox", "--disable-gpu", "--font-render-hinting=none"];

/** @returns {string | null} path of the one in CHROMIUM, or the first in PATH; null when there is none */
export function findChromium(environment = process.env) {
  const named = environment.CHROMIUM;
  if (named !== undefined && named !== "") return existsSync(named) ? named : null;
  const folders = (environment.PATH ?? "").split(delimiter).filter((folder) => folder !== "");
  const candidates = folders.flatMap((folder) => NAMES.map((name) => join(folder, name)));
  return candidates.find((file) => existsSync(file)) ?? null;
}
