/** Name and version of this daemon, as told to clients. */
import { createRequire } from "node:module";

const manifest: unknown = createRequire(import.meta.url)("../../package.json");

export const VERSION: string = String(Object(manifest).version);
export const SERVER = `talebridge/${VERSION}`;
