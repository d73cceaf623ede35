/**
 * Everybody who watches. The state is looked at only while somebody does, at most once in a while, and everybody is sent the same look: a whole
 * state first, then what changed. Who does not read is sent nothing more, and closed after a while; the page then connects anew.
 */
import type { Writable } from "node:stream";
import { FIXED } from "../limits.js";
import { diff } from "./diff.js";
import type { WebState } from "./state.js";

export interface WatchersParts {
  readonly gather: () => WebState;
  /** Monotonic, ms. */
  readonly clock: () => number;
  /** Told of an exception while gathering; the next look may work. */
  readonly onFailure: (error: unknown) => void;
}

interface Watcher {
  readonly stream: Writable;
  /** Since when it does not read, monotonic ms; null: it does. */
  stuck_ms: number | null;
  /** Whether it has missed a change and needs a whole state. */
  behind: boolean;
}

export class Watchers {
  private readonly parts: WatchersParts;
  private readonly watching = new Set<Watcher>();
  private timer: NodeJS.Timeout | null = null;
  private last: WebState | null = null;
  private looked_ms = Number.NEGATIVE_INFINITY;

  constructor(parts: WatchersParts) {
    this.parts = parts;
  }

  get size(): number {
    return this.watching.size;
  }

  get full(): boolean {
    return this.watching.size >= FIXED.web_watchers;
  }

  /** Sends the state to a stream until it closes. @param stream of server-sent events, its head already sent */
  add(stream: Writable): void {
    const watcher: Watcher = { stream, stuck_ms: null, behind: true };
    this.watching.add(watcher);
    stream.on("drain", () => {
      watcher.stuck_ms = null;
    });
    stream.on("close", () => this.remove(watcher));
    stream.on("error", () => this.remove(watcher));
    const state = this.look(false);
    if (state !== null) this.send(watcher, "state", JSON.stringify(state));
    this.timer ??= setInterval(() => this.tick(), FIXED.web_gather_ms).unref();
  }

  /** One look, sent to all. @param fresh though the last one was a moment ago */
  tick(fresh = false): void {
    if (this.watching.size === 0) return;
    const before = this.last;
    const state = this.look(fresh);
    if (state === null) return;
    const patch = before === null ? null : JSON.stringify(diff(before, state));
    let whole: string | null = null;
    for (const watcher of [...this.watching]) {
      if (watcher.stuck_ms !== null) {
        watcher.behind = true;
        if (this.parts.clock() - watcher.stuck_ms > FIXED.web_backlog_ms) watcher.stream.destroy();
      } else if (watcher.behind || patch === null) {
        whole ??= JSON.stringify(state);
        this.send(watcher, "state", whole);
      } else this.send(watcher, "patch", patch);
    }
  }

  /** Ends all streams. */
  close(): void {
    for (const { stream } of [...this.watching]) stream.destroy();
    this.watching.clear();
    this.stop();
  }

  private look(fresh: boolean): WebState | null {
    const now_ms = this.parts.clock();
    // A browser that reconnects again and again must not make us look more often than one that stays.
    if (!fresh && this.last !== null && now_ms - this.looked_ms < FIXED.web_gather_ms / 2) return this.last;
    try {
      this.last = this.parts.gather();
      this.looked_ms = now_ms;
      return this.last;
    } catch (error) {
      this.parts.onFailure(error);
      return null;
    }
  }

  private send(watcher: Watcher, event: "state" | "patch", json: string): void {
    watcher.behind = false;
    if (!watcher.stream.write(`event: ${event}\ndata: ${json}\n\n`)) watcher.stuck_ms = this.parts.clock();
  }

  private remove(watcher: Watcher): void {
    this.watching.delete(watcher);
    if (this.watching.size === 0) this.stop();
  }

  private stop(): void {
    if (this.timer !== null) clearInterval(this.timer);
    this.timer = null;
  }
}
