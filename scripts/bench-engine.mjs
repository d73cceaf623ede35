/** Runs the engine's bench (engine-rs/benches/engine_json.rs); the last line of stdout is one JSON object. */
import { spawnSync } from "node:child_process";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const run = spawnSync("cargo", ["bench", "--quiet", "--locked", "-p", "talebridge-engine", "--bench", "engine_json"], {
  cwd: root,
  stdio: "inherit",
});
if (run.error) console.error(`cannot run cargo: ${run.error.message}; install stable Rust from https://rustup.rs`);
process.exitCode = run.status ?? 1;
