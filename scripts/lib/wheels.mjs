/** The two Python packages as wheels: the shim, and the daemon with its engine for one platform. */

import { cpSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { glibcFloor } from "./elf.mjs";
import { runLogged } from "./exec.mjs";
import { CACHE, LOGS, ROOT, VENV_PYTHON } from "./paths.mjs";
import { emptyFolder, MANUAL, stageDaemon } from "./stage.mjs";

/** @typedef {import("./stage.mjs").Arch} Arch */

const WORK = join(CACHE, "package");
const MACHINE = { x64: "x86_64", arm64: "aarch64" };
/** Node's own floor: the wheel it comes in asks for this much. */
const NODE_GLIBC_MINOR = 28;

/**
 * @param {string} out folder for the wheels
 * @param {{ addon: string, arch: Arch }} engine
 * @returns {Promise<{ platform: string }>} the wheel's platform tag, from what the two addons ask of glibc
 */
export async function buildWheels(out, { addon, arch }) {
  const project = join(WORK, "python-bridge");
  const app = join(project, "src", "talebridge_bridge", "app");
  emptyFolder(project);
  cpSync(join(ROOT, "python-bridge"), project, { recursive: true });
  await stageDaemon(app, { addon, arch });
  cpSync(MANUAL, join(project, "man", basename(MANUAL)));
  const platform = platformTag(app, arch);
  await hatch(project, out, { TALEBRIDGE_WHEEL_PLATFORM: platform });
  await hatch(join(ROOT, "python-shim"), out, {});
  return { platform };
}

/** @param {string} app @param {Arch} arch */
function platformTag(app, arch) {
  const zeromq = join(app, "node_modules", "zeromq", "build", "linux", arch, "node", "glibc-127-Release", "addon.node");
  const { major, minor } = glibcFloor([join(app, "bridge", "native", "engine.node"), zeromq]);
  return `manylinux_${major}_${Math.max(minor, NODE_GLIBC_MINOR)}_${MACHINE[arch]}`;
}

/** @param {string} project @param {string} out @param {NodeJS.ProcessEnv} env */
async function hatch(project, out, env) {
  const args = ["-m", "hatchling", "build", "--target", "wheel", "--directory", resolve(out)];
  await runLogged(VENV_PYTHON, args, { cwd: project, env, logFile: join(LOGS, "wheel.log") });
}
