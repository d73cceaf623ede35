/**
 * A plain UNIX stream into the gate, for private daemons: a backtest asks one question after the other, and ZeroMQ wakes three threads for each way
 * where this wakes one. The same messages and the same answers as on the gate socket, told apart by their lengths (frames.ts).
 */
import { rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { setTimeout } from "node:timers/promises";
import type { Logger } from "pino";
import { FIXED } from "../limits.js";
import type { Counters } from "../metrics/counters.js";
import { failedRequest } from "./failed_request.js";
import { bindPrivately } from "./private_socket.js";
import { Sparse } from "./sparse.js";
import { StreamClient, type StreamClientParts } from "./stream_client.js";
import { RETRY_MS } from "./turn.js";

export interface ServerStreamOptions {
  readonly path: string;
  readonly counters: Counters;
  readonly log: Logger;
  /** Told of every connection accepted. */
  readonly onAccepted: () => void;
  /** The reply to one message, of one frame; may throw. */
  readonly answer: (frames: readonly Buffer[]) => Buffer;
}

export class ServerStream {
  private readonly options: ServerStreamOptions;
  private readonly sparse = new Sparse();
  private readonly clients = new Set<StreamClient>();
  private readonly parts: StreamClientParts;
  private server: Server | null = null;
  private closed = false;
  private dropping: Promise<void> | null = null;

  constructor(options: ServerStreamOptions) {
    this.options = options;
    this.parts = {
      answer: (message) => this.answer(message),
      onRefused: (length) => this.refuse(length),
      onLost: (replies) => {
        // Not those this side gave up itself, as ZeroMQ does not count them either.
        if (this.dropping === null && !this.closed) options.counters.add("replies_unroutable", replies);
      },
    };
  }

  /** Where it is to listen. */
  get wanted(): string {
    return this.options.path;
  }

  /** Listens, at a file with mode 0600, and begins to serve. */
  start(): Promise<void> {
    return this.listen();
  }

  /** Drops every connection and listens again. Clients connect anew; what they had asked is not answered. */
  dropConnections(): Promise<void> {
    this.dropping ??= this.replaceServer().finally(() => {
      this.dropping = null;
    });
    return this.dropping;
  }

  /** Drops every connection and removes the file. */
  async close(): Promise<void> {
    this.closed = true;
    await this.shut();
  }

  private async replaceServer(): Promise<void> {
    await this.shut();
    while (!this.closed) {
      try {
        await this.listen();
        return;
      } catch (error) {
        this.sparse.say("bind", () =>
          this.options.log.error({ err: error, path: this.wanted }, "cannot listen again yet"),
        );
        await setTimeout(RETRY_MS);
      }
    }
  }

  /** Resolves when it listens, or has been closed meanwhile. */
  private async listen(): Promise<void> {
    const { path, log } = this.options;
    // As ZeroMQ does: what is there is nobody's, for the lock of the directory is held.
    rmSync(path, { force: true });
    const server = createServer({ highWaterMark: FIXED.stream_unread_bytes });
    server.maxConnections = FIXED.stream_connections;
    server.on("connection", (socket) => this.accept(socket));
    server.on("drop", () =>
      this.sparse.say("crowd", (left_out) =>
        log.warn({ most: server.maxConnections, left_out }, "too many connections to gate.stream: closed"),
      ),
    );
    this.server = server;
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.once("close", () => resolve());
      server.once("listening", () => {
        server.on("error", (error) =>
          this.sparse.say("accept", (left_out) => log.error({ err: error, left_out }, "a connection was not accepted")),
        );
        resolve();
      });
      // Node makes the file before this returns, and tells of it later.
      bindPrivately(path, () => server.listen(path));
    });
  }

  private async shut(): Promise<void> {
    const { server } = this;
    this.server = null;
    for (const client of this.clients) client.drop();
    if (server === null) return;
    // libuv removes the file at once, before another takes its place; the rest is waited for.
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
    });
  }

  private accept(socket: Socket): void {
    const client = new StreamClient(socket, this.parts);
    this.clients.add(client);
    socket.once("close", () => this.clients.delete(client));
    this.options.onAccepted();
  }

  private answer(message: Buffer): Buffer {
    const frames = [message];
    try {
      return this.options.answer(frames);
    } catch (error) {
      return failedRequest(error, frames, this.options, this.sparse);
    }
  }

  private refuse(length: number): void {
    this.options.counters.add("messages_malformed");
    this.sparse.say("length", (left_out) =>
      this.options.log.warn({ length, left_out }, "a client of gate.stream sent a length no message has: dropped"),
    );
  }
}
