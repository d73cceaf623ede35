/**
 * A ZeroMQ DEALER by hand, on a bare socket: as fast as the bytes go, and free to do what a library does not let one do (half a greeting, half a
 * frame, never reading).
 */
import { once } from "node:events";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/** ZMTP 3.0, NULL mechanism, as client. */
export const GREETING = Buffer.concat([
  Buffer.from([0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 3, 0]),
  Buffer.from("NULL".padEnd(20, "\0")),
  Buffer.alloc(32),
]);
const MORE = 1;
const LONG = 2;
const COMMAND = 4;

/** @param {Buffer} body @param {number} flags */
function frame(body, flags) {
  if (body.length < 256) return Buffer.concat([Buffer.from([flags, body.length]), body]);
  const head = Buffer.alloc(9);
  head[0] = flags | LONG;
  head.writeBigUInt64BE(BigInt(body.length), 1);
  return Buffer.concat([head, body]);
}

/** @param {string} name @param {string} value */
function property(name, value) {
  const size = Buffer.alloc(4);
  size.writeUInt32BE(value.length);
  return Buffer.concat([Buffer.from([name.length]), Buffer.from(name), size, Buffer.from(value)]);
}

const READY = frame(
  Buffer.concat([Buffer.from([5]), Buffer.from("READY"), property("Socket-Type", "DEALER")]),
  COMMAND,
);

/** One message of several frames as bytes. @param {readonly Buffer[]} frames */
export function message(frames) {
  return Buffer.concat(frames.map((body, i) => frame(body, i < frames.length - 1 ? MORE : 0)));
}

/**
 * A connection to a socket file, nothing said yet. The kernel answers EAGAIN when more are waiting to be accepted than the listener lets wait:
 * that is waited for, as libzmq does.
 * @param {string} path
 */
export async function open(path) {
  for (;;) {
    const socket = connect(path);
    try {
      await once(socket, "connect");
      return socket;
    } catch (error) {
      if (Object(error).code !== "EAGAIN") throw error;
      await sleep(1);
    }
  }
}

/** Takes frames apart as they come. */
class Splitter {
  /** @type {Buffer} */
  rest = Buffer.alloc(0);
  /** @type {Buffer[]} */
  frames = [];
  /** Whether the other side has said READY: before that no message may be sent. */
  ready = false;

  /** Whole messages in what has come. @param {Buffer} chunk @returns {Buffer[][]} */
  push(chunk) {
    let bytes = this.rest.length === 0 ? chunk : Buffer.concat([this.rest, chunk]);
    /** @type {Buffer[][]} */
    const messages = [];
    for (;;) {
      const flags = bytes[0] ?? 0;
      const head = flags & LONG ? 9 : 2;
      if (bytes.length < head) break;
      const length = flags & LONG ? Number(bytes.readBigUInt64BE(1)) : (bytes[1] ?? 0);
      if (bytes.length < head + length) break;
      const body = bytes.subarray(head, head + length);
      bytes = bytes.subarray(head + length);
      if (flags & COMMAND) {
        this.ready = true;
        continue;
      }
      this.frames.push(body);
      if (flags & MORE) continue;
      messages.push(this.frames);
      this.frames = [];
    }
    this.rest = bytes;
    return messages;
  }
}

/** A connection with the handshake done. Calls back with each whole message. */
export class RawDealer {
  /** @param {import("node:net").Socket} socket @param {(frames: Buffer[]) => void} onMessage */
  constructor(socket, onMessage) {
    this.socket = socket;
    this.closed = false;
    const splitter = new Splitter();
    let greeted = 0;
    socket.on("data", (chunk) => {
      let bytes = chunk;
      if (greeted < GREETING.length) {
        const take = Math.min(GREETING.length - greeted, bytes.length);
        greeted += take;
        bytes = bytes.subarray(take);
      }
      if (bytes.length > 0) for (const frames of splitter.push(bytes)) onMessage(frames);
    });
    /** @type {Promise<void>} */
    this.ready = new Promise((resolve) => {
      socket.on("close", resolve);
      socket.on("data", () => {
        if (splitter.ready) resolve();
      });
    });
    socket.on("close", () => {
      this.closed = true;
    });
    socket.on("error", () => {
      this.closed = true;
    });
  }

  /** @param {string} path @param {(frames: Buffer[]) => void} onMessage */
  static async connect(path, onMessage) {
    const socket = await open(path);
    const dealer = new RawDealer(socket, onMessage);
    socket.write(Buffer.concat([GREETING, READY]));
    await dealer.ready;
    return dealer;
  }

  /** @param {Buffer} bytes made by {@link message}, one or several */
  write(bytes) {
    this.socket.write(bytes);
  }

  close() {
    this.socket.destroy();
  }
}
