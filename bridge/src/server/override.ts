/** Overrides of single limits by hand, and their end. Decide, journal, apply. */
import { checkOverride } from "../config/override.js";
import type { Violation } from "../engine/types.js";
import type { LiftEvent, OverrideEvent } from "../gate/events.js";
import { inForce, isOverridable, loosens, OVERRIDABLE, type Override, policyAt } from "../gate/overrides.js";
import { applyEvent, isLive } from "../gate/session.js";
import type { JournalEvent } from "../journal/lines.js";
import type { Appended } from "../journal/writer.js";
import type { LiftMessage, OverrideMessage } from "../wire/messages.js";
import type { Session, Sessions } from "./sessions.js";
import { UNRECORDED } from "./steer.js";

export type Overridden =
  | { readonly ok: true; readonly session: string; readonly overrides: readonly Override[] }
  | { readonly ok: false; readonly code: "no_session" | "unrecorded" | "none"; readonly message: string }
  | { readonly ok: false; readonly code: "invalid"; readonly violations: readonly Violation[] };

type Append = (events: readonly JournalEvent[]) => Appended;

/** Sets limits of one live session until a time. */
export function override(sessions: Sessions, append: Append, message: OverrideMessage, now_ms: number): Overridden {
  const session = liveSession(sessions, message.session);
  if (session === null) return noSession(message.session);
  const { until_ms, by, why } = message;
  const checked = checkOverride(message.limits, until_ms, now_ms, session.terms?.policy.limits ?? null);
  if (!checked.ok) return { ok: false, code: "invalid", violations: checked.violations };
  const { limits } = checked;
  const event: OverrideEvent = { type: "override", session: session.name, limits, until_ms, by, why };
  return settle(session, append, event, now_ms);
}

/** Ends overrides of one live session before their time; no names: all of them. */
export function lift(sessions: Sessions, append: Append, message: LiftMessage, now_ms: number): Overridden {
  const session = liveSession(sessions, message.session);
  if (session === null) return noSession(message.session);
  const unknown = message.limits.filter((limit) => !isOverridable(limit));
  if (unknown.length > 0) {
    const known = `is not a limit that can be overridden; known: ${OVERRIDABLE.join(", ")}`;
    return {
      ok: false,
      code: "invalid",
      violations: unknown.map((limit) => ({ path: `limits.${limit}`, message: known })),
    };
  }
  const set = inForce(session.state.overrides, now_ms).map(({ limit }) => limit);
  const limits = message.limits.length === 0 ? set : set.filter((limit) => message.limits.includes(limit));
  if (limits.length === 0) {
    return {
      ok: false,
      code: "none",
      message: `session "${session.name}" has no such override: \`talebridge status\` lists them`,
    };
  }
  const event: LiftEvent = { type: "lift", session: session.name, limits, by: message.by, why: message.why };
  return settle(session, append, event, now_ms);
}

function settle(session: Session, append: Append, event: OverrideEvent | LiftEvent, now_ms: number): Overridden {
  const { state } = session;
  // What tightens works with a full disk, too; the state is written out when the journal works again. What loosens needs a record.
  if (!append([event]).ok && everLoosens(session, event, now_ms))
    return { ok: false, code: "unrecorded", message: UNRECORDED };
  applyEvent(state, event);
  return { ok: true, session: session.name, overrides: inForce(state.overrides, now_ms) };
}

/** Whether a limit gets looser now or later: one that takes another's place may end sooner than that, or last longer. */
function everLoosens({ state, terms }: Session, event: OverrideEvent | LiftEvent, now_ms: number): boolean {
  if (terms === null) return true;
  const { policy } = terms;
  const [before, after] = [state.overrides, applyEvent({ ...state }, event).overrides];
  const moments = [now_ms, ...[...before, ...after].map(({ until_ms }) => until_ms)].filter((at_ms) => at_ms >= now_ms);
  return moments.some((at_ms) =>
    loosens(policyAt(before, policy, at_ms).limits, policyAt(after, policy, at_ms).limits),
  );
}

/** A backtest's result is that of its settings, and its session ends with it: nothing of it is overridden. */
function liveSession(sessions: Sessions, name: string): Session | null {
  const session = sessions.find(name);
  return session !== null && isLive(session.state.run_mode) ? session : null;
}

function noSession(name: string): Overridden {
  return {
    ok: false,
    code: "no_session",
    message: `there is no live session "${name}": \`talebridge status\` lists them`,
  };
}
