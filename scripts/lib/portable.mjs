/** The engine's addon for a chosen glibc and machine, whatever this one has: zig's C tool chain links it. */

import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { readCargoMessages } from "./compile.mjs";
import { runLogged } from "./exec.mjs";
import { ADDON, CACHE, LOGS, ROOT } from "./paths.mjs";
import { prepare } from "./prepare.mjs";
import { step } from "./progress.mjs";
import { hashInputs, stampFor } from "./stamp.mjs";

/** @typedef {import("./stage.mjs").Arch} Arch */

const TOOLS = join(CACHE, "release-venv");
const LOCK = join(ROOT, "requirements", "release.lock");
const TARGET = { x64: "x86_64-unknown-linux-gnu", arm64: "aarch64-unknown-linux-gnu" };

/**
 * The addons packages are made of, with everything set up that building them takes.
 * @param {import("./package-options.mjs").PackageOptions} options
 * @param {string} python interpreter to make environments with
 * @returns {Promise<readonly { addon: string, arch: Arch }[]>}
 */
export async function engines({ archs, glibc }, python) {
  await prepare(python);
  if (glibc === undefined) return [{ addon: ADDON, arch: /** @type {Arch} */ (process.arch) }];
  await step("release tools", () => installReleaseTools(python));
  /** @type {{ addon: string, arch: Arch }[]} */
  const built = [];
  for (const arch of archs)
    await step(`engine for ${arch}, glibc ${glibc}`, async () => {
      built.push({ addon: await buildPortable({ arch, glibc }), arch });
      return "built";
    });
  return built;
}

/** Has the next {@link buildPortable} compile everything again. */
export function forgetPortable() {
  for (const target of Object.values(TARGET))
    rmSync(join(ROOT, "target", target, "shipped"), { recursive: true, force: true });
}

/** Program of the release tools. @param {string} name */
export const releaseTool = (name) => join(TOOLS, "bin", name);

/**
 * cargo-zigbuild, zig and auditwheel, from requirements/release.lock.
 * @param {string} python interpreter to make the environment with
 * @returns {Promise<string>} what was done
 */
export async function installReleaseTools(python) {
  const hash = hashInputs([LOCK], [python, TOOLS]);
  const stamp = stampFor(join(CACHE, "stamps"), "release-tools");
  if (stamp.holds(hash, [releaseTool("python")]) && existsSync(releaseTool("python"))) return "up to date";
  stamp.clear();
  rmSync(TOOLS, { recursive: true, force: true });
  await runLogged(python, ["-m", "venv", TOOLS], { logFile: join(LOGS, "release-venv.log") });
  const pip = ["-m", "pip", "--disable-pip-version-check", "--no-input", "install", "--require-hashes", "-r", LOCK];
  await runLogged(releaseTool("python"), pip, { logFile: join(LOGS, "release-pip.log") });
  stamp.write(hash);
  return "installed from requirements/release.lock";
}

/**
 * @param {{ arch: Arch, glibc: string }} wanted glibc: the oldest it has to load beside, such as "2.28"
 * @returns {Promise<string>} path of the addon
 */
export async function buildPortable({ arch, glibc }) {
  const target = TARGET[arch];
  const remapped = [`--remap-path-prefix=${ROOT}=/talebridge`, `--remap-path-prefix=${cargoHome()}=/cargo`];
  const args = ["zigbuild", "--profile", "shipped", "--locked", "-p", "talebridge-engine", "--features", "napi"];
  const { stdout } = await runLogged(
    releaseTool("cargo-zigbuild"),
    [...args, "--target", `${target}.${glibc}`, "--message-format", "json-render-diagnostics"],
    {
      logFile: join(LOGS, `cargo-zigbuild-${arch}.log`),
      // Paths of this machine stay out of the addon: two builds in two places are the same bytes.
      env: {
        PATH: `${join(TOOLS, "bin")}:${process.env.PATH ?? ""}`,
        CARGO_ENCODED_RUSTFLAGS: remapped.join("\x1f"),
      },
    },
  );
  return readCargoMessages(stdout).library;
}

function cargoHome() {
  return process.env.CARGO_HOME ?? join(process.env.HOME ?? "/", ".cargo");
}
