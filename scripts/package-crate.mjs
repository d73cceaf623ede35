#!/usr/bin/env node
/**
 * `npm run package:crate`: the engine as a plain Rust library, in dist-crate; cargo compiles what it has packed. `-- --twice` packs two times and holds the
 * bytes equal. The last line of stdout is one JSON object. Exit codes: 0 done, 1 failed, 2 usage.
 */

import { cpSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { runLogged } from "./lib/exec.mjs";
import { LOGS, ROOT } from "./lib/paths.mjs";
import { step } from "./lib/progress.mjs";
import { emptyFolder } from "./lib/stage.mjs";
import { artefacts, report } from "./lib/twice.mjs";

const PACKED = join(ROOT, "target", "package");
const CRATE = "talebridge-engine";

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`\n${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}

async function main() {
  const { values } = parseArgs({ options: { twice: { type: "boolean" }, out: { type: "string" } }, strict: false });
  const { twice = false, out = "dist-crate", ...unknown } = values;
  if (typeof twice !== "boolean" || typeof out !== "string" || Object.keys(unknown).length > 0) {
    process.stderr.write("usage: npm run package:crate -- [--twice] [--out DIR]\n");
    return 2;
  }
  return report("crate", await artefacts(out, { twice, build: () => build(out) }));
}

/** @param {string} out */
async function build(out) {
  emptyFolder(out);
  rmSync(PACKED, { recursive: true, force: true });
  await step("crate", async () => {
    await runLogged("cargo", ["package", "--locked", "-p", CRATE], { logFile: join(LOGS, "cargo-package.log") });
    return "packed and compiled";
  });
  for (const name of readdirSync(PACKED).filter((file) => file.endsWith(".crate")))
    cpSync(join(PACKED, name), join(out, name));
}
