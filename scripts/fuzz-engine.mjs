#!/usr/bin/env node
/**
 * `npm run fuzz:engine [-- --seconds N] [--target NAME]`: libFuzzer with AddressSanitizer over fuzz/fuzz_targets, each target for that long.
 * The last line of stdout is one JSON object; exit code 1 when a target found something, 2 when it cannot run.
 */
import { spawn } from "node:child_process";
import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { ROOT } from "./lib/paths.mjs";

const FUZZ = join(ROOT, "fuzz");
const TARGETS = readdirSync(join(FUZZ, "fuzz_targets"))
  .map((name) => name.replace(/\.rs$/, ""))
  .sort();
const DEFAULT_SECONDS = 600;
const MAX_INPUT_BYTES = 4096;
/** One input may take this long, sanitizer and a loaded machine included. */
const INPUT_LIMIT_S = 60;

/**
 * @param {string} message
 * @returns {never}
 */
function refuse(message) {
  process.stderr.write(`${message}\n`);
  process.exit(2);
}

function options() {
  try {
    const { values } = parseArgs({ options: { seconds: { type: "string" }, target: { type: "string" } } });
    const seconds = Number(values.seconds ?? DEFAULT_SECONDS);
    if (!Number.isInteger(seconds) || seconds < 1)
      refuse(`--seconds ${values.seconds}: a whole number above 0 is wanted`);
    if (values.target !== undefined && !TARGETS.includes(values.target))
      refuse(`--target ${values.target}: there is no such target; take ${TARGETS.join(", ")}`);
    return { seconds, targets: values.target === undefined ? TARGETS : [values.target] };
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error));
  }
}

/**
 * @param {string} target
 * @param {number} seconds
 */
async function fuzz(target, seconds) {
  const corpus = join(FUZZ, "corpus", target);
  mkdirSync(corpus, { recursive: true });
  const libfuzzer = [
    `-max_total_time=${seconds}`,
    `-max_len=${MAX_INPUT_BYTES}`,
    `-timeout=${INPUT_LIMIT_S}`,
    "-rss_limit_mb=2048",
    "-print_final_stats=1",
    ...(target === "params" ? ["-dict=params.dict"] : []),
  ];
  const seeds = join(FUZZ, "seeds", target);
  const args = ["+nightly", "fuzz", "run", target, corpus, seeds, "--", ...libfuzzer];
  const child = spawn("cargo", args, { cwd: FUZZ, stdio: ["ignore", "inherit", "pipe"] });
  let tail = "";
  child.stderr.on("data", (/** @type {Buffer} */ chunk) => {
    process.stderr.write(chunk);
    tail = (tail + chunk.toString("utf8")).slice(-65_536);
  });
  const code = await new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  const last = (/** @type {RegExp} */ pattern) => Number([...tail.matchAll(pattern)].at(-1)?.[1] ?? "NaN");
  return {
    target,
    found: code !== 0,
    executions: last(/stat::number_of_executed_units:\s*(\d+)/g),
    executions_per_s: last(/stat::average_exec_per_sec:\s*(\d+)/g),
    edges: last(/cov: (\d+)/g),
    peak_rss_mb: last(/stat::peak_rss_mb:\s*(\d+)/g),
  };
}

const { seconds, targets } = options();
const results = [];
try {
  for (const target of targets) results.push(await fuzz(target, seconds));
} catch (error) {
  refuse(`cargo could not be started (${error}): docs/development.md says what fuzzing needs`);
}
process.stdout.write(`${JSON.stringify({ campaign: "fuzz:engine", seconds_per_target: seconds, targets: results })}\n`);
process.exitCode = results.some(({ found, executions }) => found || !(executions > 0)) ? 1 : 0;
