/** Sessions by name and by handle, bounded: the least recently used one that may be forgotten makes room. */
import type { ResolvedSettings } from "../config/resolve.js";
import { forgetMember, type Groups } from "../gate/groups.js";
import { isLive, newSession, type SessionState } from "../gate/session.js";
import type { Policy } from "../gate/types.js";
import type { Folded } from "../journal/reader.js";

const DAY_MS = 86_400_000;

export interface Session {
  readonly name: string;
  readonly handle: number;
  readonly state: SessionState;
  /** Null until a client has said hello: a session continued from the journal has no settings yet. */
  terms: Terms | null;
  last_used_ms: number;
}

/** What a hello settles. */
export interface Terms {
  readonly settings: ResolvedSettings;
  readonly policy: Policy;
  readonly fingerprint: string;
}

export class Sessions {
  /** Groups that live sessions are in. */
  readonly groups: Groups = new Map();
  /** In order of use, oldest first. */
  private readonly by_name = new Map<string, Session>();
  private readonly by_handle = new Map<number, Session>();
  private next_handle = 1;
  /** The last in `by_name`. */
  private newest: Session | null = null;
  private readonly limit: number;
  private readonly onEvicted: (session: Session) => void;

  constructor(limit: number, onEvicted: (session: Session) => void) {
    this.limit = limit;
    this.onEvicted = onEvicted;
  }

  /** Takes over what a journal holds, newest first, up to the limit. @returns names left out */
  adopt({ sessions, groups }: Folded): string[] {
    for (const [key, group] of groups) this.groups.set(key, group);
    const newest = [...sessions].sort(([, a], [, b]) => b.last_ms - a.last_ms);
    for (const [name, { state, last_ms }] of newest.slice(0, this.limit).reverse()) this.add(name, state, last_ms);
    const left_out = newest.slice(this.limit);
    for (const [name, { state }] of left_out) forgetMember(this.groups, name, state);
    return left_out.map(([name]) => name);
  }

  /** The session of a name, new or continued; null when there is no room. */
  open(name: string, run_mode: string, now_ms: number): Session | null {
    const known = this.by_name.get(name);
    if (known !== undefined) {
      this.touch(known, now_ms);
      return known;
    }
    if (this.by_name.size >= this.limit && !this.evict(now_ms)) return null;
    return this.add(name, newSession(run_mode), now_ms);
  }

  /** The session of a handle, if it is known to this boot. */
  use(handle: number, now_ms: number): Session | null {
    const session = this.by_handle.get(handle);
    if (session === undefined) return null;
    this.touch(session, now_ms);
    return session;
  }

  find(name: string): Session | null {
    return this.by_name.get(name) ?? null;
  }

  /** Most recently used first. */
  list(): Session[] {
    return [...this.by_name.values()].reverse();
  }

  live(): Session[] {
    return this.list().filter((session) => isLive(session.state.run_mode));
  }

  get size(): number {
    return this.by_name.size;
  }

  private add(name: string, state: SessionState, now_ms: number): Session {
    const session: Session = { name, handle: this.next_handle++, state, terms: null, last_used_ms: now_ms };
    this.by_name.set(name, session);
    this.newest = session;
    this.by_handle.set(session.handle, session);
    return session;
  }

  private touch(session: Session, now_ms: number): void {
    session.last_used_ms = now_ms;
    // As a rule the same one asks again, and a map whose entries change places is rebuilt ever again.
    if (session === this.newest) return;
    this.newest = session;
    this.by_name.delete(session.name);
    this.by_name.set(session.name, session);
  }

  /** Forgets the least recently used session that is not live, or is live but idle for longer than its drawdown window. */
  private evict(now_ms: number): boolean {
    for (const session of this.by_name.values()) {
      const window_days = session.terms?.settings.limits.drawdown_window_days ?? 30;
      if (isLive(session.state.run_mode) && now_ms - session.last_used_ms <= window_days * DAY_MS) continue;
      this.by_name.delete(session.name);
      this.by_handle.delete(session.handle);
      forgetMember(this.groups, session.name, session.state);
      this.onEvicted(session);
      return true;
    }
    return false;
  }
}
