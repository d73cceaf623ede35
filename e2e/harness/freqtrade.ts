/** freqtrade's command line, un-patched, from the project's own Python environment. */

import { DAEMON_JS, PYTHON } from "./paths.js";
import { type Finished, Running, run } from "./process.js";
import type { UserDir } from "./userdir.js";

export interface FreqtradeOptions {
  readonly user: UserDir;
  /** Extra configuration files, merged in order over the user's. */
  readonly configs?: readonly string[];
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Another interpreter that has freqtrade; default: the project's environment. */
  readonly python?: string;
  readonly args: readonly string[];
}

/** Starts `freqtrade <command>`. Nothing of the caller's own bridge settings or colours reaches it. */
export function startFreqtrade(command: string, options: FreqtradeOptions): Running {
  const configs = [options.user.config, ...(options.configs ?? [])].flatMap((path) => ["--config", path]);
  const inherited = Object.keys(process.env).filter((name) => /^(FREQTRADE__|TALEBRIDGE_)/.test(name));
  return new Running(
    options.python ?? PYTHON,
    [
      "-m",
      "freqtrade",
      command,
      ...configs,
      "--userdir",
      options.user.root,
      "--datadir",
      options.user.datadir,
      ...options.args,
    ],
    {
      cwd: options.user.root,
      env: {
        ...Object.fromEntries(inherited.map((name) => [name, undefined])),
        COLUMNS: "400",
        NO_COLOR: "1",
        TALEBRIDGE_COMMAND: `${process.execPath} ${DAEMON_JS}`,
        PYTHONDONTWRITEBYTECODE: "1",
        ...options.env,
      },
    },
  );
}

/** Runs it to its end; killed with its workers after `timeout_ms`. */
export async function freqtrade(
  command: string,
  options: FreqtradeOptions & { readonly timeout_ms: number },
): Promise<Finished> {
  const running = startFreqtrade(command, options);
  try {
    return await running.finished(options.timeout_ms);
  } finally {
    running.kill();
  }
}

/** Runs a Python program in the same environment. @returns its standard output */
export async function python(program: string, args: readonly string[], timeout_ms = 30_000): Promise<string> {
  const done = await run(PYTHON, ["-c", program, ...args], { timeout_ms });
  if (done.code !== 0) throw new Error(`python ended with ${done.code}: ${done.stderr}`);
  return done.stdout;
}
