#!/usr/bin/env node
/**
 * `npm run package:wheels`: the Python packages, in dist-wheels. By default the addon built here, for this machine's glibc and above;
 * `-- --glibc 2.28` links one for any glibc from that on, `--arch arm64` (or `x64,arm64`) for another machine, `--twice` builds everything two times
 * and holds the bytes equal. The last line of stdout is one JSON object. Exit codes: 0 done, 1 failed, 2 usage.
 */

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
  const { portablePackages } = await import("./lib/twice.mjs");
  return portablePackages("wheels", options, () => build(options));
}

/** @param {PackageOptions} options */
async function build(options) {
  const { emptyFolder } = await import("./lib/stage.mjs");
  const { buildWheels } = await import("./lib/wheels.mjs");
  const { engines } = await import("./lib/portable.mjs");
  const { step } = await import("./lib/progress.mjs");
  emptyFolder(options.out);
  for (const engine of await engines(options, python))
    await step(`wheels for ${engine.arch}`, async () => (await buildWheels(options.out, engine)).platform);
}
