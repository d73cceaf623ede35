/** What is sent when, on a clock and against a receiver of the test's own. */
import { type Logger, pino } from "pino";
import { beforeEach, describe, expect, it } from "vitest";
import type { WebhookConfig } from "../../src/config/webhook.js";
import { FIXED } from "../../src/limits.js";
import { Counters } from "../../src/metrics/counters.js";
import { changed, type Message, started } from "../../src/webhook/message.js";
import type { Posted } from "../../src/webhook/post.js";
import { WebhookSender } from "../../src/webhook/sender.js";

const TAKEN: Posted = { ok: true };
const REFUSED: Posted = { ok: false, why: "it answered 500" };
const template = { text: "{text}" };
let now_ms = 0;
let sent: { at_ms: number; text: string }[] = [];
let logged: string[] = [];
let counters: Counters;
let answer: (sent_before: number) => Posted | Promise<Posted>;
beforeEach(() => {
  now_ms = 0;
  sent = [];
  logged = [];
  counters = new Counters();
  answer = () => TAKEN;
});

function sender(over: Partial<WebhookConfig> = {}): WebhookSender {
  const config: WebhookConfig = {
    url: new URL("https://receiver.example/secret"),
    format: "json",
    retries: 0,
    retry_delay_ms: 100,
    timeout_ms: 1000,
    templates: { startup: template, status: template, warning: template },
    ...over,
  };
  let called_off: Promise<Posted> | null = null;
  const log: Logger = pino({ level: "info" }, { write: (line: string) => void logged.push(line) });
  return new WebhookSender({
    config,
    counters,
    log,
    world: {
      clock: () => now_ms,
      sleep: async (ms) => {
        now_ms += ms;
      },
      post: async ({ body }, { signal }) => {
        sent.push({ at_ms: now_ms, text: JSON.parse(body).text });
        called_off ??= new Promise<Posted>((resolve) => {
          signal.addEventListener("abort", () => resolve({ ok: false, why: "called off" }));
        });
        return Promise.race([answer(sent.length - 1), called_off]);
      },
    },
  });
}

function alarm(text: string): Message {
  const common = { kind: "disk", level: "warning", session: null, about: null, until_ms: null, advice: "" } as const;
  return changed(Date.now(), { rings: true, alarm: { ...common, text } });
}

const texts = () => sent.map(({ text }) => text);
const counts = () => ["sent", "failures", "dropped"].map((name) => counters.get(`webhook_${name}` as "webhook_sent"));
/** Lets everything run that waits for no clock. */
const settle = async () => {
  for (let i = 0; i < 2000; i++) await Promise.resolve();
};

describe("messages", () => {
  it("go out one after the other, in order", async () => {
    const hook = sender();
    for (const text of ["a", "b", "c"]) hook.send(alarm(text));
    await settle();
    expect(texts()).toEqual(["a", "b", "c"]);
    expect(counts()).toEqual([3, 0, 0]);
    expect(hook.failing).toBeNull();
  });

  it("are sent whenever they come, in the moment when the sender falls asleep as well", async () => {
    for (let moment = 0; moment < 40; moment++) {
      sent = [];
      const hook = sender();
      hook.send(alarm("a"));
      for (let i = 0; i < moment; i++) await Promise.resolve();
      hook.send(alarm("b"));
      await settle();
      expect([moment, texts()]).toEqual([moment, ["a", "b"]]);
    }
  });

  it("without a template are left out, as freqtrade does", async () => {
    const hook = sender({ templates: { warning: template } });
    hook.send(started(0));
    hook.send(alarm("a"));
    await settle();
    expect(texts()).toEqual(["a"]);
  });

  it("are tried again at once as often as retries says", async () => {
    answer = (before) => (before < 2 ? REFUSED : TAKEN);
    sender({ retries: 2 }).send(alarm("a"));
    await settle();
    expect(sent).toEqual([0, 100, 200].map((at_ms) => ({ at_ms, text: "a" })));
    expect(counts()).toEqual([1, 2, 0]);
  });

  it("are kept while the receiver is away, with pauses that double to a minute, and come late rather than never", async () => {
    answer = (before) => (before < 9 ? REFUSED : TAKEN);
    const hook = sender();
    hook.send(alarm("a"));
    hook.send(alarm("b"));
    await settle();
    expect(texts()).toEqual([..."aaaaaaaaaa", "b"]);
    const pauses = sent.slice(1, 10).map(({ at_ms }, at) => at_ms - (sent[at]?.at_ms ?? 0));
    expect(pauses).toEqual([1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000]);
    expect(counts()).toEqual([2, 9, 0]);
    expect(logged.filter((line) => line.includes("does not take"))).toHaveLength(1);
    expect(logged.filter((line) => line.includes("again"))).toHaveLength(1);
    expect(logged.join()).not.toContain("secret");
  });

  it("are given up after an hour", async () => {
    answer = (before) => (sent[before]?.text === "a" ? REFUSED : TAKEN);
    const hook = sender();
    hook.send(alarm("a"));
    await settle();
    expect(now_ms).toBeGreaterThan(FIXED.webhook_age_ms);
    expect(counts()).toEqual([0, sent.length, 1]);
    expect(hook.failing).toBe("it answered 500");
    hook.send(alarm("b"));
    await settle();
    expect(hook.failing).toBeNull();
  });
});

describe("a flood", () => {
  it("reaches the receiver no more often than it may, and none of it is lost while the queue has room", async () => {
    const hook = sender();
    for (let i = 0; i < FIXED.webhook_queue; i++) hook.send(alarm(String(i)));
    await settle();
    expect(texts()).toEqual(Array.from({ length: FIXED.webhook_queue }, (_, i) => String(i)));
    for (let i = FIXED.webhook_per_minute; i < sent.length; i++)
      expect((sent[i]?.at_ms ?? 0) - (sent[i - FIXED.webhook_per_minute]?.at_ms ?? 0)).toBeGreaterThanOrEqual(60_000);
  });

  it("beyond the queue loses the oldest, and counts them", async () => {
    let release = (_: Posted) => {};
    answer = (before) => (before > 0 ? TAKEN : new Promise((resolve) => (release = resolve)));
    const hook = sender();
    for (let i = 0; i < FIXED.webhook_queue + 10; i++) hook.send(alarm(String(i)));
    await settle();
    release(TAKEN);
    await settle();
    expect(texts()).toEqual(["0", ...Array.from({ length: FIXED.webhook_queue }, (_, i) => String(i + 10))]);
    expect(counters.get("webhook_dropped")).toBe(10);
  });
});

describe("the end", () => {
  it("waits for what is under way, and sends nothing afterwards", async () => {
    const hook = sender();
    hook.send(alarm("last"));
    await hook.close();
    expect(texts()).toEqual(["last"]);
    hook.send(alarm("too late"));
    await settle();
    expect(texts()).toEqual(["last"]);
  });

  it("does not wait for a receiver that does not answer, and says how much was not sent", async () => {
    answer = () => new Promise(() => undefined);
    const hook = sender();
    hook.send(alarm("a"));
    hook.send(alarm("b"));
    await settle();
    await hook.close();
    expect(texts()).toEqual(["a"]);
    expect(counts()).toEqual([0, 0, 2]);
    expect(JSON.parse(logged.at(-1) ?? "")).toMatchObject({
      messages: 2,
      msg: "not sent to the webhook before the stop",
    });
  });
});
