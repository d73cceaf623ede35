/** `talebridge serve`: the daemon. Prints one line on stdout once all its sockets are bound; logs go to stderr. */
import { fstatSync } from "node:fs";
import { parseArgs } from "node:util";
import { type Logger, pino } from "pino";
import { resolveDaemon } from "../config/daemon.js";
import { loadEngine } from "../engine/engine.js";
import { type Daemon, startDaemon } from "../server/daemon.js";
import { openLogSink } from "../server/log_sink.js";
import { currentUid, EXIT, listViolations, UsageError } from "./usage.js";

const PARENT_POLL_MS = 500;

export const usage = `talebridge serve [--dir DIR] [--journal-dir DIR] [--config FILE] [--log-level LEVEL] [--private]
  Serves until SIGTERM or SIGINT. --private: ends with the process that started it and continues no earlier journal.`;

export const options = {
  dir: { type: "string" },
  "journal-dir": { type: "string" },
  config: { type: "string" },
  "log-level": { type: "string" },
  private: { type: "boolean" },
} as const;

export async function run(argv: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...argv],
    options,
  });
  const uid = currentUid();
  const args = { ...values, journal_dir: values["journal-dir"], log_level: values["log-level"] };
  const resolution = resolveDaemon(args, process.env, uid);
  if (!resolution.ok) throw new UsageError(`invalid configuration:\n${listViolations(resolution.violations)}`);
  const { config } = resolution;
  const log = pino({ level: config.log_level, base: { pid: process.pid } }, openLogSink());

  const ended = endOfService(config.private);
  const daemon = await startDaemon(config, loadEngine(), log, uid);
  process.on("uncaughtException", (error) => daemon.onUncaught(error));
  process.on("unhandledRejection", (reason) => daemon.onUncaught(reason));
  // Whoever started this may be gone before it reads the line.
  process.stdout.on("error", () => undefined);
  const ready = { event: "ready", dir: config.dir, pid: process.pid, boot: daemon.boot, ...daemon.endpoints };
  process.stdout.write(`${JSON.stringify(ready)}\n`);
  log.info({ dir: config.dir, journal_dir: config.journal_dir, private: config.private }, "serving");
  await shutDown(daemon, await ended, log);
  // Watched while private: an open pipe would keep this process alive for as long as anyone holds its other end.
  if (config.private) process.stdin.destroy();
  return EXIT.ok;
}

async function shutDown(daemon: Daemon, why: string, log: Logger): Promise<void> {
  log.info({ why }, "stopping");
  await daemon.stop(why);
}

/** Resolves with the reason to stop. Listens from the start, so that a signal during start-up is not lost. */
function endOfService(is_private: boolean): Promise<string> {
  return new Promise((resolve) => {
    process.once("SIGTERM", () => resolve("SIGTERM"));
    process.once("SIGINT", () => resolve("SIGINT"));
    if (!is_private) return;
    const parent = process.ppid;
    setInterval(() => {
      if (process.ppid !== parent) resolve("the parent process ended");
    }, PARENT_POLL_MS).unref();
    if (!stdinIsHeldByParent()) return;
    process.stdin.on("end", () => resolve("stdin was closed"));
    process.stdin.on("error", () => resolve("stdin failed"));
    process.stdin.resume();
  });
}

/** A pipe or socket ends when the parent does; /dev/null or a file is at its end at once and says nothing. */
function stdinIsHeldByParent(): boolean {
  try {
    const stat = fstatSync(0);
    return stat.isFIFO() || stat.isSocket();
  } catch {
    return false;
  }
}
