/** Runs programs with their output in a log file, and stops them when this process is stopped. */

import { spawn } from "node:child_process";
import { createWriteStream, mkdirSync, readFileSync } from "node:fs";
import { constants } from "node:os";
import { dirname, relative } from "node:path";
import { ROOT } from "./paths.mjs";

const TAIL_LINES = 40;
const KILL_AFTER_MS = 8000;

/** @type {Set<import("node:child_process").ChildProcess>} */
const children = new Set();
/** @type {Set<() => Promise<void>>} */
const cleanUps = new Set();
let stopping = false;

/**
 * Has something done before this process ends on a signal.
 * @param {() => Promise<void>} cleanUp
 * @returns {() => void} takes it back
 */
export function onStop(cleanUp) {
  cleanUps.add(cleanUp);
  return () => {
    cleanUps.delete(cleanUp);
  };
}

/** @param {import("node:child_process").ChildProcess} child */
function ended(child) {
  return new Promise((resolve) => child.once("exit", resolve));
}

/** Ends all children, then this process, on SIGINT, SIGTERM and SIGHUP; a second signal ends it at once. Call once from an entry script. */
export function stopChildrenOnSignal() {
  for (const signal of /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"])) {
    process.on(signal, () => {
      const code = 128 + constants.signals[signal];
      if (stopping) process.exit(code);
      stopping = true;
      process.stderr.write(`\n${signal}: stopping\n`);
      const work = [...children].map((child) => {
        child.kill(signal);
        return ended(child);
      });
      setTimeout(() => {
        for (const child of children) child.kill("SIGKILL");
        process.exit(code);
      }, KILL_AFTER_MS);
      Promise.allSettled([...work, ...[...cleanUps].map((cleanUp) => cleanUp())]).then(() => process.exit(code));
    });
  }
}

/** A program that failed: the message holds the command and the end of its output. */
export class CommandFailed extends Error {
  /**
   * @param {string} command
   * @param {string} outcome
   * @param {string} output
   * @param {string} logFile
   */
  constructor(command, outcome, output, logFile) {
    super(`${command}\n${tail(output)}\n${outcome}; full log: ${relative(process.cwd(), logFile)}`);
    this.name = "CommandFailed";
    this.output = output;
  }
}

/**
 * @param {string} text
 * @param {number} [lines]
 * @returns {string} the last lines of a text, without trailing blank ones
 */
export function tail(text, lines = TAIL_LINES) {
  return text.trimEnd().split("\n").slice(-lines).join("\n");
}

/**
 * @typedef {object} RunOptions
 * @property {string} logFile receives stdout and stderr as they come
 * @property {NodeJS.ProcessEnv} [env] added to this process's environment
 * @property {string} [cwd] default: the checkout's root
 */

/**
 * Runs a program to its end.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {RunOptions} options
 * @returns {Promise<{ code: number, stdout: string, output: string }>} output: stdout and stderr as they came
 */
export function runAnyway(command, args, options) {
  mkdirSync(dirname(options.logFile), { recursive: true });
  const log = createWriteStream(options.logFile);
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: options.cwd ?? ROOT,
      env: { ...process.env, ...options.env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    children.add(child);
    /** @type {Buffer[]} */
    const stdout = [];
    /** @type {Buffer[]} */
    const output = [];
    /** @param {() => void} settle called when the log is on disk */
    const finish = (settle) => {
      children.delete(child);
      log.end(settle);
    };
    child.stdout.on("data", (/** @type {Buffer} */ chunk) => {
      stdout.push(chunk);
      output.push(chunk);
      log.write(chunk);
    });
    child.stderr.on("data", (/** @type {Buffer} */ chunk) => {
      output.push(chunk);
      log.write(chunk);
    });
    child.on("error", (error) => {
      finish(() => reject(new Error(`${command} could not be started: ${error.message}`)));
    });
    child.on("close", (code, signal) => {
      finish(() =>
        resolve({
          code: code ?? 128 + (signal === null ? 0 : constants.signals[signal]),
          stdout: Buffer.concat(stdout).toString("utf8"),
          output: Buffer.concat(output).toString("utf8"),
        }),
      );
    });
  });
}

/**
 * Runs a program that has to succeed.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {RunOptions} options
 * @returns {Promise<{ stdout: string, output: string }>}
 * @throws {CommandFailed}
 */
export async function runLogged(command, args, options) {
  const result = await runAnyway(command, args, options);
  if (result.code !== 0)
    throw new CommandFailed(
      `$ ${[command, ...args].join(" ")}`,
      `exit code ${result.code}`,
      result.output,
      options.logFile,
    );
  return result;
}

/**
 * @param {string} file
 * @returns {string | null} its text, or null when it is not there
 */
export function readIfThere(file) {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    throw error;
  }
}
