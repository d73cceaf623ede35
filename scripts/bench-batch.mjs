/**
 * `npm run bench:batch`: candle frames over the socket, the engine's own time taken off, beside a libzmq echo in C of as many bytes
 * (bench/echo/echo.c); and what frames that stream in cost the gate.
 * The last line of stdout is one JSON object. Exit codes: 0 done, 1 failed, 2 something has to be installed first.
 */

import { bench, besideEcho, machine } from "./lib/bench.mjs";

/** @typedef {{ ratio: number, daemon_ms: number, echo_ms: number }} Compared */
/** @typedef {{ rows_100k: Compared, rows_1m: Compared, gate_p50_ms_during: number, gate_p99_ms_during: number, gate_p999_ms_during: number, frames_during: number, columns: number, rounds: number }} Measured */

await bench("batch", async (folder) => {
  const measured = /** @type {Measured} */ (await besideEcho(folder, "batch/client.py"));
  const { rows_100k, rows_1m, gate_p50_ms_during: p50, gate_p99_ms_during: p99 } = measured;
  /** @param {string} rows @param {Compared} of */
  const line = (rows, of) => `${rows} rows: ${of.daemon_ms} ms, echo ${of.echo_ms} ms, ratio ${of.ratio}\n`;
  process.stdout.write(`${machine()}; ${measured.rounds} rounds in turns; 6 columns in, ${measured.columns} out\n`);
  process.stdout.write(line("  100,000", rows_100k) + line("1,000,000", rows_1m));
  process.stdout.write(`gate while ${measured.frames_during} frames stream in: p50 ${p50} ms, p99 ${p99} ms\n`);
  return measured;
});
