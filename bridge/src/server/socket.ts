/** One ROUTER socket: receives, hands over, sends. One bad message or one vanished client never ends it. */
import { setImmediate, setTimeout } from "node:timers/promises";
import type { Logger } from "pino";
import { type Context, Router } from "zeromq";
import { type Endpoint, showEndpoint } from "../config/endpoint.js";
import { FIXED } from "../limits.js";
import type { Counters } from "../metrics/counters.js";
import { failedRequest } from "./failed_request.js";
import { FairQueue } from "./fair_queue.js";
import { bindPrivately } from "./private_socket.js";
import { Sparse } from "./sparse.js";
import { RETRY_MS, TURN_MS } from "./turn.js";

/** Where to listen: a file that its owner alone may open, or tcp, with CURVE unless that is said to be insecure. */
export type Address =
  | { readonly transport: "ipc"; readonly path: string }
  | { readonly transport: "tcp"; readonly endpoint: Endpoint; readonly curve: CurveServer | null };

/** What encrypts a tcp socket. Clients are let in by the ZAP handler of `context`. */
export interface CurveServer {
  readonly context: Context;
  /** Z85. */
  readonly secret_key: string;
}

export interface SocketOptions {
  readonly address: Address;
  readonly max_message_bytes: number;
  /** Messages queued per client and direction. */
  readonly high_water_mark: number;
  readonly counters: Counters;
  readonly log: Logger;
  /** Told of every connection accepted. */
  readonly onAccepted: () => void;
  /** Messages taken in to decide whose turn it is; 1: each is handled as it comes. */
  readonly intake: number;
  /** Must call `reply` exactly once, now or later, or throw without having called it. `client`: one per connection. */
  readonly handle: (frames: readonly Buffer[], reply: (frames: Buffer[]) => void, client: string) => void;
}

/** Over a network a handshake takes several round trips and one look at the list of clients. */
const TCP_HANDSHAKE_MS = FIXED.tcp_handshake_ms;
/** A peer behind a broken network is let go of after this. */
const TCP_HEARTBEAT = { heartbeatInterval: 5000, heartbeatTimeout: FIXED.tcp_silence_ms, tcpKeepalive: 1 } as const;
/** Enforced: without an answer from the handler of clients nobody comes in. */
const ZAP_DOMAIN = "talebridge";

export class ServerSocket {
  private router: Router;
  private readonly options: SocketOptions;
  private readonly sparse = new Sparse();
  private readonly queue: FairQueue<Buffer[]>;
  private closed = false;
  private dropping: Promise<void> | null = null;
  private loop: Promise<void> = Promise.resolve();

  constructor(options: SocketOptions) {
    this.options = options;
    const { intake } = options;
    this.queue = new FairQueue({ items: intake, items_per_client: intake, cost: Number.POSITIVE_INFINITY });
    this.router = newRouter(options);
  }

  /** Binds, a file with mode 0600, and begins to serve. */
  start(): void {
    this.bind(this.wanted);
    this.loop = this.serve();
  }

  /** Drops every connection and listens again. Clients connect anew; what they had asked is not answered. */
  dropConnections(): Promise<void> {
    this.dropping ??= this.replaceRouter().finally(() => {
      this.dropping = null;
    });
    return this.dropping;
  }

  /**
   * A new socket takes the old one's place: libzmq closes what a listener has accepted together with the listener, but zeromq.js 6.8 unbinds only on
   * another thread, while this one may look at the same socket for a message (its `unbindSync` binds once more). A closed socket leaves its file to
   * the next one, which removes it when it binds.
   */
  private async replaceRouter(): Promise<void> {
    const { endpoint, router } = this;
    this.router = newRouter(this.options);
    router.close();
    while (!this.closed) {
      try {
        this.bind(endpoint);
        return;
      } catch (error) {
        this.sparse.say("bind", () => this.options.log.error({ err: error, endpoint }, "cannot listen again yet"));
        await setTimeout(RETRY_MS);
      }
    }
  }

  private bind(endpoint: string): void {
    const { address } = this.options;
    if (address.transport === "ipc") bindPrivately(address.path, () => this.router.bindSync(this.wanted));
    else this.router.bindSync(endpoint);
  }

  /** Where it is to listen. */
  get wanted(): string {
    const { address } = this.options;
    return address.transport === "ipc" ? `ipc://${address.path}` : `tcp://${showEndpoint(address.endpoint)}`;
  }

  /** Where it listens, with the port that was taken if any would do. */
  get endpoint(): string {
    return this.router.lastEndpoint ?? "";
  }

  /** Ends the loop and closes the socket. */
  async close(): Promise<void> {
    this.closed = true;
    this.router.close();
    await this.loop;
  }

  private async serve(): Promise<void> {
    let turn_ms = performance.now();
    while (!this.closed) {
      const { size } = this.queue;
      if (size > 0 && (size >= this.options.intake || !this.router.readable)) {
        this.dispatch(this.queue.next() ?? []);
      } else {
        let frames: Buffer[];
        const { router } = this;
        try {
          frames = await router.receive();
        } catch (error) {
          // Closing the socket ends a pending receive with an error, too.
          if (this.closed) return;
          if (router !== this.router) continue;
          this.sparse.say("receive", () => this.options.log.error({ err: error }, "receive failed"));
          await setTimeout(RETRY_MS);
          continue;
        }
        this.take(frames);
      }
      // A receive that finds a message waiting does not give way: timers, signals and the other sockets have to be let in.
      if (performance.now() - turn_ms > TURN_MS) {
        await setImmediate();
        turn_ms = performance.now();
      }
    }
  }

  /** Handles a message that came alone; one of several waits for its turn. */
  private take(frames: Buffer[]): void {
    const alone = this.queue.size === 0 && (this.options.intake === 1 || !this.router.readable);
    // What a message costs shows in its length: questions in a message, positions in a portfolio.
    if (alone || !this.queue.push(nameOf(frames[0]), bytesOf(frames), frames)) this.dispatch(frames);
  }

  private dispatch(frames: Buffer[]): void {
    const [client, ...body] = frames;
    if (client === undefined) return;
    try {
      this.options.handle(body, (reply) => this.send(client, reply), nameOf(client));
    } catch (error) {
      this.send(client, [failedRequest(error, body, this.options, this.sparse)]);
    }
  }

  private send(client: Buffer, reply: Buffer[]): void {
    if (this.closed) return;
    this.router.send([client, ...reply]).catch((error: unknown) => {
      const unroutable = Object(error).code === "EHOSTUNREACH";
      this.options.counters.add(unroutable ? "replies_unroutable" : "replies_dropped");
      if (unroutable) return;
      this.sparse.say("send", (left_out) =>
        this.options.log.warn({ err: error, left_out }, "a client does not read its replies: dropped"),
      );
    });
  }
}

function newRouter({ address, max_message_bytes, high_water_mark, onAccepted }: SocketOptions): Router {
  const router = new Router({
    linger: 0,
    sendTimeout: 0,
    mandatory: true,
    handshakeInterval: 1000,
    maxMessageSize: max_message_bytes,
    receiveHighWaterMark: high_water_mark,
    sendHighWaterMark: high_water_mark,
    ...(address.transport === "tcp" ? tcpOptions(address) : {}),
  });
  router.events.on("accept", onAccepted);
  return router;
}

/** A routing id as a key. */
function nameOf(client: Buffer | undefined): string {
  return client?.toString("latin1") ?? "";
}

function bytesOf(frames: readonly Buffer[]): number {
  let bytes = 0;
  for (const frame of frames) bytes += frame.length;
  return bytes;
}

function tcpOptions({ endpoint, curve }: Extract<Address, { transport: "tcp" }>) {
  return {
    ...TCP_HEARTBEAT,
    handshakeInterval: TCP_HANDSHAKE_MS,
    ipv6: endpoint.host.includes(":"),
    ...(curve === null
      ? {}
      : {
          context: curve.context,
          curveServer: true,
          curveSecretKey: curve.secret_key,
          zapDomain: ZAP_DOMAIN,
          zapEnforceDomain: true,
        }),
  };
}
