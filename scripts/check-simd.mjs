/**
 * Looks into the built addon: AVX2 code must be there, fused multiply-add must not (it would change bits between CPUs), and no vector
 * operation may be a call (one missing `#[inline(always)]` makes the engine 40 times slower with the same results and green tests).
 * Prints one JSON line; skipped, saying so, where there is no objdump or the machine is not x86-64.
 */
import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const addon = join(dirname(dirname(fileURLToPath(import.meta.url))), "bridge/native/engine.node");

function check() {
  if (process.arch !== "x64") return { skipped: `the check knows x86-64 only, this is ${process.arch}` };
  const run = spawnSync("objdump", ["-d", "--no-show-raw-insn", addon], { encoding: "utf8", maxBuffer: 1 << 30 });
  if (run.error) return { skipped: `objdump cannot be run (${run.error.message}): install binutils` };
  if (run.status !== 0) return { failed: `objdump ${addon}: ${run.stderr.trim()}; run \`npm run build\` first` };
  const count = (/** @type {RegExp} */ pattern) => run.stdout.match(pattern)?.length ?? 0;
  const found = {
    avx2_multiplications: count(/\bvmulpd\s.*%ymm/g),
    avx2_integer_shifts: count(/\bvpsrlq\s.*%ymm/g),
    // Only the exponential of eight lanes shifts to the left: 2^k is put into the exponent's place.
    avx2_left_shifts: count(/\bvpsllq\s.*%ymm/g),
    fused: count(/\bvfn?m(?:add|sub)\w*\s/g),
    vector_calls: count(/\bcall\s.*core_arch.*_mm/g),
  };
  const good =
    found.avx2_multiplications >= 50 &&
    found.avx2_integer_shifts >= 10 &&
    found.avx2_left_shifts >= 10 &&
    found.fused === 0 &&
    found.vector_calls === 0;
  return good ? found : { failed: "the addon's vector code is not as it must be", ...found };
}

const result = check();
console.log(JSON.stringify({ check: "simd", ...result }));
process.exitCode = "failed" in result ? 1 : 0;
