/** One ROUTER socket: receives, hands over, sends. One bad message or one vanished client never ends it. */
import { chmodSync, statSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import type { Logger } from "pino";
import { Router } from "zeromq";
import type { Counters } from "../metrics/counters.js";
import { STATUS } from "../protocol/codes.js";
import { encodeError } from "../wire/encode.js";
import { peekEnvelope } from "../wire/envelope.js";

export interface SocketOptions {
  readonly path: string;
  readonly max_message_bytes: number;
  /** Messages queued per client and direction. */
  readonly high_water_mark: number;
  readonly counters: Counters;
  readonly log: Logger;
  /** Must call `reply` exactly once, now or later, or throw without having called it. */
  readonly handle: (frames: readonly Buffer[], reply: (frames: Buffer[]) => void) => void;
}

const SOCKET_MODE = 0o600;
/** A receive that keeps failing must not keep the processor busy. */
const RETRY_MS = 100;

export class ServerSocket {
  private readonly router: Router;
  private readonly options: SocketOptions;
  private closed = false;
  private loop: Promise<void> = Promise.resolve();

  constructor(options: SocketOptions) {
    this.options = options;
    this.router = new Router({
      linger: 0,
      sendTimeout: 0,
      mandatory: true,
      handshakeInterval: 1000,
      maxMessageSize: options.max_message_bytes,
      receiveHighWaterMark: options.high_water_mark,
      sendHighWaterMark: options.high_water_mark,
    });
  }

  /** Binds with mode 0600 and begins to serve. */
  async start(): Promise<void> {
    const { path } = this.options;
    const umask = process.umask(0o177);
    try {
      await this.router.bind(`ipc://${path}`);
    } finally {
      process.umask(umask);
    }
    if ((statSync(path).mode & 0o777) !== SOCKET_MODE) chmodSync(path, SOCKET_MODE);
    this.loop = this.serve();
  }

  /** Ends the loop and closes the socket. */
  async close(): Promise<void> {
    this.closed = true;
    this.router.close();
    await this.loop;
  }

  private async serve(): Promise<void> {
    while (!this.closed) {
      let frames: Buffer[];
      try {
        frames = await this.router.receive();
      } catch (error) {
        // Closing the socket ends a pending receive with an error, too.
        if (this.closed) return;
        this.options.log.error({ err: error }, "receive failed");
        await setTimeout(RETRY_MS);
        continue;
      }
      this.dispatch(frames);
    }
  }

  private dispatch(frames: Buffer[]): void {
    const [client, ...body] = frames;
    if (client === undefined) return;
    try {
      this.options.handle(body, (reply) => this.send(client, reply));
    } catch (error) {
      this.options.counters.add("handler_errors");
      this.options.log.error({ err: error }, "a request failed");
      this.send(client, [internalError(body)]);
    }
  }

  private send(client: Buffer, reply: Buffer[]): void {
    if (this.closed) return;
    this.router.send([client, ...reply]).catch((error: unknown) => {
      const unroutable = Object(error).code === "EHOSTUNREACH";
      this.options.counters.add(unroutable ? "replies_unroutable" : "replies_dropped");
      if (!unroutable) this.options.log.warn({ err: error }, "a reply could not be sent");
    });
  }
}

/** Every request gets a reply: what a handler throws becomes status internal under the request's id. */
function internalError(frames: readonly Buffer[]): Buffer {
  const peek = frames[0] === undefined ? null : peekEnvelope(frames[0]);
  const id = peek === null ? 0 : peek.ok ? peek.envelope.id : peek.id;
  const message = "the bridge failed on this request and went on; its log has the details";
  return encodeError({ id, status: STATUS.internal, message, detail: {} });
}
