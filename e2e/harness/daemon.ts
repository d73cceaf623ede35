/** A real daemon, started the way a user starts it. */

import { DAEMON_JS } from "./paths.js";
import { Running, until } from "./process.js";

const READY_MS = 20_000;

interface Ready {
  readonly event: "ready";
  readonly dir: string;
  readonly pid: number;
  readonly boot: string;
  readonly gate?: unknown;
  readonly batch?: unknown;
}

export interface Daemon {
  readonly dir: string;
  readonly pid: number;
  readonly boot: string;
  /** Its tcp addresses, if it has any. */
  readonly tcp: { readonly gate: string; readonly batch: string } | null;
  readonly process: Running;
  /** SIGKILL: no farewell, no clean-up, as a crash leaves things. */
  crash(): Promise<void>;
  /** SIGTERM and wait. @returns the exit code */
  stop(): Promise<number | null>;
}

/**
 * @param dir socket directory @param journalDir where the journal goes @param more arguments of `serve`
 * @param command what is run; default: the checkout's daemon
 */
export async function startDaemon(
  dir: string,
  journalDir: string,
  more: readonly string[] = [],
  command: readonly [program: string, ...args: string[]] = [process.execPath, DAEMON_JS],
): Promise<Daemon> {
  const [program, ...first] = command;
  const process_ = new Running(program, [...first, "serve", "--dir", dir, "--journal-dir", journalDir, ...more]);
  const ready = await until("daemon ready", () => readyLine(process_.stdout), {
    timeout_ms: READY_MS,
    every_ms: 20,
    running: process_,
  });
  return {
    dir: ready.dir,
    pid: ready.pid,
    boot: ready.boot,
    tcp: tcpOf(ready),
    process: process_,
    async crash() {
      process_.signal("SIGKILL");
      await process_.finished(READY_MS);
    },
    async stop() {
      return (await process_.stop("SIGTERM")).code;
    },
  };
}

function tcpOf({ gate, batch }: Ready): Daemon["tcp"] {
  return typeof gate === "string" && typeof batch === "string" ? { gate, batch } : null;
}

function readyLine(stdout: string): Ready | undefined {
  const line = stdout.split("\n").find((text) => text.includes('"ready"'));
  if (line === undefined) return undefined;
  const ready: unknown = JSON.parse(line);
  return isReady(ready) ? ready : undefined;
}

function isReady(value: unknown): value is Ready {
  return (
    typeof value === "object" &&
    value !== null &&
    "event" in value &&
    value.event === "ready" &&
    "dir" in value &&
    typeof value.dir === "string" &&
    "pid" in value &&
    typeof value.pid === "number" &&
    "boot" in value &&
    typeof value.boot === "string"
  );
}
