/** A live bot as the daemon sees one: it sends candles, and asks about entries, several times a second. */

import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { Packr, Unpackr } from "msgpackr";
import { Dealer } from "zeromq";
import { OP, REASON } from "../../bridge/dist/protocol/codes.js";

const CANDLE_MS = 300_000;
const ROWS = 700;
const EVERY_MS = 200;
/** Of a size, in 1024ths. */
const WHOLE = 1024;

/** @param {string} dir of a daemon that runs @returns {Promise<{ stop(): Promise<void> }>} */
export async function startBot(dir) {
  const gate = connect(join(dir, "gate.sock"));
  const batch = connect(join(dir, "batch.sock"));
  const hello = { client: "check", minor: 0, run_mode: "live", session: "check", settings: { timeframe_s: 300 } };
  const { handle } = Object(await gate.ask([OP.hello, hello]));
  await gate.ask([OP.portfolio, handle, 1, Date.now(), 1000, [], []]);
  const params = { profile: "aggressive", window_set: "compact", timeframe_s: 300 };
  let stopped = false;
  let asked = 0;
  const running = (async () => {
    while (!stopped) {
      const open_ms = Math.floor(Date.now() / CANDLE_MS) * CANDLE_MS - CANDLE_MS;
      await batch.ask([OP.annotate, ROWS, 6, params], candles(open_ms));
      // One in ten signals is a jump: denied, and far from starving.
      asked += 1;
      const verdict = asked % 10 === 0 ? [0, REASON.jump, 7] : [WHOLE, REASON.ok, Number.NaN];
      await gate.ask([OP.gate, handle, 1, 0, `P${asked % 100}/X`, open_ms, Date.now(), ...verdict, 50, 5, 1, 1.5]);
      await setTimeout(EVERY_MS);
    }
  })();
  // Told by stop(), not as a rejection nobody handled while something else is waited for.
  running.catch(() => undefined);
  return {
    async stop() {
      stopped = true;
      await running;
      gate.close();
      batch.close();
    },
  };
}

/** @param {string} path */
function connect(path) {
  const packr = new Packr({ useRecords: false });
  const unpackr = new Unpackr({ useRecords: false });
  const socket = new Dealer({ linger: 0, sendTimeout: 5000, receiveTimeout: 5000 });
  socket.connect(`ipc://${path}`);
  let id = 0;
  return {
    /** @param {readonly unknown[]} words operation and body @param {readonly Buffer[]} blocks @returns {Promise<unknown>} the body's first part */
    async ask([op, ...body], ...blocks) {
      id += 1;
      await socket.send([packr.pack([1, op, id, ...body]), ...blocks]);
      const [head] = await socket.receive();
      const [, , status, first] = unpackr.unpack(head ?? Buffer.alloc(0));
      if (status !== 0) throw new Error(`operation ${op} was answered with status ${status}: ${JSON.stringify(first)}`);
      return first;
    },
    close: () => socket.close(),
  };
}

/** Quiet candles as one column-major block. @param {number} last_ms when the last one opened */
function candles(last_ms) {
  const price = (/** @type {number} */ i) => 100 * (1 + 0.002 * Math.sin(i * 1.7) + 0.001 * Math.sin(i * 0.31));
  const columns = new Float64Array(6 * ROWS);
  for (let i = 0; i < ROWS; i++) {
    const [open, close] = [price(i), price(i + 1)];
    const row = [
      last_ms - (ROWS - 1 - i) * CANDLE_MS,
      open,
      Math.max(open, close) * 1.001,
      Math.min(open, close) * 0.999,
    ];
    for (const [column, value] of [...row, close, 10 + (i % 7)].entries()) columns[column * ROWS + i] = value;
  }
  return Buffer.from(columns.buffer);
}
