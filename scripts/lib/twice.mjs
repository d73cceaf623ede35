/** Artefacts with their hashes, built once, or two times and compared byte by byte. */

import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** @typedef {{ file: string, bytes: number, sha256: string }} Artefact */

/**
 * @param {string} out folder that `build` fills anew
 * @param {{ twice: boolean, build: () => Promise<unknown>, forget?: () => void }} how forget: what the second build must not find
 * @returns {Promise<{ artefacts: Artefact[], reproducible?: boolean }>}
 */
export async function artefacts(out, { twice, build, forget }) {
  await build();
  const first = list(out);
  if (!twice) return { artefacts: first };
  forget?.();
  await build();
  return { artefacts: first, reproducible: JSON.stringify(first) === JSON.stringify(list(out)) };
}

/**
 * The same for packages that hold the engine, which a second build compiles from nothing.
 * @param {string} packages @param {import("./package-options.mjs").PackageOptions} options @param {() => Promise<unknown>} build
 * @returns {Promise<number>} exit code
 */
export async function portablePackages(packages, { out, twice }, build) {
  const { forgetPortable } = await import("./portable.mjs");
  return report(packages, await artefacts(out, { twice, build, forget: forgetPortable }));
}

/** @param {string} out @returns {Artefact[]} */
function list(out) {
  return readdirSync(out)
    .sort()
    .map((file) => {
      const bytes = readFileSync(join(out, file));
      return { file, bytes: bytes.length, sha256: createHash("sha256").update(bytes).digest("hex") };
    });
}

/** Says what was built; the last line is one JSON object. @param {string} packages @param {Awaited<ReturnType<typeof artefacts>>} built @returns {number} exit code */
export function report(packages, built) {
  for (const { file, bytes, sha256 } of built.artefacts) process.stdout.write(`${sha256}  ${file}  ${bytes} bytes\n`);
  process.stdout.write(`${JSON.stringify({ packages, ...built })}\n`);
  return built.reproducible === false ? 1 : 0;
}
