/**
 * Answers the messages of batch.sock. Frames are computed by the addon off the JavaScript thread, a few at a time; a bounded number waits, and
 * the rest is told `busy`, so that neither memory nor the gate's latency depends on how much is asked.
 */

import type { LoadedEngine } from "../engine/engine.js";
import { FIXED } from "../limits.js";
import type { Counters } from "../metrics/counters.js";
import { STATUS } from "../protocol/codes.js";
import { type BatchSocketMessage, decodeBatchSocket } from "../wire/decode.js";
import { type ErrorReply, encodeAnnotate, encodeError, encodeHello } from "../wire/encode.js";
import type { HelloRequest } from "../wire/messages.js";
import { isLate, lateError } from "./deadline.js";
import { FairQueue } from "./fair_queue.js";
import type { AllGroupLimits } from "./groups.js";
import { helloReply, type Identity, resolveHello, settingsError } from "./hello.js";

export interface BatchServiceParts {
  readonly engine: LoadedEngine;
  readonly counters: Counters;
  readonly identity: Identity;
  /** Whether live bots are refused. */
  readonly private: boolean;
  /** Named groups a live bot may be in. */
  readonly groups: AllGroupLimits;
  /** Told of every frame the engine failed on through no fault of the client. */
  readonly onFailure: (error: unknown) => void;
  readonly batches_in_flight: number;
  readonly batch_queue: number;
  readonly batch_bytes: number;
  readonly clock: () => number;
}

type Annotate = Extract<BatchSocketMessage, { op: "annotate" }>;
type Reply = (frames: Buffer[]) => void;
interface Waiting {
  readonly message: Annotate;
  readonly reply: Reply;
}

export class BatchService {
  private readonly parts: BatchServiceParts;
  private readonly queue: FairQueue<Waiting>;
  private running = 0;

  constructor(parts: BatchServiceParts) {
    this.parts = parts;
    const { batch_queue, batch_bytes } = parts;
    this.queue = new FairQueue({
      items: batch_queue,
      items_per_client: FIXED.batch_queue_per_client,
      cost: batch_bytes,
    });
  }

  /** Calls `reply` exactly once, now or later. @param frames after the routing id @param client who asks */
  handle(frames: readonly Buffer[], reply: Reply, client: string): void {
    const decoded = decodeBatchSocket(frames, this.parts.batch_bytes);
    if (!decoded.ok) {
      this.parts.counters.add("messages_malformed");
      reply([this.error(decoded.error)]);
      return;
    }
    const message = decoded.message;
    if (message.op === "hello") {
      this.parts.counters.add("requests_hello");
      reply([this.hello(message)]);
      return;
    }
    const { counters } = this.parts;
    counters.add("requests_annotate");
    const began_ms = performance.now();
    const timed: Reply = (answer) => {
      counters.annotate_seconds.observe((performance.now() - began_ms) / 1000);
      reply(answer);
    };
    this.admit({ message, reply: timed }, client);
  }

  /** Frames being annotated, and waiting to be. */
  get load(): { readonly running: number; readonly waiting: number; readonly waiting_bytes: number } {
    return { running: this.running, waiting: this.queue.size, waiting_bytes: this.queue.cost };
  }

  private admit(waiting: Waiting, client: string): void {
    if (this.running < this.parts.batches_in_flight) {
      void this.run(waiting);
      return;
    }
    const { message, reply } = waiting;
    const enter = () => this.queue.push(client, message.block.length, waiting);
    if (enter()) return;
    // Nobody waits for these any more: their places are free.
    const now_ms = this.parts.clock();
    for (const late of this.queue.remove((one) => isLate(one.message.deadline_ms, now_ms))) {
      late.reply([this.late(late.message, now_ms)]);
    }
    if (enter()) return;
    this.parts.counters.add("batches_busy");
    const text = `${this.running} frames are being annotated and ${this.queue.size} wait: try again in a moment`;
    reply([this.error({ id: message.id, status: STATUS.busy, message: text, detail: {} })]);
  }

  private late({ id, deadline_ms }: Annotate, now_ms: number): Buffer {
    this.parts.counters.add("requests_late");
    return this.error(lateError(id, deadline_ms, now_ms));
  }

  private async run({ message, reply }: Waiting): Promise<void> {
    this.running += 1;
    let frames: Buffer[];
    try {
      frames = await this.annotate(message);
    } catch (error) {
      this.parts.onFailure(error);
      const text = `the engine failed on this frame: ${error instanceof Error ? error.message : String(error)}`;
      frames = [this.error({ id: message.id, status: STATUS.internal, message: text, detail: {} })];
    }
    this.running -= 1;
    const next = this.queue.next();
    if (next !== undefined) void this.run(next);
    reply(frames);
  }

  private async annotate(message: Annotate): Promise<Buffer[]> {
    const { engine, counters, clock } = this.parts;
    const { id, rows, engine: params, block: candles, wanted } = message;
    const now_ms = clock();
    if (isLate(message.deadline_ms, now_ms)) return [this.late(message, now_ms)];
    const checked = engine.validateParams(params);
    if (!checked.ok) return [this.error(settingsError(id, checked.violations))];
    const beyond = wanted?.find((column) => column >= engine.columns.length);
    if (beyond !== undefined) return [this.error(noColumn(id, beyond, engine.columns.length))];
    const result = await engine.annotate(checked.params, candles, rows, wanted);
    if (result.ok) {
      counters.add("batch_rows", rows);
      const { block, engine_us } = result;
      const columns = wanted?.length ?? engine.columns.length;
      const header = { rows, columns, engine_fingerprint: checked.fingerprint };
      return [encodeAnnotate(id, { ...header, engine_us: Math.round(engine_us) }), block];
    }
    const { code, row, column, message: text } = result;
    const status = code === "bad_input" ? STATUS.bad_input : code === "params" ? STATUS.settings : STATUS.internal;
    if (status === STATUS.internal) this.parts.onFailure(new Error(text));
    return [this.error({ id, status, message: text, detail: { row, column, message: text } })];
  }

  private hello(message: HelloRequest): Buffer {
    const { engine, identity, clock } = this.parts;
    const resolution = resolveHello(message, this.parts);
    if (!resolution.ok) return this.error(settingsError(message.id, resolution.violations));
    const nothing = { handle: 0, seq: 0, samples_until_ms: 0, closed_until_ms: 0 };
    return encodeHello(message.id, helloReply(identity, engine, resolution, nothing, clock()));
  }

  private error(error: ErrorReply): Buffer {
    this.parts.counters.failed(error.status);
    return encodeError(error);
  }
}

function noColumn(id: number, column: number, columns: number): ErrorReply {
  const message = `was ${column}; this engine has columns 0 to ${columns - 1}: install the same talebridge version on both sides`;
  return settingsError(id, [{ path: "wanted", message }]);
}
