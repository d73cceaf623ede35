/** Installs what the lock files name: node_modules, .venv with freqtrade, and the shim in it. Each step is a no-op when it is done. */

import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { readIfThere, runLogged } from "./exec.mjs";
import { CACHE, LOGS, ROOT, VENV, VENV_PYTHON } from "./paths.mjs";
import { hashInputs, stampFor } from "./stamp.mjs";

const STAMPS = join(CACHE, "stamps");
const BUILD_LOCK = join(ROOT, "requirements", "build.lock");
const DEV_LOCK = join(ROOT, "requirements", "dev.lock");
const SHIM = join(ROOT, "python-shim");
const PIP = ["-m", "pip", "--disable-pip-version-check", "--no-input"];
const CURRENT = "up to date";

/** @typedef {Record<string, { version?: string, integrity?: string, optional?: boolean, link?: boolean }>} LockedPackages */

/**
 * Compares what npm says it installed (node_modules/.package-lock.json, written last) with the lock file.
 * @param {string | null} lockText package-lock.json
 * @param {string | null} installedText node_modules/.package-lock.json
 * @returns {boolean} true when every package is there in the locked version and no other is. Optional ones may be absent: they are for other platforms
 */
export function nodeModulesMatch(lockText, installedText) {
  if (lockText === null || installedText === null) return false;
  /** @type {{ packages: LockedPackages }} */
  const lock = JSON.parse(lockText);
  /** @type {{ packages: LockedPackages }} */
  const installed = JSON.parse(installedText);
  for (const [path, wanted] of Object.entries(lock.packages)) {
    if (path === "") continue;
    const there = installed.packages[path];
    if (there === undefined ? wanted.optional !== true : there.version !== wanted.version) return false;
    if (there !== undefined && there.integrity !== wanted.integrity) return false;
  }
  return Object.keys(installed.packages).every((path) => lock.packages[path] !== undefined);
}

/** @returns {Promise<string>} what was done */
export async function installNodeModules() {
  const lock = readIfThere(join(ROOT, "package-lock.json"));
  if (nodeModulesMatch(lock, readIfThere(join(ROOT, "node_modules", ".package-lock.json")))) return CURRENT;
  // No package's install script is needed: zeromq brings its binaries in the tarball.
  // The log level is given because a surrounding `npm run --silent` would otherwise hide the reason of a failure.
  const args = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=warn"];
  await runLogged("npm", args, { logFile: join(LOGS, "npm.log") });
  return "installed from package-lock.json";
}

/**
 * @param {string} python interpreter to make .venv with
 * @returns {Promise<string>} what was done
 */
export async function installVenv(python) {
  const version = await runLogged(python, ["-c", "import sys; print(sys.version, sys.base_prefix)"], {
    logFile: join(LOGS, "python-version.log"),
  });
  const hash = hashInputs([BUILD_LOCK, DEV_LOCK], [version.stdout, VENV]);
  const stamp = stampFor(STAMPS, "venv");
  if (stamp.holds(hash, [VENV_PYTHON])) return CURRENT;
  stamp.clear();
  rmSync(VENV, { recursive: true, force: true });
  await runLogged(python, ["-m", "venv", VENV], { logFile: join(LOGS, "venv.log") });
  await pip(["install", "--require-hashes", "-r", BUILD_LOCK], "pip-build.log");
  // Without isolation, so that the one source archive among them is built with the locked setuptools.
  await pip(["install", "--require-hashes", "--no-build-isolation", "-r", DEV_LOCK], "pip.log");
  stamp.write(hash);
  return "made, with freqtrade, from requirements/dev.lock";
}

/** @returns {Promise<string>} what was done */
export async function installShim() {
  const hash = hashInputs([join(SHIM, "pyproject.toml"), BUILD_LOCK, DEV_LOCK], [SHIM]);
  const stamp = stampFor(STAMPS, "shim");
  if (shimInstalled() && stamp.holds(hash, [VENV_PYTHON])) return CURRENT;
  stamp.clear();
  await pip(["install", "--no-deps", "--no-build-isolation", "--no-index", "--editable", SHIM], "pip-shim.log");
  stamp.write(hash);
  return "installed into .venv";
}

/** @returns {boolean} whether .venv holds the shim's metadata: a .venv made anew does not, whatever the stamp says */
function shimInstalled() {
  const lib = join(VENV, "lib");
  if (!existsSync(lib)) return false;
  return readdirSync(lib).some((version) => {
    const packages = join(lib, version, "site-packages");
    return existsSync(packages) && readdirSync(packages).some((name) => /^talebridge-.*\.dist-info$/.test(name));
  });
}

/**
 * @param {readonly string[]} args
 * @param {string} log
 */
async function pip(args, log) {
  await runLogged(VENV_PYTHON, [...PIP, ...args], { logFile: join(LOGS, log) });
}
