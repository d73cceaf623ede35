/**
 * Answers the messages of batch.sock. Frames are computed by the addon off the JavaScript thread, a few at a time; a bounded number waits, and
 * the rest is told `busy`, so that neither memory nor the gate's latency depends on how much is asked.
 */

import type { LoadedEngine } from "../engine/engine.js";
import type { Counters } from "../metrics/counters.js";
import { STATUS } from "../protocol/codes.js";
import { type BatchSocketMessage, decodeBatchSocket } from "../wire/decode.js";
import { type ErrorReply, encodeAnnotate, encodeError, encodeHello } from "../wire/encode.js";
import type { HelloRequest } from "../wire/messages.js";
import { helloReply, type Identity, resolveHello, settingsError } from "./hello.js";

export interface BatchServiceParts {
  readonly engine: LoadedEngine;
  readonly counters: Counters;
  readonly identity: Identity;
  /** Whether live bots are refused. */
  readonly private: boolean;
  readonly batches_in_flight: number;
  readonly batch_queue: number;
  readonly batch_bytes: number;
}

type Annotate = Extract<BatchSocketMessage, { op: "annotate" }>;
type Reply = (frames: Buffer[]) => void;
interface Waiting {
  readonly message: Annotate;
  readonly reply: Reply;
}

export class BatchService {
  private readonly parts: BatchServiceParts;
  private readonly queue: Waiting[] = [];
  private queued_bytes = 0;
  private running = 0;

  constructor(parts: BatchServiceParts) {
    this.parts = parts;
  }

  /** Calls `reply` exactly once, now or later. @param frames after the routing id */
  handle(frames: readonly Buffer[], reply: Reply): void {
    const decoded = decodeBatchSocket(frames, this.parts.batch_bytes);
    if (!decoded.ok) {
      this.parts.counters.add("messages_malformed");
      reply([this.error(decoded.error)]);
      return;
    }
    const message = decoded.message;
    this.parts.counters.add(`requests_${message.op}`);
    if (message.op === "hello") reply([this.hello(message)]);
    else this.admit({ message, reply });
  }

  private admit(waiting: Waiting): void {
    const { batches_in_flight, batch_queue, batch_bytes } = this.parts;
    if (this.running < batches_in_flight) {
      void this.run(waiting);
      return;
    }
    const bytes = waiting.message.block.length;
    if (this.queue.length >= batch_queue || this.queued_bytes + bytes > batch_bytes) {
      this.parts.counters.add("batches_busy");
      const text = `${this.running} frames are being annotated and ${this.queue.length} wait: try again in a moment`;
      waiting.reply([this.error({ id: waiting.message.id, status: STATUS.busy, message: text, detail: {} })]);
      return;
    }
    this.queue.push(waiting);
    this.queued_bytes += bytes;
  }

  private async run({ message, reply }: Waiting): Promise<void> {
    this.running += 1;
    let frames: Buffer[];
    try {
      frames = await this.annotate(message);
    } catch (error) {
      this.parts.counters.add("handler_errors");
      const text = `the engine failed on this frame: ${error instanceof Error ? error.message : String(error)}`;
      frames = [this.error({ id: message.id, status: STATUS.internal, message: text, detail: {} })];
    }
    this.running -= 1;
    const next = this.queue.shift();
    if (next !== undefined) {
      this.queued_bytes -= next.message.block.length;
      void this.run(next);
    }
    reply(frames);
  }

  private async annotate({ id, rows, engine: params, block }: Annotate): Promise<Buffer[]> {
    const { engine, counters } = this.parts;
    const checked = engine.validateParams(params);
    if (!checked.ok) return [this.error(settingsError(id, checked.violations))];
    const result = await engine.annotate(checked.params, block, rows);
    if (result.ok) {
      counters.add("batch_rows", rows);
      return [encodeAnnotate(id, rows, engine.columns.length, checked.fingerprint), result.block];
    }
    const { code, row, column, message } = result;
    const status = code === "bad_input" ? STATUS.bad_input : code === "params" ? STATUS.settings : STATUS.internal;
    return [this.error({ id, status, message, detail: { row, column, message } })];
  }

  private hello(message: HelloRequest): Buffer {
    const { engine, identity } = this.parts;
    const resolution = resolveHello(message, engine, this.parts.private);
    if (!resolution.ok) return this.error(settingsError(message.id, resolution.violations));
    const nothing = { handle: 0, seq: 0, samples_until_ms: 0 };
    return encodeHello(message.id, helloReply(identity, engine, resolution, nothing));
  }

  private error(error: ErrorReply): Buffer {
    this.parts.counters.add("replies_error");
    return encodeError(error);
  }
}
