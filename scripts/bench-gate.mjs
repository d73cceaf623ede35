/**
 * `npm run bench:gate`: what asking the gate costs, beside the floor ZeroMQ itself sets.
 *
 * One Python client asks a real daemon and a libzmq echo in C (bench/echo/echo.c) in turns: same client code, same
 * message sizes, same run. Ratios are what to compare between machines; microseconds are this machine's.
 * The last line of stdout is one JSON object. Exit codes: 0 done, 1 failed, 2 something has to be installed first.
 */

import { bench, besideEcho, machine, round } from "./lib/bench.mjs";

/** @typedef {{ p50_us: number, p99_us: number, p999_us: number }} Percentiles */
/** @typedef {{ gate: Percentiles, echo: Percentiles }} Pair */
/**
 * @typedef {object} Measured
 * @property {number} rounds
 * @property {{ request: number, reply: number }} bytes
 * @property {Record<string, Pair>} gaps bare pyzmq, by gap in ms
 * @property {Pair} shim the shim's whole client, hot
 * @property {{ p50_us: number, p99_us: number }} fifty one message of fifty questions, per question
 */

/** @param {Pair | undefined} pair */
function ratios(pair) {
  if (pair === undefined) throw new Error("the client left a measurement out");
  /** @param {keyof Percentiles} key */
  const ratio = (key) => round(pair.gate[key] / pair.echo[key]);
  return { p50_ratio: ratio("p50_us"), p99_ratio: ratio("p99_us"), ...pair.gate };
}

/** @param {Measured} measured */
function table(measured) {
  const lines = [
    `${machine()}; ${measured.rounds} rounds in turns, pooled; microseconds`,
    "gap between calls       gate p50   p99  p99.9   echo p50   p99  p99.9   p50 ratio  p99 ratio",
  ];
  /** @param {Percentiles} of */
  const cells = (of) =>
    [of.p50_us, of.p99_us, of.p999_us].map((value, at) => value.toFixed(0).padStart(at === 0 ? 8 : 6)).join("");
  /**
   * @param {string} name
   * @param {Pair} pair
   */
  const row = (name, pair) => {
    const { p50_ratio, p99_ratio } = ratios(pair);
    const numbers = `${cells(pair.gate)}    ${cells(pair.echo)}`;
    lines.push(`${name.padEnd(24)}${numbers}${p50_ratio.toFixed(2).padStart(12)}${p99_ratio.toFixed(2).padStart(11)}`);
  };
  for (const [gap, pair] of Object.entries(measured.gaps)) row(gap === "0" ? "none" : `${gap} ms`, pair);
  row("none, whole shim client", measured.shim);
  const { p50_us, p99_us } = measured.fifty;
  lines.push(`fifty questions in one message: ${p50_us} µs each (p50), ${p99_us} µs each (p99)`);
  return lines.join("\n");
}

await bench("gate", async (folder) => {
  const measured = /** @type {Measured} */ (await besideEcho(folder, "gate/client.py"));
  process.stdout.write(`${table(measured)}\n`);
  return {
    hot: ratios(measured.gaps["0"]),
    gap_2ms: ratios(measured.gaps["2"]),
    gap_20ms: ratios(measured.gaps["20"]),
    gate50_us_each: measured.fifty.p50_us,
    gate50_p99_us_each: measured.fifty.p99_us,
    shim: ratios(measured.shim),
    base_us: measured.gaps["0"]?.echo.p50_us,
    rounds: measured.rounds,
    bytes: measured.bytes,
  };
});
