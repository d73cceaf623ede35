/** A real daemon of the compiled bridge in a process of its own. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { ROOT } from "../../scripts/lib/paths.mjs";

export const MAIN = join(ROOT, "bridge", "dist", "main.js");
/** Generous: a campaign may run on a machine that is busy with other things. */
const READY_MS = 180_000;

/**
 * @typedef {object} DaemonOptions
 * @property {string} dir
 * @property {string} journal
 * @property {object} [config] written to a file for --config
 * @property {string} [config_file] for --config
 * @property {string} [log] file for stderr; otherwise this process's
 * @property {string} [log_level]
 * @property {readonly string[]} [node] options of node itself
 * @property {Record<string, string>} [env]
 * @property {readonly string[]} [wrapper] command the daemon is run by, such as prlimit
 * @property {number} [uid]
 */

export class Daemon {
  /** @param {import("node:child_process").ChildProcess} child @param {string} boot */
  constructor(child, boot) {
    this.child = child;
    this.boot = boot;
    this.pid = child.pid ?? 0;
  }

  /** @param {DaemonOptions} options */
  static async start(options) {
    if (!existsSync(MAIN)) throw new Error("the daemon is not built: npm run build");
    const serve = [
      MAIN,
      "serve",
      "--dir",
      options.dir,
      "--journal-dir",
      options.journal,
      "--log-level",
      options.log_level ?? "error",
    ];
    if (options.config_file !== undefined) serve.push("--config", options.config_file);
    if (options.config !== undefined) {
      const path = join(options.dir, "daemon.json");
      writeFileSync(path, JSON.stringify(options.config));
      serve.push("--config", path);
    }
    const command = [...(options.wrapper ?? []), process.execPath, ...(options.node ?? []), ...serve];
    const [program, ...args] = command;
    if (program === undefined) throw new Error("no program");
    const child = spawn(program, args, {
      stdio: ["ignore", "pipe", options.log === undefined ? "inherit" : openSync(options.log, "a")],
      env: { ...process.env, ...options.env },
      ...(options.uid === undefined ? {} : { uid: options.uid }),
    });
    const timer = setTimeout(() => child.kill("SIGKILL"), READY_MS);
    try {
      if (child.stdout === null) throw new Error("no stdout");
      for await (const line of createInterface({ input: child.stdout })) {
        const ready = JSON.parse(line);
        child.stdout.resume();
        // A wrapper may have become the daemon or may have started it.
        const daemon = new Daemon(child, ready.boot);
        daemon.pid = ready.pid;
        return daemon;
      }
    } finally {
      clearTimeout(timer);
    }
    throw new Error(`the daemon ended with ${child.exitCode ?? child.signalCode} before it was ready`);
  }

  get alive() {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  /** @param {NodeJS.Signals} signal */
  signal(signal) {
    process.kill(this.pid, signal);
  }

  /** Sends a signal and waits for the end. @param {NodeJS.Signals} signal */
  async end(signal) {
    if (!this.alive) return;
    const ended = once(this.child, "exit");
    this.signal(signal);
    await ended;
  }

  /** Resident memory in MB. */
  rssMb() {
    const [, kib] = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${this.pid}/status`, "utf8")) ?? [];
    return Number(kib) / 1024;
  }
}
