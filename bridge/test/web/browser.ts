/** A real browser, where there is one. */
import { type Browser, chromium } from "playwright-core";
import { CHROMIUM_ARGS, findChromium } from "../../../scripts/lib/chromium.mjs";

const PATH = findChromium();

export const HAS_BROWSER = PATH !== null;

export function launchBrowser(): Promise<Browser> {
  if (PATH === null) throw new Error("no Chromium");
  return chromium.launch({ executablePath: PATH, args: CHROMIUM_ARGS });
}
