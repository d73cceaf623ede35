/** The page's own files, read once from the package. Nothing else is ever served. */
import { existsSync, readFileSync } from "node:fs";

export interface Asset {
  readonly type: string;
  readonly body: Buffer;
}

const FILES = {
  "/": ["index.html", "text/html; charset=utf-8"],
  "/page.css": ["page.css", "text/css; charset=utf-8"],
  "/page.js": ["page.js", "text/javascript; charset=utf-8"],
  "/icon.svg": ["icon.svg", "image/svg+xml"],
} as const;

/** Files by path. @throws Error when the package lacks one */
export function readAssets(): ReadonlyMap<string, Asset> {
  // Beside the compiled daemon, from its sources as well as from what was compiled of them.
  const folder = new URL("../../dist/assets/web/", import.meta.url);
  const found = new Map<string, Asset>();
  for (const [path, [name, type]] of Object.entries(FILES)) {
    const file = new URL(name, folder);
    if (!existsSync(file)) throw new Error(`the page's ${name} is missing: npm run build`);
    found.set(path, { type, body: readFileSync(file) });
  }
  return found;
}
