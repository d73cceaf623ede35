/** Clients that do everything right, beside others that do not: each of their questions has one right answer. */
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Packr, Unpackr } from "msgpackr";
import { Dealer } from "zeromq";
import { DECISION, OP, PROTOCOL_VERSION, REASON, STATUS } from "../../bridge/dist/protocol/codes.js";

export const CANDLE_MS = 300_000;
const packr = new Packr({ useRecords: false });
const unpackr = new Unpackr({ useRecords: false, int64AsType: "number" });
/** How long an honest client waits: a machine under a campaign is busy. */
const PATIENCE_MS = 60_000;

/** Open of the newest candle that has closed. */
export function candleOpen(now_ms = Date.now()) {
  return Math.floor(now_ms / CANDLE_MS) * CANDLE_MS - CANDLE_MS;
}

/** Column-major block of quiet candles. @param {number} rows */
export function candles(rows) {
  const block = Buffer.alloc(rows * 6 * 8);
  for (let i = 0; i < rows; i++) {
    const open = 100 * (1 + 0.002 * Math.sin(i * 1.7));
    const close = 100 * (1 + 0.002 * Math.sin((i + 1) * 1.7));
    const row = [
      i * CANDLE_MS,
      open,
      Math.max(open, close) * 1.001,
      Math.min(open, close) * 0.999,
      close,
      10 + (i % 7),
    ];
    row.forEach((value, column) => {
      block.writeDoubleLE(value, (column * rows + i) * 8);
    });
  }
  return block;
}

export class Honest {
  /** @param {string} dir @param {"gate" | "batch"} name */
  constructor(dir, name) {
    // It never reconnects by itself: a question must not reach the next boot under the handle of the last.
    this.socket = new Dealer({
      linger: 0,
      immediate: true,
      sendTimeout: PATIENCE_MS,
      receiveTimeout: PATIENCE_MS,
      reconnectInterval: -1,
    });
    this.socket.connect(`ipc://${join(dir, `${name}.sock`)}`);
    this.id = 0;
  }

  /** @param {number} op @param {readonly unknown[]} body @param {Buffer} [block] @returns {Promise<{ status: number, body: unknown[], block: Buffer | undefined }>} */
  async ask(op, body, block) {
    this.id += 1;
    const head = packr.pack([PROTOCOL_VERSION, op, this.id, ...body]);
    await this.socket.send(block === undefined ? [head] : [head, block]);
    const [first, second] = await this.socket.receive();
    const reply = first === undefined ? null : unpackr.unpack(first);
    if (!Array.isArray(reply) || reply[0] !== PROTOCOL_VERSION || reply[1] !== this.id)
      throw new Error(`a reply that is not to ${this.id}: ${JSON.stringify(reply)}`);
    return { status: Number(reply[2]), body: reply.slice(3), block: second };
  }

  /** @param {string} session @param {string} run_mode @returns {Promise<number>} handle */
  async open(session, run_mode) {
    const { status, body } = await this.ask(OP.hello, [
      { client: "campaign", minor: 0, run_mode, session, settings: { timeframe_s: 300 } },
    ]);
    if (status !== STATUS.ok) throw new Error(`hello of ${session} was answered ${status}: ${String(body[0])}`);
    return Number(Object(body[0]).handle);
  }

  close() {
    this.socket.close();
  }
}

/**
 * Asks until told to stop; every other question is cut to half by its candle.
 * @param {string} dir @param {string} session @param {() => boolean} on @returns {Promise<{ answers: number, slowest_ms: number }>}
 */
export async function askHonestly(dir, session, on) {
  const client = new Honest(dir, "gate");
  const handle = await client.open(session, "backtest");
  await client.ask(OP.portfolio, [handle, 1, candleOpen(), 1_000_000, [], []]);
  let answers = 0;
  let slowest_ms = 0;
  while (on()) {
    const cut = answers % 2 === 1;
    // A candle of its own for each question, so that none is asked again.
    const open_ms = answers * CANDLE_MS;
    const stake = 100 + (answers % 50);
    const question = [
      handle,
      1,
      0,
      "HON/EST",
      open_ms,
      open_ms + CANDLE_MS,
      cut ? 512 : 1024,
      cut ? REASON.jump : 0,
      cut ? 5 : Number.NaN,
      stake,
      5,
      1,
      1.5,
    ];
    const began = performance.now();
    const { status, body } = await client.ask(OP.gate, question);
    slowest_ms = Math.max(slowest_ms, performance.now() - began);
    const wanted = cut ? [DECISION.reduce, REASON.jump, stake / 2] : [DECISION.allow, REASON.ok, stake];
    if (status !== STATUS.ok || wanted.some((value, i) => body[i] !== value)) {
      throw new Error(
        `an honest question was answered ${status} ${JSON.stringify(body)} instead of ${JSON.stringify(wanted)}`,
      );
    }
    answers += 1;
    await sleep(2);
  }
  client.close();
  return { answers, slowest_ms };
}

/** Sends the same frame again and again: the same bits must come back. @param {string} dir @param {() => boolean} on @returns {Promise<{ frames: number }>} */
export async function annotateHonestly(dir, on) {
  const client = new Honest(dir, "batch");
  const rows = 700;
  const block = candles(rows);
  const engine = { profile: "aggressive", window_set: "compact", timeframe_s: 300 };
  /** @type {Buffer | undefined} */
  let first;
  let frames = 0;
  while (on()) {
    const reply = await client.ask(OP.annotate, [rows, 6, engine], block);
    if (reply.status !== STATUS.busy) {
      if (reply.status !== STATUS.ok || reply.block === undefined)
        throw new Error(`an honest frame was answered ${reply.status} ${String(reply.body[0])}`);
      first ??= Buffer.from(reply.block);
      if (!first.equals(reply.block)) throw new Error("the same frame came back with other bits");
      frames += 1;
    }
    await sleep(100);
  }
  client.close();
  return { frames };
}
