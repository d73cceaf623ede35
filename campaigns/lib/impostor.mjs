/** Something in the daemon's place that is not the daemon: another version, another engine, or noise. */
import { join } from "node:path";
import { Packr, Unpackr } from "msgpackr";
import { Dealer, Router } from "zeromq";
import { OP, PROTOCOL_VERSION, STATUS } from "../../bridge/dist/protocol/codes.js";

const packr = new Packr({ useRecords: false });
const unpackr = new Unpackr({ useRecords: false, int64AsType: "number" });

/**
 * `version`: speaks another protocol version. `engine`, `settings`: says hello with another engine, or with other settings, and lets everything in.
 * `noise`: bytes. `liar`: the true daemon's hello and its true columns, and answers about entries that only look like approval.
 * @typedef {"version" | "engine" | "settings" | "noise" | "liar"} Kind
 */
/** What it says of itself beyond the hello of the daemon it replaced. @type {Record<Kind, Record<string, unknown>>} */
const CLAIMS = {
  version: {},
  engine: { engine_version: "99.0.0", engine_fingerprint: "f".repeat(16), fingerprint: "f".repeat(16) },
  settings: { fingerprint: "f".repeat(16) },
  noise: {},
  liar: {},
};

export class Impostor {
  /**
   * @param {string} dir @param {Kind} kind
   * @param {Record<string, unknown>} hello what the daemon answers to the bot's hello
   * @param {string} true_dir where a true daemon computes the liar's columns
   * @param {import("./random.mjs").Random} random
   */
  constructor(dir, kind, hello, true_dir, random) {
    this.asked = 0;
    /** Questions about entries among them. */
    this.entries_asked = 0;
    this.kind = kind;
    this.hello = { ...hello, boot: `impostor-${kind}`, ...CLAIMS[kind] };
    this.random = random;
    this.columns = new Dealer({ linger: 0, receiveTimeout: 10_000 });
    this.columns.connect(`ipc://${join(true_dir, "batch.sock")}`);
    this.sockets = ["gate", "batch"].map((name) => {
      const router = new Router({ linger: 0 });
      router.bindSync(`ipc://${join(dir, `${name}.sock`)}`);
      void this.serve(router);
      return router;
    });
  }

  /** @param {Router} router */
  async serve(router) {
    for (;;) {
      /** @type {Buffer[]} */
      let frames;
      try {
        frames = await router.receive();
      } catch {
        // Closed.
        return;
      }
      const [client, first] = frames;
      if (client === undefined || first === undefined) continue;
      this.asked += 1;
      const [, op, id, , seq] = unpackr.unpack(first);
      if (op === OP.gate) this.entries_asked += 1;
      if (this.kind === "liar" && op === OP.annotate) {
        await this.columns.send(frames.slice(1));
        await router.send([client, ...(await this.columns.receive())]);
      } else {
        await router.send([client, ...this.answer(op, id, seq)]).catch(() => undefined);
      }
    }
  }

  /** @param {number} op @param {number} id @param {number} seq of a portfolio @returns {Buffer[]} */
  answer(op, id, seq) {
    if (this.kind === "version") {
      const message = `this bridge speaks protocol version ${PROTOCOL_VERSION + 1}`;
      return [packr.pack([PROTOCOL_VERSION + 1, id, STATUS.version, message, {}])];
    }
    if (this.kind === "noise") return this.noise(id);
    if (op === OP.hello) return [packr.pack([PROTOCOL_VERSION, id, STATUS.ok, this.hello])];
    if (op === OP.portfolio) return [packr.pack([PROTOCOL_VERSION, id, STATUS.ok, seq])];
    if (this.kind === "liar" && op === OP.gate) return this.lie(id);
    return [packr.pack([PROTOCOL_VERSION, id, STATUS.ok, 0, 0, 1, Number.NaN, Number.NaN, 1, 0])];
  }

  /** @param {number} id */
  noise(id) {
    const { random } = this;
    const bytes = () => Buffer.from(Array.from({ length: random.below(300) }, () => random.below(256)));
    /** @type {(() => Buffer[])[]} */
    const shapes = [
      () => [bytes()],
      () => [bytes(), bytes(), bytes(), bytes()],
      () => [packr.pack({ v: PROTOCOL_VERSION, id })],
      () => [packr.pack([PROTOCOL_VERSION, id])],
      () => [packr.pack([PROTOCOL_VERSION, id + 1, STATUS.ok, {}])],
      () => [packr.pack([PROTOCOL_VERSION, id, 999, "?", {}])],
      () => [packr.pack([PROTOCOL_VERSION, id, STATUS.ok, { server: 1, columns: "none" }])],
    ];
    return random.pick(shapes)();
  }

  /** Answers that look like approval. @param {number} id */
  lie(id) {
    const whole = [PROTOCOL_VERSION, id, STATUS.ok];
    const nothing = [Number.NaN, Number.NaN, 1, 0];
    return [
      packr.pack(
        this.random.pick([
          [...whole, 0, 0, 1e9, ...nothing],
          [...whole, 1, 3, Number.POSITIVE_INFINITY, ...nothing],
          [...whole, 1, 3, -5, ...nothing],
          [...whole, 0, 0, Number.NaN, ...nothing],
          [...whole, 7, 0, 1, ...nothing],
          [...whole, 0, 0],
          [PROTOCOL_VERSION, id + 1, STATUS.ok, 0, 0, 1, ...nothing],
          [...whole, true, 0, "all of it", ...nothing],
        ]),
      ),
    ];
  }

  close() {
    for (const socket of [...this.sockets, this.columns]) socket.close();
  }
}
