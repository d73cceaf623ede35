/**
 * Answers the messages of gate.sock: bytes in, bytes out. Knows sessions, journal and clock, but no sockets.
 * The order for everything that changes a session: decide, journal, apply, reply.
 */

import { NOMINAL_SHARE } from "../config/profiles.js";
import type { LoadedEngine } from "../engine/engine.js";
import { type HelloEvent, outcomeOf, portfolioEvent, type RebaseEvent } from "../gate/events.js";
import { applyAll } from "../gate/groups.js";
import { isLive, statusAt } from "../gate/session.js";
import { deniedNow, standing } from "../gate/standing.js";
import { starvation } from "../gate/starvation.js";
import type { JournalEvent } from "../journal/lines.js";
import type { Appended } from "../journal/writer.js";
import { FIXED } from "../limits.js";
import type { Counters } from "../metrics/counters.js";
import { knownUntil } from "../portfolio/equity.js";
import { closedUntil, isNews } from "../portfolio/outcomes.js";
import { LIMITS, STATUS } from "../protocol/codes.js";
import { decodeGateSocket } from "../wire/decode.js";
import {
  type ErrorReply,
  encodeBody,
  encodeError,
  encodeGates,
  encodeHello,
  encodePortfolio,
  encodeStanding,
  encodeVerdict,
} from "../wire/encode.js";
import type {
  ControlMessage,
  GateMessage,
  GatesMessage,
  HelloRequest,
  LiftMessage,
  OverrideMessage,
  PortfolioMessage,
  RebaseMessage,
  StandingMessage,
} from "../wire/messages.js";
import { isLate, lateError } from "./deadline.js";
import { type AllGroupLimits, currencyViolations, dropSilent, isShutOut, reportGroups, summaryOf } from "./groups.js";
import { helloReply, type Identity, resolveHello, settingsError } from "./hello.js";
import { lift, type Overridden, override } from "./override.js";
import { type Asker, answerAll, answerOne, type Desk } from "./questions.js";
import type { Session, Sessions } from "./sessions.js";
import { steer, UNRECORDED } from "./steer.js";

/** Equity of the future would stay the high-water mark and outlive the drawdown window. */
const MAX_CLOCK_AHEAD_MS = FIXED.clock_ahead_ms;
const MAX_LISTED_SESSIONS = FIXED.listed_sessions;
const REQUEST_COUNTERS = {
  gate: "requests_gate",
  gates: "requests_gates",
  portfolio: "requests_portfolio",
  hello: "requests_hello",
  control: "requests_control",
  rebase: "requests_rebase",
  override: "requests_override",
  lift: "requests_lift",
  standing: "requests_standing",
  status: "requests_status",
} as const;

const OVERRIDE_STATUS = {
  no_session: STATUS.no_session,
  none: STATUS.no_session,
  unrecorded: STATUS.internal,
} as const satisfies Record<Exclude<Extract<Overridden, { ok: false }>["code"], "invalid">, number>;

export interface GateServiceParts {
  readonly engine: LoadedEngine;
  readonly sessions: Sessions;
  readonly counters: Counters;
  readonly identity: Identity;
  /** Whether live bots are refused. */
  readonly private: boolean;
  /** Limits of the named groups of the configuration. */
  readonly groups: AllGroupLimits;
  readonly clock: () => number;
  /** Writes lines to the journal, all or none; `seq` is the last one's. */
  readonly append: (events: readonly JournalEvent[]) => Appended;
  /** Told of an exception that one reply reports. */
  readonly onFailure: (error: unknown) => void;
  /** Facts about the process for `status`. */
  readonly about: () => Readonly<Record<string, unknown>>;
}

export class GateService {
  private readonly parts: GateServiceParts;
  private readonly desk: Desk;

  constructor(parts: GateServiceParts) {
    this.parts = parts;
    this.desk = { ...parts, groups: parts.sessions.groups };
  }

  /** The reply to one message. @param frames after the routing id */
  handle(frames: readonly Buffer[]): Buffer {
    const began_ms = performance.now();
    const decoded = decodeGateSocket(frames);
    if (!decoded.ok) {
      this.parts.counters.add("messages_malformed");
      return this.error(decoded.error);
    }
    const message = decoded.message;
    this.parts.counters.add(REQUEST_COUNTERS[message.op]);
    switch (message.op) {
      case "gate":
        return this.timed(began_ms, this.gate(message));
      case "gates":
        return this.timed(began_ms, this.gates(message));
      case "portfolio":
        return this.portfolio(message);
      case "hello":
        return this.hello(message);
      case "control":
        return this.control(message);
      case "rebase":
        return this.rebase(message);
      case "override":
      case "lift":
        return this.override(message);
      case "standing":
        return this.standing(message);
      case "status":
        return encodeBody(message.id, this.status());
    }
  }

  private groupOf(session: Session): Asker["group"] {
    return (request) => summaryOf(this.parts.sessions, this.parts.groups, session, request);
  }

  private timed(began_ms: number, reply: Buffer): Buffer {
    this.parts.counters.gate_seconds.observe((performance.now() - began_ms) / 1000);
    return reply;
  }

  private gate(message: GateMessage): Buffer {
    const asker = this.asker(message);
    if (Buffer.isBuffer(asker)) return asker;
    return encodeVerdict(message.id, answerOne(this.desk, asker, message.request));
  }

  private gates(message: GatesMessage): Buffer {
    const asker = this.asker(message);
    if (Buffer.isBuffer(asker)) return asker;
    return encodeGates(message.id, answerAll(this.desk, asker, message.questions));
  }

  private standing(message: StandingMessage): Buffer {
    const asker = this.asker({ ...message, deadline_ms: null });
    if (Buffer.isBuffer(asker)) return asker;
    const { state, policy, group } = asker;
    return encodeStanding(message.id, deniedNow(state, policy, message.now_ms, group(null)));
  }

  /** Whose question this is, or the reply why it cannot be answered. */
  private asker(message: Pick<GateMessage, "id" | "handle" | "seq" | "deadline_ms">): Asker | Buffer {
    const { id, deadline_ms } = message;
    const now_ms = this.parts.clock();
    if (isLate(deadline_ms, now_ms)) {
      this.parts.counters.add("requests_late");
      return this.error(lateError(id, deadline_ms, now_ms));
    }
    const session = this.sessionOf(message.handle, now_ms);
    if (session?.terms == null) return this.noSession(id);
    const { name, state, terms } = session;
    if (message.seq !== state.seq) return this.stalePortfolio(id, session, `quotes portfolio ${message.seq}`);
    if (terms.policy.portfolio_limits && state.seq === 0)
      return this.stalePortfolio(id, session, "has no portfolio yet");
    dropSilent(this.parts.sessions, this.parts.groups, this.parts.append, session, now_ms);
    return { name, state, policy: terms.policy, group: this.groupOf(session) };
  }

  /** The session of a handle; without terms, or null: it has to say hello first. */
  private sessionOf(handle: number, now_ms: number): Session | null {
    const { sessions, groups } = this.parts;
    const session = sessions.use(handle, now_ms);
    if (session !== null && isShutOut(sessions, groups, session, now_ms)) session.terms = null;
    return session;
  }

  private portfolio(message: PortfolioMessage): Buffer {
    const now_ms = this.parts.clock();
    const session = this.sessionOf(message.handle, now_ms);
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
    const closed = message.closed.map(outcomeOf).filter((outcome) => isNews(state.outcomes, outcome));
    const event = portfolioEvent(session.name, message, knownUntil(state.equity), closed, message.closes);
    // Applied even when the journal fails: entries are denied meanwhile, and the state is written out when it works again.
    this.parts.append([event]);
    applyAll(this.parts.sessions.groups, state, event);
    dropSilent(this.parts.sessions, this.parts.groups, this.parts.append, session, now_ms);
    return encodePortfolio(message.id, state.seq);
  }

  private hello(message: HelloRequest): Buffer {
    const resolution = resolveHello(message, this.parts);
    if (!resolution.ok) return this.error(settingsError(message.id, resolution.violations));
    const { group } = resolution.settings;
    const mixed =
      group === undefined
        ? []
        : currencyViolations(this.parts.sessions, this.parts.groups, message, group, this.parts.clock());
    if (mixed.length > 0) return this.error(settingsError(message.id, mixed));

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
      ...(group === undefined ? {} : { group }),
      ...(message.stake_currency === null ? {} : { stake_currency: message.stake_currency }),
    };
    this.parts.append([event]);
    applyAll(this.parts.sessions.groups, session.state, event);
    session.terms = {
      settings: resolution.settings,
      policy: resolution.policy,
      fingerprint: resolution.fingerprint,
    };
    const continued = {
      handle: session.handle,
      seq: session.state.seq,
      samples_until_ms: knownUntil(session.state.equity),
      closed_until_ms: closedUntil(session.state.outcomes),
    };
    const { identity, engine, clock } = this.parts;
    return encodeHello(message.id, helloReply(identity, engine, resolution, continued, clock()));
  }

  private control(message: ControlMessage): Buffer {
    const steered = steer(this.parts.sessions, this.parts.append, message);
    if (steered.ok) return encodeBody(message.id, steered.sessions);
    const status = steered.code === "no_session" ? STATUS.no_session : STATUS.internal;
    return this.error({ id: message.id, status, message: steered.message, detail: {} });
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
    const appended = this.parts.append([event]);
    // Unlike a halt this lifts denials: not without a record.
    if (!appended.ok) return this.unrecorded(message.id);
    applyAll(this.parts.sessions.groups, session.state, event);
    return encodeBody(message.id, session.name);
  }

  private override(message: OverrideMessage | LiftMessage): Buffer {
    const { sessions, append, clock } = this.parts;
    const done =
      message.op === "override"
        ? override(sessions, append, message, clock())
        : lift(sessions, append, message, clock());
    if (done.ok) return encodeBody(message.id, { session: done.session, overrides: done.overrides });
    if (done.code === "invalid") return this.error(settingsError(message.id, done.violations));
    return this.error({ id: message.id, status: OVERRIDE_STATUS[done.code], message: done.message, detail: {} });
  }

  /** Plain data for `talebridge status`. */
  private status(): Record<string, unknown> {
    const { sessions, counters, identity, engine } = this.parts;
    return {
      server: identity.server,
      boot: identity.boot,
      engine: { version: engine.version, simd: engine.simd, parallel: engine.parallel },
      ...this.parts.about(),
      now_ms: this.parts.clock(),
      session_count: sessions.size,
      sessions: sessions
        .list()
        .slice(0, MAX_LISTED_SESSIONS)
        .map((session) => this.describe(session)),
      groups: reportGroups(sessions, this.parts.groups, this.parts.clock()),
      counters: counters.all(),
    };
  }

  private describe(session: Session): Record<string, unknown> {
    const { name, state, terms, last_used_ms } = session;
    const { tally, portfolio } = state;
    const now_ms = this.parts.clock();
    return {
      session: name,
      run_mode: state.run_mode,
      profile: terms?.settings.profile ?? null,
      mode: terms?.settings.mode ?? null,
      state: statusAt(state, now_ms),
      standing: standing(state, terms?.policy ?? null, now_ms, this.groupOf(session)(null)),
      last_used_ms,
      seq: state.seq,
      portfolio_ms: portfolio?.at_ms ?? null,
      positions: portfolio?.positions.length ?? 0,
      asked: tally.asked,
      allowed: tally.allowed,
      reduced: tally.reduced,
      denied: tally.denied,
      by_reason: Object.fromEntries(tally.by_reason),
      starvation: terms === null ? null : starvation(state.asked, NOMINAL_SHARE[terms.settings.profile]),
    };
  }

  private unrecorded(id: number): Buffer {
    return this.error({ id, status: STATUS.internal, message: UNRECORDED, detail: {} });
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
    this.parts.counters.failed(error.status);
    return encodeError(error);
  }
}

/** Limits told to clients in hello. */
export function clientLimits(batch_bytes: number): Readonly<Record<string, number>> {
  return { ...LIMITS, batch_bytes };
}
