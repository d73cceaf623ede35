/**
 * Checks the licence of every dependency, and that the lock files pin each by its hash. Usage: npm run check:licences
 * Exit code 0 when all are admitted. What is only used to test against (freqtrade and what it needs) is not shipped and has a list of its own.
 */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { isAdmitted } from "./lib/licences.mjs";
import { ROOT, VENV_PYTHON } from "./lib/paths.mjs";

/** Copyleft, in the development environment only: the tests run freqtrade, which needs them. Nothing of it is imported by, or shipped with, talebridge. */
const DEVELOPMENT_ONLY = new Set(["freqtrade", "freqtrade-client", "ft-pandas-ta", "technical", "python-telegram-bot"]);
/** Packages whose metadata name no licence, and what their licence file says. */
const READ_BY_HAND = new Map([["ta-lib", "BSD-2-Clause"]]);
/** What the shim itself needs: only these reach a user's environment by way of talebridge. */
const SHIM = ["pyzmq", "msgpack", "numpy"];

/** @typedef {{ name: string, licence: string, from: string, exempt: boolean }} Dependency */

/** @returns {{ dependencies: Dependency[], unpinned: string[], elsewhere: string[] }} */
function npm() {
  const lock = JSON.parse(readFileSync(join(ROOT, "package-lock.json"), "utf8"));
  /** @type {[string, { license?: string, integrity?: string, optional?: boolean, link?: boolean }][]} */
  const packages = Object.entries(lock.packages);
  const entries = packages.filter(([path]) => path !== "");
  const unpinned = entries.filter(([, entry]) => entry.integrity === undefined);
  return {
    dependencies: entries.map(([path, { license = "" }]) => ({
      name: nameOf(path),
      licence: license,
      from: "npm",
      exempt: false,
    })),
    unpinned: unpinned.filter(([, { optional }]) => optional !== true).map(([path]) => nameOf(path)),
    elsewhere: unpinned.filter(([, { optional }]) => optional === true).map(([path]) => nameOf(path)),
  };
}

/** @param {string} path in node_modules */
function nameOf(path) {
  return path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length);
}

/** The workspace, and the fuzz targets, which are one of their own: they need a nightly compiler and are not shipped. */
function cargo() {
  const [engine, fuzz] = [workspace(ROOT, "cargo"), workspace(join(ROOT, "fuzz"), "cargo (fuzz)")];
  return {
    dependencies: [...engine.dependencies, ...fuzz.dependencies],
    unpinned: [...engine.unpinned, ...fuzz.unpinned],
  };
}

/**
 * @param {string} folder of a Cargo.lock
 * @param {string} from its name in what is printed
 * @returns {{ dependencies: Dependency[], unpinned: string[] }}
 */
function workspace(folder, from) {
  const args = ["metadata", "--locked", "--format-version", "1"];
  const text = execFileSync("cargo", args, { cwd: folder, encoding: "utf8", maxBuffer: 64 * 1024 * 1024 });
  /** @type {{ name: string, license: string | null, source: string | null }[]} */
  const packages = JSON.parse(text).packages;
  const dependencies = packages
    .filter(({ source }) => source !== null)
    .map(({ name, license }) => ({ name, licence: license ?? "", from, exempt: false }));
  const blocks = readFileSync(join(folder, "Cargo.lock"), "utf8").split("[[package]]").slice(1);
  const unpinned = blocks
    .filter((block) => block.includes("source = ") && !block.includes("checksum = "))
    .map((block) => /name = "([^"]+)"/.exec(block)?.[1] ?? "unknown");
  return { dependencies, unpinned };
}

const READ_PYTHON = `
import json
from importlib.metadata import distributions
def licence(m):
    told = m.get("License-Expression")
    if told: return told
    kinds = [c.split("::")[-1].strip() for c in (m.get_all("Classifier") or []) if c.startswith("License ::")]
    kinds = [k for k in kinds if k != "OSI Approved"]
    return "; ".join(kinds) or (m.get("License") or "").split("\\n")[0]
print(json.dumps([[d.metadata["Name"], licence(d.metadata)] for d in distributions()]))
`;

/** @returns {{ dependencies: Dependency[], unpinned: string[] }} */
function python() {
  if (!existsSync(VENV_PYTHON)) throw new Error("no Python environment in .venv: npm run setup");
  /** @type {[string, string][]} */
  const found = JSON.parse(execFileSync(VENV_PYTHON, ["-c", READ_PYTHON], { encoding: "utf8" }));
  const lock = readFileSync(join(ROOT, "requirements", "dev.lock"), "utf8");
  const pins = lock.split(/\n(?=[A-Za-z0-9])/).filter((block) => /^[A-Za-z0-9][^\n]*==/.test(block));
  const unpinned = pins
    .filter((block) => !block.includes("--hash=sha256:"))
    .map((block) => block.split("==", 1)[0] ?? "");
  const dependencies = found
    .filter(([name]) => name !== "talebridge")
    .map(([name, licence]) => ({
      name,
      licence: licence || (READ_BY_HAND.get(name.toLowerCase()) ?? ""),
      from: "python",
      exempt: !SHIM.includes(name.toLowerCase()) && isExempt(name),
    }));
  return { dependencies, unpinned };
}

/** @param {string} name */
function isExempt(name) {
  return DEVELOPMENT_ONLY.has(name.toLowerCase().replaceAll("_", "-"));
}

try {
  const sources = { npm: npm(), cargo: cargo(), python: python() };
  const dependencies = Object.values(sources).flatMap((source) => source.dependencies);
  const refused = dependencies.filter(({ licence, exempt }) => !exempt && !isAdmitted(licence));
  const unpinned = Object.values(sources).flatMap((source) => source.unpinned);
  for (const { name, from, licence } of refused)
    process.stdout.write(`${from} ${name}: licence "${licence}" is not on the list in scripts/lib/licences.mjs\n`);
  for (const name of unpinned) process.stdout.write(`${name}: no hash in its lock file\n`);
  const { elsewhere } = sources.npm;
  if (elsewhere.length > 0) {
    process.stdout.write(`without a hash, of other platforms and never installed here: ${elsewhere.join(", ")}\n`);
  }
  const counts = Object.entries(sources).map(([name, source]) => `${name} ${source.dependencies.length}`);
  const exempt = dependencies.filter((dependency) => dependency.exempt).map(({ name }) => name);
  process.stdout.write(`licences: ${counts.join(", ")}; development only: ${exempt.join(", ") || "none"}\n`);
  process.exitCode = refused.length + unpinned.length > 0 ? 1 : 0;
} catch (error) {
  process.stderr.write(`check:licences: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
}
