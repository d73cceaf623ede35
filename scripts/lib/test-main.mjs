/** Runs the suites, keeps going after a failure, and says what came of each. */

import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { readIfThere, runAnyway, stopChildrenOnSignal, tail } from "./exec.mjs";
import { CACHE, LOGS } from "./paths.mjs";
import { buildFaults, fail, prepare } from "./prepare.mjs";
import { elapsedSeconds, formatSeconds, say, step } from "./progress.mjs";
import { suiteTable, total, totalLine } from "./suites.mjs";
import { LAST_LANE, readTestOptions, suites, USAGE } from "./test-plan.mjs";

const RESULTS = join(CACHE, "results");
const SHOWN_LINES = 120;

/** @typedef {import("./test-plan.mjs").Suite} Suite */
/** @typedef {import("./suites.mjs").SuiteResult} SuiteResult */

/**
 * @param {readonly string[]} args
 * @param {string} python interpreter to make .venv with
 */
export async function main(args, python) {
  const options = readTestOptions(args);
  if ("error" in options) {
    process.stderr.write(`${options.error}\n\n${USAGE}`);
    process.exitCode = 2;
    return;
  }
  stopChildrenOnSignal();
  await prepare(python).catch(fail);
  if (options.groups.includes("ts")) await buildFaults().catch(fail);
  rmSync(RESULTS, { recursive: true, force: true });
  mkdirSync(RESULTS, { recursive: true });
  const wanted = suites(RESULTS).filter(({ group }) => options.groups.includes(group));
  /** @param {(suite: Suite) => boolean} which */
  const lane = async (which) => {
    /** @type {SuiteResult[]} */
    const results = [];
    for (const suite of wanted.filter(which)) results.push(await runSuite(suite));
    return results;
  };
  const beside = await Promise.all([0, 1].map((number) => lane((suite) => suite.lane === number)));
  // These start real bots with deadlines of their own; they get the machine to themselves.
  const alone = await lane((suite) => suite.lane === LAST_LANE);
  report([...beside.flat(), ...alone]);
}

/**
 * @param {Suite} suite
 * @returns {Promise<SuiteResult>}
 */
async function runSuite(suite) {
  const began = performance.now();
  const logFile = join(LOGS, `test-${suite.name.replace(/\W+/g, "-")}.log`);
  const { counts, output } = await step(suite.name, async () => {
    const ran = await runAnyway(suite.command, suite.args, {
      logFile,
      // FORCE_COLOR, whatever its value, makes freqtrade's tables bold.
      env: { NO_COLOR: "1", CARGO_TERM_COLOR: "never", FORCE_COLOR: undefined },
      ...(suite.cwd === undefined ? {} : { cwd: suite.cwd }),
    });
    const counted = countSuite(suite, ran);
    return { counts: counted, output: ran.output, outcome: totalLine(counted) };
  });
  return { name: suite.name, counts, seconds: (performance.now() - began) / 1000, output };
}

/**
 * A tool that fails without a failed test (it did not compile, crashed, found nothing to run) is one failure.
 * @param {Suite} suite
 * @param {{ code: number, output: string }} ran
 */
function countSuite(suite, ran) {
  const failed = ran.code === 0 ? 0 : 1;
  if (suite.count === undefined) return { passed: 1 - failed, failed, skipped: 0 };
  const text = suite.count.file === undefined ? ran.output : readIfThere(suite.count.file);
  const counts = text === null ? { passed: 0, failed: 0, skipped: 0 } : suite.count.read(text);
  const nothing = counts.passed + counts.failed + counts.skipped === 0 ? 1 : 0;
  return { ...counts, failed: Math.max(counts.failed, failed, nothing) };
}

/** @param {readonly SuiteResult[]} results */
function report(results) {
  for (const { name, counts, output } of results) {
    if (counts.failed > 0) process.stdout.write(`\n──── ${name} ────\n${tail(output ?? "", SHOWN_LINES)}\n`);
  }
  const sum = total(results);
  say(`all in ${formatSeconds(elapsedSeconds())}`);
  process.stdout.write(`\n${suiteTable(results)}\n\n${totalLine(sum)}\n`);
  process.exitCode = sum.failed > 0 ? 1 : 0;
}
