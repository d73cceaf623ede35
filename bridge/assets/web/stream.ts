/**
 * Stays connected to the daemon's events. Read with fetch, not EventSource, because the token goes into a header: a cookie would be sent to every
 * other server of this machine as well, since cookies do not tell ports apart.
 */

import { applyPatch } from "../../src/web/diff.js";
import type { WebPatch, WebState } from "../../src/web/state.js";
import { EventReader } from "./sse.js";

export type Link = "connecting" | "live" | "lost" | "refused";

export interface StreamParts {
  readonly token: () => string;
  readonly onState: (state: WebState) => void;
  /** @param detail why there is no connection */
  readonly onLink: (link: Link, detail: string) => void;
}

const FIRST_WAIT_MS = 500;
const MAX_WAIT_MS = 10_000;
/** The daemon sends every second: silent for this long, it hangs or the way is cut. */
const SILENCE_MS = 6000;

/** Runs until the token is refused. */
export async function follow(parts: StreamParts): Promise<void> {
  let wait_ms = FIRST_WAIT_MS;
  for (;;) {
    const outcome = await once(parts, () => {
      wait_ms = FIRST_WAIT_MS;
    });
    if (outcome.link === "refused") {
      parts.onLink("refused", outcome.detail);
      return;
    }
    parts.onLink("lost", outcome.detail);
    await new Promise((resolve) => setTimeout(resolve, wait_ms));
    wait_ms = Math.min(wait_ms * 1.6, MAX_WAIT_MS);
  }
}

/** One connection, to its end. */
async function once(
  { token, onState, onLink }: StreamParts,
  onFirst: () => void,
): Promise<{ readonly link: "lost" | "refused"; readonly detail: string }> {
  const cut = new AbortController();
  let silence = setTimeout(() => cut.abort(), SILENCE_MS);
  try {
    const response = await fetch("/api/events", {
      headers: { Authorization: `Bearer ${token()}` },
      signal: cut.signal,
      cache: "no-store",
    });
    if (response.status === 401) return { link: "refused", detail: "The token is not the daemon's." };
    if (!response.ok || response.body === null) {
      return { link: "lost", detail: response.status === 503 ? "Too many browsers watch." : `HTTP ${response.status}` };
    }
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    const events = new EventReader();
    let state: WebState | null = null;
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return { link: "lost", detail: "The daemon closed the connection." };
      clearTimeout(silence);
      silence = setTimeout(() => cut.abort(), SILENCE_MS);
      for (const { event, data } of events.push(value)) {
        if (event === "state") {
          state = JSON.parse(data) as WebState;
          onFirst();
          onLink("live", "");
        } else if (event === "patch" && state !== null) state = applyPatch(state, JSON.parse(data) as WebPatch);
      }
      if (state !== null) onState(state);
    }
  } catch {
    return { link: "lost", detail: "The daemon does not answer." };
  } finally {
    clearTimeout(silence);
    cut.abort();
  }
}
