#!/usr/bin/env node
/**
 * `npm run package:npm`: the npm packages as tarballs, in dist-npm: `talebridge`, and the engine for this platform or, with `-- --glibc 2.28 --arch x64,arm64`,
 * for others; `--twice` as for the wheels. The last line of stdout is one JSON object. Exit codes: 0 done, 1 failed, 2 usage.
 */

import { requirePrerequisites } from "./lib/prerequisites.mjs";

const python = requirePrerequisites({ forTests: false });

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`\n${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}

async function main() {
  const { packageOptions } = await import("./lib/package-options.mjs");
  const options = packageOptions("npm run package:npm", "dist-npm");
  if (options === null) return 2;
  const { portablePackages } = await import("./lib/twice.mjs");
  return portablePackages("npm", options, () => build(options));
}

/** @param {import("./lib/package-options.mjs").PackageOptions} options */
async function build(options) {
  const { emptyFolder } = await import("./lib/stage.mjs");
  const { packDaemon, packEngine } = await import("./lib/npm-packages.mjs");
  const { engines } = await import("./lib/portable.mjs");
  const { step } = await import("./lib/progress.mjs");
  emptyFolder(options.out);
  await step("npm package", async () => {
    await packDaemon(options.out);
    return "packed";
  });
  for (const engine of await engines(options, python))
    await step(`npm package of the engine for ${engine.arch}`, async () => {
      await packEngine(options.out, engine);
      return "packed";
    });
}
