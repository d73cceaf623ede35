/**
 * Who may connect over tcp: answers libzmq's authentication requests (ZAP, ZeroMQ RFC 27) on the in-process endpoint of the daemon's own context.
 * libzmq has checked by then that the client holds the secret half of its key; here its public half is looked up.
 */
import { setTimeout } from "node:timers/promises";
import type { Logger } from "pino";
import { type Context, Reply } from "zeromq";
import { FIXED } from "../limits.js";
import { encodeZ85 } from "./z85.js";

const ENDPOINT = "inproc://zeromq.zap.01";
const VERSION = "1.0";
const MECHANISM = "CURVE";
const KEY_BYTES = 32;
/** Of many refusals one in this time is logged, with the number of those left out. */
const LOG_EVERY_MS = FIXED.refusal_log_ms;
/** A receive that keeps failing must not keep the processor busy. */
const RETRY_MS = 100;

export interface ZapOptions {
  readonly context: Context;
  /** Name of the client of a public key; null: refuse. */
  readonly nameOf: (public_key: string) => string | null;
  readonly log: Logger;
  /** Monotonic milliseconds. */
  readonly clock: () => number;
  readonly onRefused: () => void;
}

export class ZapHandler {
  private readonly socket: Reply;
  private readonly options: ZapOptions;
  private closed = false;
  private loop: Promise<void> = Promise.resolve();
  private last_log_ms = Number.NEGATIVE_INFINITY;
  private left_out = 0;

  constructor(options: ZapOptions) {
    this.options = options;
    this.socket = new Reply({ context: options.context, linger: 0 });
  }

  /** Begins to answer. Must have begun before the first server socket of the context is bound. */
  async start(): Promise<void> {
    await this.socket.bind(ENDPOINT);
    this.loop = this.serve();
  }

  async close(): Promise<void> {
    this.closed = true;
    this.socket.close();
    await this.loop;
  }

  private async serve(): Promise<void> {
    while (!this.closed) {
      try {
        const request = await this.socket.receive();
        await this.socket.send(this.answer(request));
      } catch (error) {
        // Closing the socket ends a pending receive with an error, too.
        if (this.closed) return;
        this.options.log.error({ err: error }, "an authentication request failed");
        await setTimeout(RETRY_MS);
      }
    }
  }

  /** @param request version, request id, domain, address, identity, mechanism, credentials */
  private answer(request: readonly Buffer[]): (string | Buffer)[] {
    const [version, id = Buffer.alloc(0), , address, , mechanism, key] = request;
    const asks = String(version) === VERSION && String(mechanism) === MECHANISM && key?.length === KEY_BYTES;
    const known = asks ? this.nameOf(encodeZ85(key)) : null;
    if (known !== null) {
      this.options.log.info({ client: known, address: String(address) }, "client connected");
      return [VERSION, id, "200", "OK", known, ""];
    }
    this.refused(String(address), key);
    return [VERSION, id, "400", "this key is not on the bridge's list", "", ""];
  }

  /** What goes wrong while looking is a refusal: a request without a reply would leave the socket waiting for it, and nobody could come in again. */
  private nameOf(public_key: string): string | null {
    try {
      return this.options.nameOf(public_key);
    } catch (error) {
      this.options.log.error({ err: error }, "the list of clients cannot be asked: refused");
      return null;
    }
  }

  /** The public key is logged: it is no secret, and the owner may want to let it in. */
  private refused(address: string, key: Buffer | undefined): void {
    this.options.onRefused();
    const now_ms = this.options.clock();
    if (now_ms - this.last_log_ms < LOG_EVERY_MS) {
      this.left_out += 1;
      return;
    }
    const public_key = key?.length === KEY_BYTES ? encodeZ85(key) : null;
    this.options.log.warn(
      { address, public_key, not_logged: this.left_out },
      "refused a client whose key is not on the list",
    );
    this.last_log_ms = now_ms;
    this.left_out = 0;
  }
}
