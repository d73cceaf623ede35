/** Set-up and build in order, under one lock. */

import { join } from "node:path";
import { buildEngine, buildFaultyEngine, buildTypeScript } from "./compile.mjs";
import { withLock } from "./lock.mjs";
import { CACHE } from "./paths.mjs";
import { say, step } from "./progress.mjs";
import { installNodeModules, installShim, installVenv } from "./provision.mjs";

/** @param {() => Promise<void>} work */
function exclusively(work) {
  return withLock(join(CACHE, "setup.lock"), (pid) => say(`another set-up (process ${pid}) is running; waiting`), work);
}

async function buildSteps() {
  await step("engine", buildEngine);
  await step("daemon", buildTypeScript);
}

/**
 * Everything a run needs: packages, virtual environment, shim, addon, daemon.
 * @param {string} python interpreter to make .venv with
 */
export function prepare(python) {
  return exclusively(async () => {
    await step("node packages", installNodeModules);
    await step("Python environment", () => installVenv(python));
    await step("shim", installShim);
    await buildSteps();
  });
}

/** Addon and daemon only; the packages have to be installed. */
export function build() {
  return exclusively(buildSteps);
}

/** The addon with injected faults, for tests and campaigns. */
export function buildFaults() {
  return exclusively(async () => {
    await step("engine with faults", buildFaultyEngine);
  });
}

/**
 * Ends the process after an error, showing what a person can use.
 * @param {unknown} error
 * @returns {never}
 */
export function fail(error) {
  process.stderr.write(`\n${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
