/** Child processes with a time limit each, killed with everything they started. */

import { type ChildProcess, spawn } from "node:child_process";

/** Output kept per stream; a run that says more keeps its end, which is where errors are. */
const OUTPUT_CHARS = 4_000_000;
const STOP_GRACE_MS = 10_000;

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** The run is killed, with its whole process group, and the promise rejects after this long. */
  readonly timeout_ms: number;
}

export interface Finished {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly wall_ms: number;
}

/** A started program. Its process group is its own, so that {@link Running.kill} reaches what it started. */
export class Running {
  #stdout = "";
  #stderr = "";
  readonly #child: ChildProcess;
  readonly #started = performance.now();
  readonly #done: Promise<Finished>;
  readonly #name: string;

  constructor(program: string, args: readonly string[], options: Omit<RunOptions, "timeout_ms"> = {}) {
    this.#name = [program, ...args].join(" ");
    this.#child = spawn(program, args, {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      this.#stdout = (this.#stdout + text).slice(-OUTPUT_CHARS);
    });
    this.#child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-OUTPUT_CHARS);
    });
    this.#done = new Promise((resolve, reject) => {
      this.#child.once("error", reject);
      this.#child.once("close", (code, signal) =>
        resolve({
          code,
          signal,
          stdout: this.#stdout,
          stderr: this.#stderr,
          wall_ms: performance.now() - this.#started,
        }),
      );
    });
    this.#done.catch(() => undefined);
  }

  get pid(): number {
    const pid = this.#child.pid;
    if (pid === undefined) throw new Error(`${this.#name}: could not be started`);
    return pid;
  }

  get stdout(): string {
    return this.#stdout;
  }

  get stderr(): string {
    return this.#stderr;
  }

  get ended(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** Sends a signal to the process alone. */
  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Kills the process and all it started, at once. */
  kill(): void {
    if (this.#child.pid === undefined) return;
    try {
      process.kill(-this.#child.pid, "SIGKILL");
    } catch (error) {
      if (!isGone(error)) throw error;
    }
  }

  /** SIGINT, as Ctrl-C sends it, then SIGKILL if that is not enough. */
  async stop(signal: NodeJS.Signals = "SIGINT"): Promise<Finished> {
    this.signal(signal);
    const timer = setTimeout(() => this.kill(), STOP_GRACE_MS);
    try {
      return await this.#done;
    } finally {
      clearTimeout(timer);
      this.kill();
    }
  }

  /** @throws when the process has not ended after `timeout_ms`; it is killed then. */
  async finished(timeout_ms: number): Promise<Finished> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        this.kill();
        reject(new Error(`${this.#name}: not done after ${timeout_ms} ms\n${this.tail()}`));
      }, timeout_ms);
    });
    try {
      return await Promise.race([this.#done, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** The end of both outputs, for error messages. */
  tail(chars = 4000): string {
    return `--- stdout\n${this.#stdout.slice(-chars)}\n--- stderr\n${this.#stderr.slice(-chars)}`;
  }
}

/** Runs a program to its end. */
export async function run(program: string, args: readonly string[], options: RunOptions): Promise<Finished> {
  const running = new Running(program, args, options);
  try {
    return await running.finished(options.timeout_ms);
  } finally {
    running.kill();
  }
}

/** Asks `probe` again and again until it returns something, or throws `what` with the last words of `running`. */
export async function until<T>(
  what: string,
  probe: () => T | undefined | Promise<T | undefined>,
  options: { readonly timeout_ms: number; readonly every_ms?: number; readonly running?: Running },
): Promise<T> {
  const end = performance.now() + options.timeout_ms;
  for (;;) {
    const found = await probe();
    if (found !== undefined) return found;
    if (options.running?.ended) throw new Error(`${what}: the process ended first\n${options.running.tail()}`);
    if (performance.now() > end) {
      throw new Error(`${what}: not within ${options.timeout_ms} ms\n${options.running?.tail() ?? ""}`);
    }
    await new Promise((wake) => setTimeout(wake, options.every_ms ?? 200));
  }
}

/** Whether a process (not a zombie) with this id exists. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    if (isGone(error)) return false;
    throw error;
  }
}

function isGone(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ESRCH";
}
