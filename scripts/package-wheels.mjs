#!/usr/bin/env node
/**
 * `npm run package:wheels`: the Python packages, in dist-wheels. By default the addon built here, for this machine's glibc and above;
 * `-- --glibc 2.28` links one for any glibc from that on, `--arch arm64` (or `x64,arm64`) for another machine, `--twice` builds everything two times
 * and holds the bytes equal. The last line of stdout is one JSON object. Exit codes: 0 done, 1 failed, 2 usage.
 */

import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { requirePrerequisites } from "./lib/prerequisites.mjs";

/** @typedef {import("./lib/package-options.mjs").PackageOptions} PackageOptions */

const python = requirePrerequisites({ forTests: false });

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`\n${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}

async function main() {
  const { packageOptions } = await import("./lib/package-options.mjs");
  const options = packageOptions("npm run package:wheels", "dist-wheels");
  if (options === null) return 2;
  const first = await build(options);
  if (!options.twice) return report(first, {});
  const { forgetPortable } = await import("./lib/portable.mjs");
  forgetPortable();
  const second = await build(options);
  const reproducible = JSON.stringify(first) === JSON.stringify(second);
  report(second, { reproducible });
  return reproducible ? 0 : 1;
}

/** @param {PackageOptions} options */
async function build(options) {
  const { emptyFolder } = await import("./lib/stage.mjs");
  const { buildWheels } = await import("./lib/wheels.mjs");
  const { engines } = await import("./lib/portable.mjs");
  const { step } = await import("./lib/progress.mjs");
  const { out } = options;
  emptyFolder(out);
  for (const engine of await engines(options, python))
    await step(`wheels for ${engine.arch}`, async () => (await buildWheels(out, engine)).platform);
  return readdirSync(out)
    .sort()
    .map((file) => ({ file, bytes: statSync(join(out, file)).size, sha256: sha256(join(out, file)) }));
}

/** @param {string} file */
function sha256(file) {
  return createHash("sha256").update(readFileSync(file)).digest("hex");
}

/** @param {readonly { file: string, bytes: number, sha256: string }[]} wheels @param {object} more */
function report(wheels, more) {
  for (const { file, bytes, sha256: hash } of wheels) process.stdout.write(`${hash}  ${file}  ${bytes} bytes\n`);
  process.stdout.write(`${JSON.stringify({ packages: "wheels", wheels, ...more })}\n`);
  return 0;
}
