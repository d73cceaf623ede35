/** The web page of a running daemon: its parts put together. */
import { operator } from "../cli/usage.js";
import type { WebConfig } from "../config/daemon.js";
import type { JournalEvent } from "../journal/lines.js";
import type { Appended } from "../journal/writer.js";
import type { Facts } from "../metrics/facts.js";
import { type AllGroupLimits, reportGroups } from "../server/groups.js";
import type { Sessions } from "../server/sessions.js";
import { steer } from "../server/steer.js";
import type { RecentDecisions } from "./recent.js";
import { serveWeb, type WebServer } from "./server.js";
import { openToken } from "./token.js";
import type { Viewer } from "./view.js";
import { Watchers } from "./watchers.js";

export interface OpenWebParts {
  readonly config: WebConfig;
  readonly boot: string;
  readonly uid: number;
  readonly viewer: Viewer;
  readonly sessions: Sessions;
  readonly groups: AllGroupLimits;
  readonly recent: RecentDecisions;
  readonly facts: () => Omit<Facts, "sessions">;
  /** When a frame of candles came last. */
  readonly frame_ms: () => number | null;
  /** Why the webhook did not take the last message; null: it did, or there is none. */
  readonly webhook_failing: () => string | null;
  readonly append: (events: readonly JournalEvent[]) => Appended;
  readonly onFailure: (error: unknown) => void;
}

/** @throws ConfigError when the address cannot be listened on, or the token not be kept */
export function openWeb(parts: OpenWebParts): Promise<WebServer> {
  const { config, boot, viewer, sessions, recent, append } = parts;
  const watchers = new Watchers({
    gather: () =>
      viewer.view({
        now_ms: Date.now(),
        boot,
        facts: parts.facts(),
        sessions: sessions.list(),
        groups: reportGroups(sessions, parts.groups, Date.now()),
        frame_ms: parts.frame_ms(),
        decisions: recent.list(),
        webhook_failing: parts.webhook_failing(),
      }),
    clock: () => performance.now(),
    onFailure: parts.onFailure,
  });
  return serveWeb({
    config,
    token: openToken(config.token_file, parts.uid),
    watchers,
    steer: (order) => steer(sessions, append, order),
    by: operator(),
    clock: Date.now,
  });
}
