/** The demo's way from the command line to exit code: options first, then set-up, then the run. */

import { readDemoOptions, USAGE, UsageError } from "./demo-options.mjs";
import { onStop, stopChildrenOnSignal } from "./exec.mjs";
import { prepare } from "./prepare.mjs";
import { elapsedSeconds, say, step } from "./progress.mjs";

/**
 * @param {readonly string[]} args
 * @param {string} python interpreter to make .venv with
 */
export async function main(args, python) {
  try {
    // npm runs scripts in the package's folder; INIT_CWD is where the user is.
    const options = readDemoOptions(args, process.env.INIT_CWD ?? process.cwd());
    if (options === null) {
      process.stdout.write(USAGE);
      return;
    }
    stopChildrenOnSignal();
    await prepare(python);
    const setup_seconds = elapsedSeconds();
    const { runDemo } = await import("../../demo/dist/run.js");
    process.stdout.write(await runDemo(options, { progress: { say, step }, onStop, setup_seconds, elapsedSeconds }));
  } catch (error) {
    const usage = error instanceof UsageError;
    const refused = error instanceof Error && error.name === "CannotRun";
    process.stderr.write(`\n${error instanceof Error ? error.message : String(error)}\n`);
    if (usage) process.stderr.write(`\n${USAGE}`);
    process.exitCode = usage || refused ? 2 : 1;
  }
}
