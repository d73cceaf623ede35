/** Child processes of a demo run, each in its own process group, so that stopping one stops what it started too. */

import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";

const GRACE_MS = 5_000;
const TAIL_LINES = 30;

export interface Spawned {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd?: string;
  readonly env: NodeJS.ProcessEnv;
  /** stdout and stderr go here. */
  readonly log: string;
}

/** A program that failed; the message holds the end of its log. */
export class ProgramFailed extends Error {
  override readonly name = "ProgramFailed";
  constructor(what: string, outcome: string, log: string) {
    super(`${what} ${outcome}. The end of ${log}:\n\n${tail(log)}`);
  }
}

function tail(file: string): string {
  return readFileSync(file, "utf8").trimEnd().split("\n").slice(-TAIL_LINES).join("\n");
}

/** All processes of a run. */
export class Processes {
  private readonly running = new Set<ChildProcess>();
  private stopping = false;

  /** Runs a program to its end. @throws ProgramFailed when its exit code is not 0 */
  async run(what: string, program: Spawned): Promise<void> {
    const log = openSync(program.log, "w");
    try {
      const child = this.start(program, ["ignore", log, log]);
      const outcome = await ended(child);
      if (outcome !== "exit code 0") throw new ProgramFailed(what, `ended with ${outcome}`, program.log);
    } finally {
      closeSync(log);
    }
  }

  /**
   * Starts a service and waits for its first line on stdout.
   * @returns that line and a way to stop it
   * @throws ProgramFailed when it ends before
   */
  async serve(
    what: string,
    program: Spawned,
    timeout_ms: number,
  ): Promise<{ line: string; stop: () => Promise<void> }> {
    const log = openSync(program.log, "w");
    // Its stdin stays open as long as this process lives, which is how it learns that this process died.
    const child = this.start(program, ["pipe", "pipe", log]);
    closeSync(log);
    const line = await firstLine(child, timeout_ms);
    if (line === null) {
      await stop(child);
      throw new ProgramFailed(what, "did not become ready", program.log);
    }
    return { line, stop: () => stop(child) };
  }

  /** Stops everything that still runs. Nothing can be started afterwards. */
  async stopAll(): Promise<void> {
    this.stopping = true;
    await Promise.all([...this.running].map(stop));
  }

  private start(program: Spawned, stdio: ("ignore" | "pipe" | number)[]): ChildProcess {
    if (this.stopping) throw new Error("stopped");
    const child = spawn(program.command, [...program.args], {
      ...(program.cwd === undefined ? {} : { cwd: program.cwd }),
      env: program.env,
      stdio,
      detached: true,
    });
    this.running.add(child);
    child.once("close", () => this.running.delete(child));
    child.once("error", () => this.running.delete(child));
    return child;
  }
}

function ended(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => resolve(signal === null ? `exit code ${code}` : `signal ${signal}`));
  });
}

function firstLine(child: ChildProcess, timeout_ms: number): Promise<string | null> {
  return new Promise((resolve, reject) => {
    let text = "";
    const timer = setTimeout(() => resolve(null), timeout_ms);
    const settle = (line: string | null): void => {
      clearTimeout(timer);
      resolve(line);
    };
    child.once("error", reject);
    child.once("close", () => settle(null));
    child.stdout?.on("data", (chunk: Buffer) => {
      text += chunk.toString("utf8");
      const end = text.indexOf("\n");
      if (end >= 0) settle(text.slice(0, end));
    });
  });
}

/** Closes its stdin and sends SIGTERM to the group, SIGKILL after a while. */
async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const end = ended(child).catch(() => "not started");
  child.stdin?.end();
  signalGroup(child, "SIGTERM");
  const timer = setTimeout(() => signalGroup(child, "SIGKILL"), GRACE_MS);
  await end;
  clearTimeout(timer);
}

function signalGroup(child: ChildProcess, signal: "SIGTERM" | "SIGKILL"): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}
