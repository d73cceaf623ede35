/**
 * Answers the messages of gate.sock: bytes in, bytes out. Knows sessions, journal and clock, but no sockets.
 * The order for everything that changes a session: decide, journal, apply, reply.
 */
import type { LoadedEngine } from "../engine/engine.js";
import {
  type ControlEvent,
  gateEvent,
  type HelloEvent,
  type PortfolioEvent,
  type RebaseEvent,
} from "../gate/events.js";
import { gate, journalFailed } from "../gate/gate.js";
import { applyEvent, isLive, statusAt } from "../gate/session.js";
import type { Verdict } from "../gate/types.js";
import type { JournalEvent } from "../journal/lines.js";
import type { Appended } from "../journal/writer.js";
import type { Counters } from "../metrics/counters.js";
import { knownUntil } from "../portfolio/equity.js";
import { LIMITS, STATUS } from "../protocol/codes.js";
import { decodeGateSocket } from "../wire/decode.js";
import {
  type ErrorReply,
  encodeBody,
  encodeError,
  encodeHello,
  encodePortfolio,
  encodeVerdict,
} from "../wire/encode.js";
import type { ControlMessage, GateMessage, HelloRequest, PortfolioMessage, RebaseMessage } from "../wire/messages.js";
import { helloReply, type Identity, resolveHello, settingsError } from "./hello.js";
import type { Session, Sessions } from "./sessions.js";

/** Equity of the future would stay the high-water mark and outlive the drawdown window. */
const MAX_CLOCK_AHEAD_MS = 3_600_000;
const MAX_LISTED_SESSIONS = 64;

export interface GateServiceParts {
  readonly engine: LoadedEngine;
  readonly sessions: Sessions;
  readonly counters: Counters;
  readonly identity: Identity;
  /** Whether live bots are refused. */
  readonly private: boolean;
  readonly clock: () => number;
  readonly append: (event: JournalEvent) => Appended;
  /** Facts about the process for `status`. */
  readonly about: () => Readonly<Record<string, unknown>>;
}

export class GateService {
  private readonly parts: GateServiceParts;

  constructor(parts: GateServiceParts) {
    this.parts = parts;
  }

  /** The reply to one message. @param frames after the routing id */
  handle(frames: readonly Buffer[]): Buffer {
    const decoded = decodeGateSocket(frames);
    if (!decoded.ok) {
      this.parts.counters.add("messages_malformed");
      return this.error(decoded.error);
    }
    const message = decoded.message;
    this.parts.counters.add(`requests_${message.op}`);
    switch (message.op) {
      case "gate":
        return this.gate(message);
      case "portfolio":
        return this.portfolio(message);
      case "hello":
        return this.hello(message);
      case "control":
        return this.control(message);
      case "rebase":
        return this.rebase(message);
      case "status":
        return encodeBody(message.id, this.status());
    }
  }

  private gate(message: GateMessage): Buffer {
    const { id, request } = message;
    const session = this.parts.sessions.use(message.handle, this.parts.clock());
    if (session?.terms == null) return this.noSession(id);
    const { state, terms } = session;
    if (message.seq !== state.seq) return this.stalePortfolio(id, session, `quotes portfolio ${message.seq}`);
    if (terms.policy.portfolio_limits && state.seq === 0)
      return this.stalePortfolio(id, session, "has no portfolio yet");

    const verdict = gate(state, terms.policy, request);
    const event = gateEvent(session.name, state.seq, request, verdict);
    const appended = this.parts.append(event);
    if (!appended.ok) return this.verdict(id, journalFailed(terms.policy, request), 0);
    applyEvent(state, event);
    return this.verdict(id, verdict, appended.seq);
  }

  private verdict(id: number, verdict: Verdict, seq: number): Buffer {
    this.parts.counters.add(`decisions_${verdict.would}`);
    return encodeVerdict(id, verdict, seq);
  }

  private portfolio(message: PortfolioMessage): Buffer {
    const now_ms = this.parts.clock();
    const session = this.parts.sessions.use(message.handle, now_ms);
    if (session?.terms == null) return this.noSession(message.id);
    const { state } = session;
    if (message.seq <= state.seq) return encodePortfolio(message.id, state.seq);
    if (isLive(state.run_mode) && message.at_ms > now_ms + MAX_CLOCK_AHEAD_MS) {
      const hours = ((message.at_ms - now_ms) / 3_600_000).toFixed(1);
      return this.error({
        id: message.id,
        status: STATUS.schema,
        message: `portfolio at_ms is ${hours} h ahead of the bridge's clock: set both clocks`,
        detail: {},
      });
    }
    const known_until = knownUntil(state.equity);
    const event: PortfolioEvent = {
      type: "portfolio",
      session: session.name,
      snapshot_seq: message.seq,
      at_ms: message.at_ms,
      equity: message.equity,
      samples: message.samples.filter(([t_ms]) => t_ms > known_until),
      positions: message.positions,
    };
    // Applied even when the journal fails: entries are denied meanwhile, and the state is written out when it works again.
    this.parts.append(event);
    applyEvent(state, event);
    return encodePortfolio(message.id, state.seq);
  }

  private hello(message: HelloRequest): Buffer {
    const resolution = resolveHello(message, this.parts.engine, this.parts.private);
    if (!resolution.ok) return this.error(settingsError(message.id, resolution.violations));

    const session = this.parts.sessions.open(message.session, message.run_mode, this.parts.clock());
    if (session === null) {
      const text = `all ${this.parts.sessions.size} sessions are live: raise limits.sessions in the daemon's configuration`;
      return this.error({ id: message.id, status: STATUS.limit, message: text, detail: {} });
    }
    const event: HelloEvent = {
      type: "hello",
      session: session.name,
      run_mode: message.run_mode,
      client: message.client,
      settings: resolution.settings,
      fingerprint: resolution.fingerprint,
    };
    this.parts.append(event);
    applyEvent(session.state, event);
    session.terms = {
      settings: resolution.settings,
      policy: resolution.policy,
      fingerprint: resolution.fingerprint,
    };
    const reply = helloReply(this.parts.identity, this.parts.engine, resolution, {
      handle: session.handle,
      seq: session.state.seq,
      samples_until_ms: knownUntil(session.state.equity),
    });
    return encodeHello(message.id, reply);
  }

  private control(message: ControlMessage): Buffer {
    const { sessions } = this.parts;
    const named = message.session === "" ? sessions.live() : [sessions.find(message.session)];
    const targets = named.filter((session) => session !== null);
    if (targets.length === 0) {
      const text = message.session === "" ? "there is no live session" : `there is no session "${message.session}"`;
      return this.error({ id: message.id, status: STATUS.no_session, message: text, detail: {} });
    }
    for (const session of targets) {
      const event: ControlEvent = {
        type: "control",
        session: session.name,
        status: message.status,
        until_ms: message.until_ms === 0 ? null : message.until_ms,
        by: message.by,
        why: message.why,
      };
      // A halt works with a full disk, too; the state is written out when the journal works again.
      this.parts.append(event);
      applyEvent(session.state, event);
    }
    return encodeBody(
      message.id,
      targets.map((session) => session.name),
    );
  }

  private rebase(message: RebaseMessage): Buffer {
    const session = this.parts.sessions.find(message.session);
    if (session === null || !isLive(session.state.run_mode)) {
      const text = `there is no live session "${message.session}": \`talebridge status\` lists them`;
      return this.error({ id: message.id, status: STATUS.no_session, message: text, detail: {} });
    }
    const event: RebaseEvent = {
      type: "rebase",
      session: session.name,
      // A client may hold samples of the old account that it has not sent yet, and its clock may be ahead.
      at_ms: Math.max(this.parts.clock(), session.state.portfolio?.at_ms ?? 0),
      by: message.by,
      why: message.why,
    };
    const appended = this.parts.append(event);
    // Unlike a halt this lifts denials: not without a record.
    if (!appended.ok) {
      const text = "the journal cannot be written, so nothing was changed: see `talebridge doctor`";
      return this.error({ id: message.id, status: STATUS.internal, message: text, detail: {} });
    }
    applyEvent(session.state, event);
    return encodeBody(message.id, session.name);
  }

  /** Plain data for `talebridge status`. */
  private status(): Record<string, unknown> {
    const { sessions, counters, identity, engine } = this.parts;
    return {
      server: identity.server,
      boot: identity.boot,
      engine: { version: engine.version, simd: engine.simd, parallel: engine.parallel },
      ...this.parts.about(),
      session_count: sessions.size,
      sessions: sessions
        .list()
        .slice(0, MAX_LISTED_SESSIONS)
        .map((session) => this.describe(session)),
      counters: counters.all(),
    };
  }

  private describe({ name, state, terms, last_used_ms }: Session): Record<string, unknown> {
    const { tally, portfolio } = state;
    return {
      session: name,
      run_mode: state.run_mode,
      profile: terms?.settings.profile ?? null,
      mode: terms?.settings.mode ?? null,
      state: statusAt(state, this.parts.clock()),
      until_ms: state.manual.until_ms,
      last_used_ms,
      seq: state.seq,
      equity: portfolio?.equity ?? null,
      positions: portfolio?.positions.length ?? 0,
      asked: tally.asked,
      allowed: tally.allowed,
      reduced: tally.reduced,
      denied: tally.denied,
      by_reason: Object.fromEntries(tally.by_reason),
    };
  }

  private noSession(id: number): Buffer {
    const message = "the session handle is not known to this boot of the bridge: say hello again";
    return this.error({ id, status: STATUS.no_session, message, detail: {} });
  }

  private stalePortfolio(id: number, session: Session, what: string): Buffer {
    const { seq } = session.state;
    const message = `the question ${what}, the session is at ${seq}: send the portfolio, then ask again`;
    return this.error({ id, status: STATUS.stale_portfolio, message, detail: { seq } });
  }

  private error(error: ErrorReply): Buffer {
    this.parts.counters.add("replies_error");
    return encodeError(error);
  }
}

/** Limits told to clients in hello. */
export function clientLimits(batch_bytes: number): Readonly<Record<string, number>> {
  return { ...LIMITS, batch_bytes };
}
