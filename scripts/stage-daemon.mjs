#!/usr/bin/env node
/**
 * The daemon as a folder that runs wherever Node does, for container images: `node scripts/stage-daemon.mjs --addon FILE --out DIR`.
 * Needs the packages of package-lock.json. Exit codes: 0 done, 1 failed, 2 usage.
 */

import { chmodSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { stageDaemon } from "./lib/stage.mjs";

const USAGE = "usage: node scripts/stage-daemon.mjs --addon FILE --out DIR\n";

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}

async function main() {
  const { values } = parseArgs({ options: { addon: { type: "string" }, out: { type: "string" } }, strict: false });
  const { addon, out } = values;
  if (typeof addon !== "string" || typeof out !== "string" || (process.arch !== "x64" && process.arch !== "arm64")) {
    process.stderr.write(USAGE);
    return 2;
  }
  await stageDaemon(resolve(out), { addon: resolve(addon), arch: process.arch });
  chmodSync(join(out, "bridge", "dist", "main.js"), 0o755);
  return 0;
}
