/** The script and the style sheet that every report inlines, and the policy that lets nothing else run. */
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";

export interface Assets {
  readonly style: string;
  readonly script: string;
}

/** @throws Error when they were not built */
export function readAssets(): Assets {
  const script = asset("report.js");
  if (/<\/script|<!--/i.test(script)) throw new Error("the report's script would end its own element");
  return { style: asset("report.css"), script };
}

/** Only this style sheet and this script; nothing is loaded from, or sent to, anywhere. */
export function policy({ style, script }: Assets): string {
  const hash = (text: string): string => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
  return `default-src 'none'; style-src ${hash(style)}; script-src ${hash(script)}; base-uri 'none'; form-action 'none'`;
}

/** The same place from the sources and from what is built of them. */
function asset(name: string): string {
  const file = new URL(`../../../dist/assets/${name}`, import.meta.url);
  if (!existsSync(file)) throw new Error(`${name} of the report is not there: run \`npm run build\``);
  return readFileSync(file, "utf8");
}
