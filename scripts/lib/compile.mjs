/** Builds the addon and the TypeScript. Both builders know themselves what is out of date; this reports what they did. */

import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync } from "node:fs";
import { dirname, join } from "node:path";
import { bundleTypebox } from "./bundle.mjs";
import { bundleReport } from "./bundle-report.mjs";
import { bundleWeb } from "./bundle-web.mjs";
import { readIfThere, runLogged } from "./exec.mjs";
import { ADDON, FAULTY_ADDON, LOGS, ROOT } from "./paths.mjs";

const CURRENT = "up to date";
const TSC_PROJECTS = ["bridge", "bridge/assets", "demo"];

/**
 * @param {string} messages cargo's JSON messages, one per line
 * @returns {{ library: string, compiled: number }} path of the engine's shared library and how many crates were compiled
 * @throws {Error} when there is no such library among them
 */
export function readCargoMessages(messages) {
  let library = "";
  let compiled = 0;
  for (const line of messages.split("\n")) {
    if (!line.startsWith("{")) continue;
    /** @type {{ reason: string, fresh?: boolean, filenames?: string[], target?: { name: string, kind: string[] } }} */
    const message = JSON.parse(line);
    if (message.reason !== "compiler-artifact") continue;
    if (message.fresh === false) compiled++;
    if (message.target?.kind.includes("cdylib") && message.target.name === "talebridge_engine")
      library = message.filenames?.find((name) => /\.(so|dylib|dll)$/.test(name)) ?? library;
  }
  if (library === "")
    throw new Error("cargo built no shared library named talebridge_engine: is crate-type cdylib gone?");
  return { library, compiled };
}

/** @returns {Promise<string>} what was done */
export function buildEngine() {
  return buildAddon(ADDON, "release", "napi");
}

/** @returns {Promise<string>} what was done */
export function buildFaultyEngine() {
  return buildAddon(FAULTY_ADDON, "faults", "napi,fault-injection");
}

/**
 * @param {string} file where the addon goes
 * @param {string} profile of the workspace's Cargo.toml
 * @param {string} features
 */
async function buildAddon(file, profile, features) {
  const args = ["build", "--profile", profile, "--locked", "-p", "talebridge-engine", "--features", features];
  // A folder of its own: benches and examples put a library of the same name, without the features asked for here, where cargo would put this one.
  args.push("--target-dir", join(ROOT, "target", "addon"));
  const { stdout } = await runLogged("cargo", [...args, "--message-format", "json-render-diagnostics"], {
    logFile: join(LOGS, `cargo-build-${profile}.log`),
  });
  const { library, compiled } = readCargoMessages(stdout);
  if (!existsSync(file) || !readFileSync(file).equals(readFileSync(library))) {
    mkdirSync(dirname(file), { recursive: true });
    // A process that has the old file mapped keeps it; overwriting in place would crash it.
    copyFileSync(library, `${file}.new`);
    renameSync(`${file}.new`, file);
    return `built (${compiled} crates)`;
  }
  return compiled === 0 ? CURRENT : `built (${compiled} crates), same bits`;
}

/** @returns {Promise<string>} what was done */
export async function buildTypeScript() {
  const infos = TSC_PROJECTS.map((project) => join(ROOT, project, "tsconfig.tsbuildinfo"));
  const before = infos.map((info) => readIfThere(info));
  // tsc -b looks at its own notes, not at the outputs: when those are gone it has to be forced.
  const complete = TSC_PROJECTS.every((project) => existsSync(join(ROOT, project, "dist")));
  const args = [join(ROOT, "node_modules", "typescript", "bin", "tsc"), "-b", ...TSC_PROJECTS];
  await runLogged(process.execPath, complete ? args : [...args, "--force"], { logFile: join(LOGS, "tsc-build.log") });
  const bundled = [await bundleTypebox(), await bundleReport(), await bundleWeb()].includes(true);
  const changed = TSC_PROJECTS.filter((_, i) => readIfThere(String(infos[i])) !== before[i]);
  return changed.length === 0 && complete && !bundled ? CURRENT : `built ${changed.join(" and ") || "again"}`;
}
