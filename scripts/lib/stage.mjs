/** The daemon as a folder that runs anywhere its engine does: compiled afresh, with the packages it loads and nothing else. */

import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, extname, join, relative, sep } from "node:path";
import { bundleTypebox } from "./bundle.mjs";
import { bundleReport } from "./bundle-report.mjs";
import { bundleWeb } from "./bundle-web.mjs";
import { runLogged } from "./exec.mjs";
import { CACHE, LOGS, ROOT } from "./paths.mjs";

/** @typedef {"x64" | "arm64"} Arch as Node names them */
/** @typedef {{ dependencies?: Record<string, string>, optionalDependencies?: Record<string, string>, version?: string }} LockedPackage */

/** In a bundle, only for compiling, or only types: never loaded. */
const LEFT_OUT = new Set(["typebox", "uplot", "node-addon-api", "@types/node", "undici-types"]);
const LEFT_OUT_FILES = new Set([".map", ".ts", ".mts", ".cts", ".md", ".markdown", ".tsbuildinfo"]);
const LEFT_OUT_FOLDERS = new Set(["test", "tests", "benchmarks", "docs", "examples", ".github"]);
/** For man(1): npm links it, pip puts it where man looks beside a folder of the path. */
export const MANUAL = join(ROOT, "bridge", "assets", "man", "talebridge.1");
/** Of zeromq's sixteen addons the one for Node's stable interface and glibc ≥ 2.25. */
const ZEROMQ_ABI = "glibc-127-Release";

/** @returns {{ name: string, version: string, description: string, license: string, engines: Record<string, string>, dependencies: Record<string, string> }} */
export function rootManifest() {
  return JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
}

/**
 * Compiles the daemon from its sources alone: what an earlier build left in bridge/dist is not in it.
 * @param {string} dist folder to write to
 */
export async function compileBridge(dist) {
  // In the checkout first: from there the bundler finds the packages.
  const fresh = join(CACHE, "package", "dist");
  emptyFolder(fresh);
  const tsc = join(ROOT, "node_modules", "typescript", "bin", "tsc");
  const flags = ["--composite", "false", "--incremental", "false", "--declaration", "false"];
  const args = [
    "-p",
    join(ROOT, "bridge"),
    "--outDir",
    fresh,
    ...flags,
    "--declarationMap",
    "false",
    "--sourceMap",
    "false",
  ];
  await runLogged(process.execPath, [tsc, ...args], { logFile: join(LOGS, "tsc-package.log") });
  await bundleTypebox(join(fresh, "typebox.js"));
  await bundleReport(join(fresh, "assets"));
  await bundleWeb(fresh);
  cpSync(fresh, dist, { recursive: true });
  // What `init` hands out is no code: it stands beside it, as in a checkout.
  cpSync(join(ROOT, "bridge", "assets", "init"), join(dist, "..", "assets", "init"), { recursive: true });
}

/**
 * Everything the daemon loads at run time: its own code, the report's script and styles, the engine and the packages of the lock file.
 * @param {string} dir made anew
 * @param {{ addon: string, arch: Arch }} engine
 */
export async function stageDaemon(dir, { addon, arch }) {
  emptyFolder(dir);
  mkdirSync(join(dir, "bridge", "native"), { recursive: true });
  await compileBridge(join(dir, "bridge", "dist"));
  cpSync(addon, join(dir, "bridge", "native", "engine.node"));
  const { name, version, description, license, engines } = rootManifest();
  writeJson(join(dir, "package.json"), { name, version, description, license, type: "module", engines });
  for (const path of runtimePackages()) {
    if (path === "node_modules/zeromq") stageZeromq(join(dir, path), arch);
    else cpSync(join(ROOT, path), join(dir, path), { recursive: true, filter: wanted });
  }
}

/** @param {string} dir made anew, with nothing in it */
export function emptyFolder(dir) {
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(dir, { recursive: true });
}

/** Folders of all packages the daemon's dependencies load, by the lock file; optional ones are not needed. @returns {string[]} sorted */
export function runtimePackages() {
  /** @type {{ packages: Record<string, LockedPackage> }} */
  const { packages } = JSON.parse(readFileSync(join(ROOT, "package-lock.json"), "utf8"));
  /** @type {Set<string>} */
  const found = new Set();
  /** @param {string} name @param {string} parent */
  const visit = (name, parent) => {
    if (LEFT_OUT.has(name)) return;
    const path = [`${parent}/node_modules/${name}`, `node_modules/${name}`].find((at) => packages[at] !== undefined);
    if (path === undefined) throw new Error(`${name} is not in package-lock.json: npm install`);
    if (found.has(path)) return;
    found.add(path);
    for (const dependency of Object.keys(packages[path]?.dependencies ?? {})) visit(dependency, path);
  };
  for (const name of Object.keys(rootManifest().dependencies)) visit(name, "");
  return [...found].sort();
}

/** @param {string} dir @param {Arch} arch */
function stageZeromq(dir, arch) {
  const from = join(ROOT, "node_modules", "zeromq");
  for (const name of ["lib", "package.json", "LICENSE.txt", "LICENSE_MPL-2.0.txt"])
    cpSync(join(from, name), join(dir, name), { recursive: true, filter: wanted });
  const chosen = `linux/${arch}/node/${ZEROMQ_ABI}/addon.node`;
  /** @type {Record<string, string>} */
  const manifest = JSON.parse(readFileSync(join(from, "build", "manifest.json"), "utf8"));
  const kept = Object.entries(manifest).filter(([, path]) => path === chosen);
  if (kept.length === 0) throw new Error(`zeromq has no ${chosen} any more: choose another in scripts/lib/stage.mjs`);
  cpSync(join(from, "build", chosen), join(dir, "build", chosen));
  writeJson(join(dir, "build", "manifest.json"), Object.fromEntries(kept));
}

/** Whether a file of a package is loaded, or has to come along: licences always do. @param {string} path */
export function wanted(path) {
  const name = basename(path);
  if (/^(licen[cs]e|notice|copying)/i.test(name)) return true;
  // Of the path inside its package: a checkout may itself be in a folder named "test".
  const inside = relative(ROOT, path).split(sep).slice(0, -1);
  return (
    !LEFT_OUT_FILES.has(extname(name)) &&
    !inside.some((folder) => LEFT_OUT_FOLDERS.has(folder)) &&
    !LEFT_OUT_FOLDERS.has(name)
  );
}

/** @param {string} file @param {unknown} value */
export function writeJson(file, value) {
  writeFileSync(file, `${JSON.stringify(value, null, 2)}\n`);
}
