/**
 * Runs the engine's addon over a block of candles, as the peers' bench and its test do.
 *
 * usage: node engine.mjs BLOCK ROWS OUT ROUNDS
 * BLOCK holds seven float64 columns one after the other; OUT receives the engine's columns in the same form. Prints one JSON object: the columns' names
 * and the nanoseconds per candle of every round. Run it with RAYON_NUM_THREADS=1 to time one thread.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";

const [block, rows, out, rounds] = process.argv.slice(2);
if (block === undefined || out === undefined || rounds === undefined) {
  console.error("usage: node engine.mjs BLOCK ROWS OUT ROUNDS");
  process.exit(2);
}
const engine = createRequire(import.meta.url)("../../bridge/native/engine.node");
const params = JSON.stringify({ profile: "aggressive", window_set: "standard", timeframe_s: 300 });
const candles = new Uint8Array(readFileSync(block));
const ns_per_candle = [];
for (let round = 0; round < Number(rounds); round++) {
  const start = process.hrtime.bigint();
  const result = await engine.annotate(params, candles, Number(rows));
  ns_per_candle.push(Number(process.hrtime.bigint() - start) / Number(rows));
  if (!result.ok) throw new Error(result.message);
  if (round === 0) writeFileSync(out, result.block);
}
/** @type {readonly { name: string }[]} */
const manifest = JSON.parse(engine.columnsManifest());
const columns = manifest.map(({ name }) => name);
console.log(JSON.stringify({ columns, ns_per_candle }));
