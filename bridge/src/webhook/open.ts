/** The webhook of a running daemon: its parts put together. */
import type { Logger } from "pino";
import { AlarmWatch } from "../alarms/watch.js";
import type { WebhookConfig } from "../config/webhook.js";
import type { Counters } from "../metrics/counters.js";
import type { Facts } from "../metrics/facts.js";
import type { Sessions } from "../server/sessions.js";
import { timing } from "../web/timing.js";
import type { Viewer } from "../web/view.js";
import { changed, started, stopped } from "./message.js";
import { WebhookSender } from "./sender.js";

export interface Webhook {
  /** Why the last request was not taken; null: it was. */
  failing(): string | null;
  started(): void;
  /** Tells it, and waits a moment for that. */
  stopped(why: string): Promise<void>;
}

export interface OpenWebhookParts {
  readonly config: WebhookConfig;
  readonly viewer: Viewer;
  readonly sessions: Sessions;
  readonly facts: () => Omit<Facts, "sessions">;
  /** When a frame of candles came last. */
  readonly frame_ms: () => number | null;
  readonly counters: Counters;
  readonly log: Logger;
  readonly onFailure: (error: unknown) => void;
}

export function openWebhook(parts: OpenWebhookParts): Webhook {
  const { config, viewer, sessions, facts, frame_ms, counters, log, onFailure } = parts;
  const sender = new WebhookSender({ config, counters, log });
  const watch = new AlarmWatch({
    sessions: () => sessions.list(),
    bot: (session, now_ms) => viewer.bot(session, now_ms),
    daemon: () => {
      const { journal, uptime_s } = facts();
      return {
        now_ms: Date.now(),
        uptime_s,
        frame_ms: frame_ms(),
        journal_failing: journal.failing,
        journal_unsynced_s: journal.unsynced_s,
        // It cannot be told of itself.
        webhook_failing: null,
      };
    },
    latency: () => ({ loop: timing(facts().loop_delay) }),
    onChanges: (changes) => {
      for (const change of changes) sender.send(changed(Date.now(), change));
    },
    onFailure,
  });
  return {
    failing: () => sender.failing,
    started: () => sender.send(started(Date.now())),
    stopped: (why) => {
      watch.stop();
      sender.send(stopped(Date.now(), why));
      return sender.close();
    },
  };
}
