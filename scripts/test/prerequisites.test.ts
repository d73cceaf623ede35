import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ROOT } from "../lib/paths.mjs";
import { atLeast, checkNode, checkPrerequisites, formatProblems, parseVersion } from "../lib/prerequisites.mjs";

let directory: string;

/** A PATH of fakes: everything that is needed, until a test replaces or removes one. */
const COMPLETE: Readonly<Record<string, string>> = {
  npm: "echo 10.8.0",
  rustc: 'echo "rustc 1.95.0 (59807616e 2026-04-14)"',
  cargo: 'echo "cargo 1.95.0"',
  cc: "exit 0",
  python3: 'echo "3.12.4|/opt/python/bin/python3"',
};

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "talebridge-path-"));
  for (const [name, body] of Object.entries(COMPLETE)) fake(name, body);
});

afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

function fake(name: string, body: string): void {
  const path = join(directory, name);
  writeFileSync(path, `#!/bin/sh\n${body}\n`);
  chmodSync(path, 0o755);
}

function check(options: { forTests?: boolean; env?: Record<string, string> } = {}) {
  return checkPrerequisites({
    env: { PATH: directory, ...options.env },
    nodeVersion: "v20.20.2",
    forTests: options.forTests ?? false,
  });
}

function what(options: { forTests?: boolean; env?: Record<string, string> } = {}): string[] {
  return check(options).problems.map((problem) => `${problem.what}: ${problem.found}`);
}

describe("versions", () => {
  it.each([
    ["rustc 1.95.0 (59807616e 2026-04-14)", [1, 95, 0]],
    ["v20.20.2", [20, 20, 2]],
    ["cargo 1.89", [1, 89, 0]],
    ["no number", null],
  ])("are read from %s", (text, version) => {
    expect(parseVersion(text)).toEqual(version);
  });

  it.each([
    [[1, 89, 0], [1, 89], true],
    [[1, 100, 0], [1, 89], true],
    [[2, 0, 0], [1, 89], true],
    [[1, 88, 9], [1, 89], false],
    [[20], [20, 11], false],
  ])("%j against %j", (version, minimum, enough) => {
    expect(atLeast(version, minimum)).toBe(enough);
  });
});

describe("a machine with everything", () => {
  it("has no problems, and its Python is the one that was found", () => {
    expect(check()).toEqual({ problems: [], python: "/opt/python/bin/python3" });
    expect(formatProblems([])).toBe("");
  });
});

describe("a machine that lacks", () => {
  it.each(["v18.20.4", "v20.14.0", "v12.22.0"])("a new enough Node: %s", (version) => {
    expect(checkNode(version)).toMatchObject([{ what: "Node.js ≥ 20.15", found: `this is Node ${version}` }]);
  });

  it.each([
    ["npm", "npm: not found on PATH"],
    ["rustc", "Rust ≥ 1.89 (rustc): not found on PATH"],
    ["cargo", "Rust ≥ 1.89 (cargo): not found on PATH"],
    ["cc", "a C linker (cc), which Rust links with: not found on PATH"],
    ["python3", "Python ≥ 3.11: not found on PATH"],
  ])("%s", (name, problem) => {
    rmSync(join(directory, name));
    expect(what()).toEqual([problem]);
  });

  it("a new enough Rust", () => {
    fake("rustc", "echo rustc 1.75.0");
    expect(what()).toEqual(["Rust ≥ 1.89 (rustc): rustc 1.75.0"]);
  });

  it("a chosen toolchain, as rustup says itself", () => {
    fake("rustc", 'echo "error: rustup could not choose a version of rustc to run" >&2; exit 1');
    expect(what()).toEqual([
      "Rust ≥ 1.89 (rustc): found, but it does not run: error: rustup could not choose a version of rustc to run",
    ]);
  });

  it("the C library's development files", () => {
    fake("cc", 'echo "ld: cannot find crt1.o" >&2; exit 1');
    expect(what()).toEqual([
      "a C linker (cc), which Rust links with: cc cannot link a trivial program: ld: cannot find crt1.o",
    ]);
  });

  it("a new enough Python, listing those tried", () => {
    fake("python3", 'echo "3.9.2|/usr/bin/python3"');
    fake("python3.12", 'echo "pyenv: python3.12: command not found" >&2; exit 127');
    expect(what()).toEqual([
      "Python ≥ 3.11: python3: 3.9.2; python3.12: found, but it does not run: pyenv: python3.12: command not found",
    ]);
  });

  it("Python's venv, naming the package for that version", () => {
    fake("python3", 'echo "3.11.2|/usr/bin/python3|ensurepip"');
    const [problem] = check().problems;
    expect(problem?.what).toBe("Python's ensurepip (to make .venv)");
    expect(problem?.debian).toBe("sudo apt-get install -y python3.11-venv");
  });

  it("rustfmt and clippy, which only the tests need", () => {
    fake("cargo", 'case "$1" in --version) echo cargo 1.95.0;; *) echo "no such command: $1" >&2; exit 101;; esac');
    expect(what()).toEqual([]);
    expect(what({ forTests: true })).toEqual([
      "rustfmt (npm test only): found, but it does not run: no such command: fmt",
      "clippy (npm test only): found, but it does not run: no such command: clippy",
    ]);
  });
});

describe("choosing a Python", () => {
  it("goes on when an earlier one is too old, broken or incomplete", () => {
    fake("python3", "exit 1");
    fake("python3.13", 'echo "3.13.0|/a/python3.13|venv|ensurepip"');
    fake("python3.12", 'echo "3.12.1|/a/python3.12"');
    expect(check()).toEqual({ problems: [], python: "/a/python3.12" });
  });

  it("takes TALEBRIDGE_PYTHON and no other", () => {
    fake("mine", 'echo "3.11.7|/a/mine"');
    expect(check({ env: { TALEBRIDGE_PYTHON: join(directory, "mine") } }).python).toBe("/a/mine");
    expect(what({ env: { TALEBRIDGE_PYTHON: "/nowhere/python" } })).toEqual([
      "Python ≥ 3.11: /nowhere/python: not found on PATH",
    ]);
  });
});

describe("the command", () => {
  it("names everything that is missing at once, each with its fix, and exits with 2", () => {
    for (const name of Object.keys(COMPLETE)) rmSync(join(directory, name));
    const done = spawnSync(process.execPath, [join(ROOT, "scripts", "demo.mjs")], {
      env: { PATH: directory },
      encoding: "utf8",
    });
    expect(done.status).toBe(2);
    expect(done.stdout).toBe("");
    expect(done.stderr.match(/✗/g)).toHaveLength(5);
    expect(done.stderr.match(/Debian, Ubuntu: \S/g)).toHaveLength(5);
    expect(done.stderr.match(/macOS: {10}\S/g)).toHaveLength(5);
  });

  it("finds a real linker and Python on this machine, which runs these tests", () => {
    const done = spawnSync(process.execPath, [join(ROOT, "scripts", "prerequisites.mjs")], { encoding: "utf8" });
    expect(done.stderr).toBe("");
    expect(done.stdout).toMatch(/everything needed is here \(Python: \/.+\)/);
    expect(done.status).toBe(0);
  });

  it("copes with a PATH entry that cannot be run", () => {
    rmSync(join(directory, "cc"));
    mkdirSync(join(directory, "cc"));
    expect(what()).toEqual(["a C linker (cc), which Rust links with: not found on PATH"]);
  });
});
