/**
 * `npm run bench:load`: many clients at the gate, the frames of 300 pairs, the daemon's memory over two million questions and twenty thousand
 * frames, and how long it takes from nothing to the first answer. `--scale 0.1` shortens the soak to a tenth.
 * The last line of stdout is one JSON object. Exit codes: 0 done, 1 failed, 2 something has to be installed first.
 */

import { join } from "node:path";
import { parseArgs } from "node:util";
import { Packr } from "msgpackr";
import { Dealer } from "zeromq";
import { bench, launchDaemon, machine, round, runClient } from "./lib/bench.mjs";

const COLD_STARTS = 9;
const TIMEFRAME_MS = 300_000;
const OP = { hello: 0, gate: 1, portfolio: 4 };

/** @typedef {{ gates_per_s: number, fairness: number, slowest_share: number, clients: number, pairs300_s: number, pairs300_engine_s: number, rows: number, rss_mb: number, rss_growth: number, rss_first_mb: number, rss_last_mb: number, rss_most_mb: number, soak_gates: number, soak_frames: number, soak_s: number }} Measured */

/**
 * From starting the process to its first answer to a question, in ms. The client is there before the daemon is and connects as soon as it can.
 * @param {string} dir
 */
async function coldStart(dir) {
  const packr = new Packr({ useRecords: false });
  const client = new Dealer({ linger: 0, receiveTimeout: 20_000, reconnectInterval: 1 });
  const began = performance.now();
  const daemon = launchDaemon(dir, join(dir, "journal"));
  client.connect(`ipc://${join(dir, "gate.sock")}`);
  try {
    const open_ms = Math.floor(Date.now() / TIMEFRAME_MS - 1) * TIMEFRAME_MS;
    const settings = { timeframe_s: TIMEFRAME_MS / 1000 };
    const question = [0, "BTC/USDT", open_ms, open_ms + TIMEFRAME_MS, 1024, 0, 1.5, 250.5, 5.5, 1.5, 43_250.5];
    const messages = [
      [OP.hello, 1, { client: "bench/1", minor: 1, run_mode: "live", session: "cold", settings }],
      [OP.portfolio, 2, 1, 1, open_ms, 10_000, [], []],
      [OP.gate, 3, 1, 1, ...question],
    ];
    for (const message of messages) {
      await client.send(packr.pack([1, ...message]));
      await client.receive();
    }
    return performance.now() - began;
  } finally {
    client.close();
    await daemon.ready;
    await daemon.stop();
  }
}

await bench("load", async (folder) => {
  const { values } = parseArgs({ options: { scale: { type: "string", default: "1" } } });
  const starts = [];
  for (let i = 0; i < COLD_STARTS; i++) starts.push(await coldStart(join(folder, `cold-${i}`)));
  starts.sort((a, b) => a - b);
  const cold_start_ms = round(starts[COLD_STARTS >> 1] ?? Number.NaN, 0);

  const sockets = join(folder, "run");
  const daemon = launchDaemon(sockets, join(folder, "journal"));
  try {
    await daemon.ready;
    const args = ["--dir", sockets, "--pid", String(daemon.pid), "--scale", values.scale];
    const measured = /** @type {Measured} */ (await runClient("load/client.py", args));
    const { gates_per_s, fairness, pairs300_s, rss_mb, rss_first_mb, rss_last_mb } = measured;
    process.stdout.write(
      `${machine()}
${measured.clients} clients: ${gates_per_s} gates/s, the fastest client ${fairness} times the median
300 pairs × ${measured.rows} rows: ${pairs300_s} s, of which the engine ${measured.pairs300_engine_s} s; resident ${rss_mb} MB
${measured.soak_gates} gates and ${measured.soak_frames} frames in ${measured.soak_s} s: resident ${rss_first_mb} MB at first, ${rss_last_mb} MB at last
cold start to first answer: ${cold_start_ms} ms (median of ${COLD_STARTS})
`,
    );
    return { ...measured, cold_start_ms };
  } finally {
    await daemon.stop();
  }
});
