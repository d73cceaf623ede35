/** The npm packages: `talebridge`, and its engine as a package per platform, as napi-rs lays them out. */

import { cpSync, mkdirSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { runLogged } from "./exec.mjs";
import { CACHE, LOGS, ROOT } from "./paths.mjs";
import { compileBridge, emptyFolder, MANUAL, rootManifest, writeJson } from "./stage.mjs";

/** @typedef {import("./stage.mjs").Arch} Arch */

/** @type {readonly Arch[]} */
export const ARCHS = ["x64", "arm64"];

/** @param {Arch} arch */
const engineName = (arch) => `@talebridge/engine-linux-${arch}-gnu`;

/**
 * The daemon without its engine, which npm chooses among the optional dependencies by platform.
 * @param {string} out folder for the tarball
 */
export async function packDaemon(out) {
  const dir = join(CACHE, "package", "npm");
  emptyFolder(dir);
  await compileBridge(join(dir, "bridge", "dist"));
  for (const file of ["README.md", "LICENSE"]) cpSync(join(ROOT, file), join(dir, file));
  cpSync(MANUAL, join(dir, "man", basename(MANUAL)));
  const { name, version, description, license, engines, dependencies } = rootManifest();
  // In the bundles that compileBridge makes.
  const { typebox: _bundled, uplot: _inlined, ...loaded } = dependencies;
  writeJson(join(dir, "package.json"), {
    name,
    version,
    description,
    license,
    type: "module",
    engines,
    os: ["linux"],
    bin: { talebridge: "bridge/dist/main.js" },
    man: [`./man/${basename(MANUAL)}`],
    dependencies: loaded,
    optionalDependencies: Object.fromEntries(ARCHS.map((arch) => [engineName(arch), version])),
  });
  await pack(dir, out);
}

/** @param {string} out folder for the tarball @param {{ addon: string, arch: Arch }} engine */
export async function packEngine(out, { addon, arch }) {
  const dir = join(CACHE, "package", `npm-engine-${arch}`);
  emptyFolder(dir);
  cpSync(addon, join(dir, "engine.node"));
  cpSync(join(ROOT, "LICENSE"), join(dir, "LICENSE"));
  const { version, license, engines } = rootManifest();
  writeJson(join(dir, "package.json"), {
    name: engineName(arch),
    version,
    description: `The engine of talebridge for Linux, ${arch}, glibc.`,
    license,
    engines,
    os: ["linux"],
    cpu: [arch],
    libc: ["glibc"],
    main: "engine.node",
  });
  await pack(dir, out);
}

/** @param {string} dir @param {string} out */
async function pack(dir, out) {
  mkdirSync(out, { recursive: true });
  await runLogged("npm", ["pack", "--pack-destination", resolve(out)], {
    cwd: dir,
    logFile: join(LOGS, "npm-pack.log"),
  });
}
