/** A real daemon and a real receiver: what is told, and that a receiver in trouble costs the gate nothing. */
import { afterEach, beforeEach, expect, it } from "vitest";
import type { WebhookConfig } from "../../src/config/webhook.js";
import { DECISION, OP, SESSION_STATUS } from "../../src/protocol/codes.js";
import { Client, question, withDaemon } from "../server/harness.js";
import { Receiver } from "./receiver.js";

const PATIENCE_MS = 60_000;
const template = { text: "{status}", of: "{event} {alarm} {session} {about}" };
let receiver: Receiver;
beforeEach(async () => {
  receiver = await new Receiver().start();
});
afterEach(() => receiver.stop());

const webhook = (): WebhookConfig => ({
  url: receiver.url("/secret"),
  format: "json",
  retries: 0,
  retry_delay_ms: 0,
  timeout_ms: 30_000,
  templates: { startup: template, status: template, warning: template },
});
const told = () => receiver.bodies.map((body) => JSON.parse(body));

it(
  "tells the start, an account's breaker, a halt, its end, and the stop",
  async () => {
    await withDaemon(
      async (dir) => {
        await receiver.until(1);
        const bot = new Client(dir);
        try {
          await bot.open("bot", { limits: { max_drawdown: 0.1, max_daily_loss: null, max_weekly_loss: null } });
          const at_ms = Date.now();
          const samples = [
            [at_ms - 3000, 1000],
            [at_ms - 2000, 1000],
            [at_ms - 1000, 800],
          ];
          await bot.ask(OP.portfolio, 1, 1, at_ms, 800, samples, []);
          await receiver.until(2);
          await bot.ask(OP.control, "bot", SESSION_STATUS.HALTED, 0, "me", "exchange maintenance");
          await receiver.until(3);
          await bot.ask(OP.control, "bot", SESSION_STATUS.ACTIVE, 0, "me", "over");
          await receiver.until(4);
        } finally {
          bot.close();
        }
      },
      { webhook: webhook() },
    );
    expect(told().map(({ of }) => of)).toEqual([
      "start   ",
      "begin denied bot drawdown",
      "begin denied bot halted",
      "end denied bot halted",
      "stop   ",
    ]);
    const texts: string[] = told().map(({ text }) => text);
    expect(texts[1]).toMatch(/^bot: All entries are denied: drawdown, until 20\S+Z at the latest\. \w/);
    expect(texts[2]).toContain("by me: exchange maintenance");
    expect(texts[4]).toContain("stopped: test over");
  },
  PATIENCE_MS,
);

it(
  "answers the gate, and stops, while the receiver never answers",
  async () => {
    receiver.answer = null;
    await withDaemon(
      async (dir) => {
        await receiver.until(1);
        const bot = new Client(dir);
        try {
          await bot.open("bot");
          await bot.ask(OP.portfolio, 1, 1, Date.now(), 1000, [], []);
          for (let i = 0; i < 100; i++) {
            const [, decision] = await bot.ask(OP.gate, 1, ...question({ pair: `P${i}/X` }));
            expect(decision).toBe(DECISION.allow);
          }
        } finally {
          bot.close();
        }
      },
      { webhook: webhook() },
    );
    // The one message under way was called off; the others were never sent.
    expect(receiver.received).toHaveLength(1);
  },
  PATIENCE_MS,
);
