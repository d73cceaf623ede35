/** A Python environment as a freqtrade user's: freqtrade is in it, talebridge is not. */

import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PYTHON } from "./paths.js";
import { run } from "./process.js";

const MAKE_MS = 120_000;

export interface FreshVenv {
  readonly root: string;
  readonly python: string;
  /** Where its own packages are. */
  readonly packages: string;
  /** Runs `pip` with no index to reach. @returns what it said. @throws when it fails */
  pip(...args: readonly string[]): Promise<string>;
  /** Its own files that name talebridge. */
  traces(): readonly string[];
  remove(): void;
}

/** Makes the environment. The project's packages but its own are linked into it: freqtrade need not be downloaded again. The caller removes it. */
export async function makeFreshVenv(): Promise<FreshVenv> {
  const root = mkdtempSync(join(tmpdir(), "tb-venv-"));
  const venv = join(root, "venv");
  const python = join(venv, "bin", "python");
  await succeed(PYTHON, ["-m", "venv", venv]);
  const [theirs, ours] = await Promise.all([sitePackages(PYTHON), sitePackages(python)]);
  const linked = join(root, "freqtrade");
  mkdirSync(linked);
  for (const name of readdirSync(theirs)) {
    if (!/talebridge|^pip|\.pth$|__pycache__/.test(name)) symlinkSync(join(theirs, name), join(linked, name));
  }
  writeFileSync(join(ours, "freqtrade.pth"), `${linked}\n`);
  return {
    root,
    python,
    packages: ours,
    pip: (...args) => succeed(python, ["-m", "pip", "--disable-pip-version-check", "--no-input", ...args]),
    traces: () =>
      [venv]
        .flatMap((dir) => readdirSync(dir, { recursive: true, encoding: "utf8" }))
        .filter((name) => name.includes("talebridge")),
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
}

async function sitePackages(python: string): Promise<string> {
  return (await succeed(python, ["-c", "import sysconfig; print(sysconfig.get_path('purelib'))"])).trim();
}

async function succeed(program: string, args: readonly string[]): Promise<string> {
  const done = await run(program, args, { timeout_ms: MAKE_MS });
  if (done.code !== 0)
    throw new Error(`${[program, ...args].join(" ")} ended with ${done.code}\n${done.stdout}\n${done.stderr}`);
  return done.stdout;
}
