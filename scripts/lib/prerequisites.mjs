/**
 * What has to be on the machine before anything can be installed, found by running it, each gap with its fix.
 *
 * This file and the entry scripts that import it statically keep to syntax and modules Node 12.20 knows: an old Node must get as
 * far as saying that it is too old.
 */

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Oldest versions that work. @type {{ node: number[], rust: number[], python: number[] }} */
export const MINIMUM = { node: [20, 15], rust: [1, 89], python: [3, 11] };

const PYTHON_NAMES = ["python3", "python3.13", "python3.12", "python3.11", "python3.14", "python"];
const PROBE_TIMEOUT_MS = 60000;

/** @typedef {{ ok: boolean, missing: boolean, stdout: string, stderr: string }} Ran */
/** @typedef {{ what: string, found: string, debian: string, macos: string, other: string }} Problem */
/** @typedef {{ problems: Problem[], python: string | null }} Prerequisites */

/**
 * Runs a program to its end and never throws.
 * @param {string} command
 * @param {string[]} args
 * @param {NodeJS.ProcessEnv} env
 * @returns {Ran}
 */
function run(command, args, env) {
  const result = spawnSync(command, args, {
    env: env,
    encoding: "utf8",
    timeout: PROBE_TIMEOUT_MS,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const missing = Boolean(result.error) && /ENOENT|EACCES/.test(String(result.error));
  return {
    ok: !result.error && result.status === 0,
    missing: missing,
    stdout: result.stdout || "",
    stderr: result.stderr || "",
  };
}

/**
 * First dotted number in a text, e.g. `rustc 1.95.0 (…)` → [1, 95, 0].
 * @param {string} text
 * @returns {number[] | null}
 */
export function parseVersion(text) {
  const match = /(\d+)\.(\d+)(?:\.(\d+))?/.exec(text);
  return match === null ? null : match.slice(1).map((part) => Number(part || 0));
}

/**
 * @param {number[]} version
 * @param {number[]} minimum
 * @returns {boolean} whether version ≥ minimum, part by part
 */
export function atLeast(version, minimum) {
  for (let i = 0; i < minimum.length; i++) {
    const part = i < version.length ? Number(version[i]) : 0;
    const wanted = Number(minimum[i]);
    if (part !== wanted) return part > wanted;
  }
  return true;
}

/**
 * @param {Ran} ran
 * @returns {string} what went wrong, for a person
 */
function failure(ran) {
  if (ran.missing) return "not found on PATH";
  const lines = (ran.stderr || ran.stdout).split("\n").filter((line) => line.trim() !== "");
  return `found, but it does not run: ${lines.length > 0 ? String(lines[0]).trim() : "no output"}`;
}

/**
 * @param {string} version e.g. process.version
 * @returns {Problem[]}
 */
export function checkNode(version) {
  const parsed = parseVersion(version);
  if (parsed !== null && atLeast(parsed, MINIMUM.node)) return [];
  return [
    {
      what: `Node.js ≥ ${MINIMUM.node.join(".")}`,
      found: `this is Node ${version}`,
      debian: "curl -fsSL https://deb.nodesource.com/setup_22.x | sudo bash - && sudo apt-get install -y nodejs",
      macos: "brew install node",
      other: "https://nodejs.org/en/download",
    },
  ];
}

/**
 * @param {NodeJS.ProcessEnv} env
 * @returns {Problem[]}
 */
function checkNpm(env) {
  const ran = run("npm", ["--version"], env);
  if (ran.ok) return [];
  return [
    {
      what: "npm",
      found: failure(ran),
      debian: "sudo apt-get install -y npm (NodeSource's nodejs package brings it along)",
      macos: "brew install node",
      other: "npm comes with Node: https://nodejs.org/en/download",
    },
  ];
}

/**
 * @param {NodeJS.ProcessEnv} env
 * @param {boolean} forTests rustfmt and clippy are needed by `npm test` only
 * @returns {Problem[]}
 */
function checkRust(env, forTests) {
  /** @type {Problem[]} */
  const problems = [];
  const install = {
    debian: "curl --proto '=https' -sSf https://sh.rustup.rs | sh -s -- -y && . ~/.cargo/env",
    macos: "brew install rustup && rustup default stable",
    other: "https://rustup.rs, then: rustup default stable",
  };
  for (const tool of ["rustc", "cargo"]) {
    const ran = run(tool, ["--version"], env);
    const version = ran.ok ? parseVersion(ran.stdout) : null;
    const what = `Rust ≥ ${MINIMUM.rust.join(".")} (${tool})`;
    if (version === null) problems.push(Object.assign({ what: what, found: failure(ran) }, install));
    else if (!atLeast(version, MINIMUM.rust)) {
      const update = "rustup update stable && rustup default stable";
      problems.push({
        what: what,
        found: ran.stdout.trim(),
        debian: `${update} (Debian's own rustc may be older: ${install.debian})`,
        macos: `${update}, or: brew upgrade rust`,
        other: update,
      });
    }
  }
  if (forTests && problems.length === 0) {
    for (const tool of [
      { name: "rustfmt", args: ["fmt", "--version"] },
      { name: "clippy", args: ["clippy", "--version"] },
    ]) {
      const ran = run("cargo", tool.args, env);
      if (ran.ok) continue;
      const add = `rustup component add ${tool.name}`;
      problems.push({
        what: `${tool.name} (npm test only)`,
        found: failure(ran),
        debian: `${add}, or with Debian's Rust: sudo apt-get install -y ${tool.name === "clippy" ? "rust-clippy" : tool.name}`,
        macos: add,
        other: add,
      });
    }
  }
  return problems;
}

/**
 * Links a trivial program, because a compiler without the C library's development files is found but cannot link.
 * @param {NodeJS.ProcessEnv} env
 * @returns {Problem[]}
 */
function checkLinker(env) {
  const directory = mkdtempSync(join(tmpdir(), "talebridge-link-"));
  try {
    const source = join(directory, "trivial.c");
    writeFileSync(source, "int main(void) { return 0; }\n");
    const ran = run("cc", ["-o", join(directory, "trivial"), source], env);
    if (ran.ok) return [];
    return [
      {
        what: "a C linker (cc), which Rust links with",
        found: ran.missing
          ? failure(ran)
          : `cc cannot link a trivial program: ${failure(ran).replace(/^found, but it does not run: /, "")}`,
        debian: "sudo apt-get install -y build-essential",
        macos: "xcode-select --install",
        other: "install gcc or clang with your C library's development files, so that `cc` links",
      },
    ];
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

const PYTHON_PROBE = [
  "import sys",
  "parts = ['%d.%d.%d' % sys.version_info[:3], sys.executable]",
  "for name in ('venv', 'ensurepip'):",
  "    try:",
  "        __import__(name)",
  "    except ImportError:",
  "        parts.append(name)",
  "print('|'.join(parts))",
].join("\n");

/**
 * Looks for a Python that is new enough and can make virtual environments. A version manager's shim can be on PATH and still not
 * run, so each name is tried. `TALEBRIDGE_PYTHON` is taken alone when it is set.
 * @param {NodeJS.ProcessEnv} env
 * @returns {{ problems: Problem[], python: string | null }}
 */
function checkPython(env) {
  const chosen = env.TALEBRIDGE_PYTHON;
  const names = chosen ? [chosen] : PYTHON_NAMES;
  /** @type {string[]} */
  const seen = [];
  /** @type {{ version: string, modules: string[], executable: string } | null} */
  let incomplete = null;
  for (const name of names) {
    const ran = run(name, ["-c", PYTHON_PROBE], env);
    if (!ran.ok) {
      if (!ran.missing || chosen) seen.push(`${name}: ${failure(ran)}`);
      continue;
    }
    const parts = ran.stdout.trim().split("|");
    const version = parseVersion(String(parts[0]));
    if (version === null || !atLeast(version, MINIMUM.python)) {
      seen.push(`${name}: ${parts[0]}`);
      continue;
    }
    const modules = parts.slice(2);
    if (modules.length === 0) return { problems: [], python: String(parts[1]) };
    if (incomplete === null)
      incomplete = { version: version.slice(0, 2).join("."), modules: modules, executable: String(parts[1]) };
  }
  if (incomplete !== null)
    return {
      python: null,
      problems: [
        {
          what: `Python's ${incomplete.modules.join(" and ")} (to make .venv)`,
          found: `${incomplete.executable} is new enough but lacks ${incomplete.modules.join(" and ")}`,
          debian: `sudo apt-get install -y python${incomplete.version}-venv`,
          macos: "brew install python",
          other:
            "install your distribution's package for Python's venv and ensurepip, or name another Python in TALEBRIDGE_PYTHON",
        },
      ],
    };
  return {
    python: null,
    problems: [
      {
        what: `Python ≥ ${MINIMUM.python.join(".")}`,
        found: seen.length > 0 ? seen.join("; ") : "not found on PATH",
        debian: "sudo apt-get install -y python3 python3-venv (Debian ≥ 12, Ubuntu ≥ 24.04)",
        macos: "brew install python",
        other: "https://www.python.org/downloads, then name it in TALEBRIDGE_PYTHON if it is not on PATH",
      },
    ],
  };
}

/**
 * Checks everything and reports all gaps at once.
 * @param {{ env: NodeJS.ProcessEnv, nodeVersion: string, forTests: boolean }} options
 * @returns {Prerequisites}
 */
export function checkPrerequisites(options) {
  const python = checkPython(options.env);
  const problems = checkNode(options.nodeVersion).concat(
    checkNpm(options.env),
    checkRust(options.env, options.forTests),
    checkLinker(options.env),
    python.problems,
  );
  return { problems: problems, python: python.python };
}

/**
 * @param {Problem[]} problems
 * @returns {string} text for a person; empty when nothing is missing
 */
export function formatProblems(problems) {
  if (problems.length === 0) return "";
  const lines = [`talebridge needs ${problems.length === 1 ? "one more thing" : `${problems.length} more things`}:`];
  for (const problem of problems) {
    lines.push("", `  ✗ ${problem.what}: ${problem.found}`);
    lines.push(`      Debian, Ubuntu: ${problem.debian}`);
    lines.push(`      macOS:          ${problem.macos}`);
    lines.push(`      otherwise:      ${problem.other}`);
  }
  lines.push("", "Then run the same command again.", "");
  return lines.join("\n");
}

/**
 * Ends the process with exit code 2 and the list of gaps, or returns the Python to use.
 * @param {{ forTests: boolean }} options
 * @returns {string} the Python interpreter's path
 */
export function requirePrerequisites(options) {
  const result = checkPrerequisites({
    env: process.env,
    nodeVersion: process.version,
    forTests: options.forTests,
  });
  if (result.problems.length > 0 || result.python === null) {
    process.stderr.write(formatProblems(result.problems));
    process.exit(2);
  }
  return result.python;
}
