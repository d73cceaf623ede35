/**
 * Sends messages one after the other, in their order, beside everything else the daemon does. Bounded: in how many wait, how often the receiver is
 * asked, and how long one that is not taken is tried again. A receiver that is absent when an alarm begins hears of it when it is back.
 */
import { setTimeout as pause } from "node:timers/promises";
import type { Logger } from "pino";
import type { WebhookConfig } from "../config/webhook.js";
import { FIXED } from "../limits.js";
import type { Counters } from "../metrics/counters.js";
import type { Message } from "./message.js";
import { encodeBody } from "./payload.js";
import { type Posted, post } from "./post.js";
import { fill } from "./template.js";

const MINUTE_MS = 60_000;
const FIRST_PAUSE_MS = 1000;
/** Told this long after it was seen, a message says so. */
const LATE_MS = 60_000;

export interface SenderParts {
  readonly config: WebhookConfig;
  readonly counters: Counters;
  readonly log: Logger;
  /** The world outside; tests bring their own. */
  readonly world?: World;
}

export interface World {
  readonly post: typeof post;
  /** Time that never steps, ms. */
  readonly clock: () => number;
  /** Returns early when the signal says so. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
}

const WORLD: World = {
  post,
  clock: () => performance.now(),
  sleep: (ms, signal) => pause(ms, undefined, { signal }).catch(() => undefined),
};

interface Waiting {
  readonly message: Message;
  readonly queued_ms: number;
}

export class WebhookSender {
  private readonly parts: SenderParts;
  private readonly world: World;
  private readonly queue: Waiting[] = [];
  private readonly asked_ms: number[] = [];
  private readonly ending = new AbortController();
  private running: Promise<void> | null = null;
  private why: string | null = null;

  constructor(parts: SenderParts) {
    this.parts = parts;
    this.world = parts.world ?? WORLD;
  }

  /** Why the last request was not taken; null: it was. */
  get failing(): string | null {
    return this.why;
  }

  /** Never waits and never throws. Messages for which nothing is configured are left out, as freqtrade leaves them out. */
  send(message: Message): void {
    if (this.ending.signal.aborted || this.templateOf(message) === undefined) return;
    if (this.queue.length >= FIXED.webhook_queue) this.drop(1);
    this.queue.push({ message, queued_ms: this.world.clock() });
    this.start();
  }

  /** Gives what waits a moment to be sent, then drops it. */
  async close(): Promise<void> {
    const over = new AbortController();
    if (this.running !== null)
      await Promise.race([this.drained(), this.world.sleep(FIXED.webhook_stop_ms, over.signal)]);
    over.abort();
    this.ending.abort();
    await this.drained();
    if (this.queue.length === 0) return;
    this.parts.log.warn({ messages: this.queue.length, why: this.why }, "not sent to the webhook before the stop");
    this.drop(this.queue.length);
  }

  private templateOf({ type }: Message): Readonly<Record<string, unknown>> | undefined {
    return this.parts.config.templates[type];
  }

  private async drained(): Promise<void> {
    while (this.running !== null) await this.running;
  }

  private start(): void {
    this.running ??= this.run()
      .catch((error: unknown) => {
        this.parts.counters.add("handler_errors");
        this.parts.log.error({ err: error }, "a message for the webhook failed");
        // It would fail again.
        this.drop(Math.min(1, this.queue.length));
      })
      .finally(() => {
        this.running = null;
        // One may have come after the last look at the queue.
        if (this.queue.length > 0 && !this.ending.signal.aborted) this.start();
      });
  }

  private async run(): Promise<void> {
    let wait_ms = FIRST_PAUSE_MS;
    while (this.queue.length > 0 && !this.ending.signal.aborted) {
      const first = this.queue[0];
      if (first === undefined) return;
      const posted = await this.deliver(first.message);
      if (this.ending.signal.aborted) return;
      if (posted.ok) {
        this.taken(first);
        wait_ms = FIRST_PAUSE_MS;
        continue;
      }
      this.refused(posted.why);
      if (this.world.clock() - first.queued_ms > FIXED.webhook_age_ms && this.queue[0] === first) this.drop(1);
      await this.sleep(wait_ms);
      wait_ms = Math.min(2 * wait_ms, FIXED.webhook_pause_ms);
    }
  }

  /** Once, and as often again as `retries` says. */
  private async deliver(message: Message): Promise<Posted> {
    const { url, format, retries, retry_delay_ms, timeout_ms } = this.parts.config;
    let posted: Posted = { ok: false, why: "nothing was sent" };
    for (let attempt = 0; attempt <= retries && !this.ending.signal.aborted; attempt++) {
      if (attempt > 0) await this.sleep(retry_delay_ms);
      await this.turn();
      const values = message.values(Date.now() - message.at_ms > LATE_MS);
      const body = encodeBody(format, fill(this.templateOf(message), values));
      posted = await this.world.post(body, { url, timeout_ms, signal: this.ending.signal });
      if (posted.ok) return posted;
      if (!this.ending.signal.aborted) this.parts.counters.add("webhook_failures");
    }
    return posted;
  }

  /** Waits until the receiver may be asked once more within this minute. */
  private async turn(): Promise<void> {
    const first_ms = this.asked_ms.length < FIXED.webhook_per_minute ? undefined : this.asked_ms.shift();
    if (first_ms !== undefined) await this.sleep(first_ms + MINUTE_MS - this.world.clock());
    this.asked_ms.push(this.world.clock());
  }

  private taken(sent: Waiting): void {
    // A flood may have dropped it from the queue while it was on its way.
    if (this.queue[0] === sent) this.queue.shift();
    this.parts.counters.add("webhook_sent");
    if (this.why !== null) this.parts.log.info("the webhook takes messages again");
    this.why = null;
  }

  /** Logged when it begins and when the cause changes, not at every attempt. */
  private refused(why: string): void {
    if (why !== this.why)
      this.parts.log.warn({ why, waiting: this.queue.length }, "the webhook does not take messages");
    this.why = why;
  }

  private drop(count: number): void {
    this.queue.splice(0, count);
    this.parts.counters.add("webhook_dropped", count);
  }

  private async sleep(ms: number): Promise<void> {
    if (ms > 0) await this.world.sleep(ms, this.ending.signal);
  }
}
