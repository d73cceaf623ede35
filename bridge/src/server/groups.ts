/** Groups of a running daemon: who may join, who no longer counts, and how each stands. */
import type { Violation } from "../engine/types.js";
import type { LeaveEvent } from "../gate/events.js";
import { applyAll, groupKey, splitKey, summarize } from "../gate/groups.js";
import { type GroupStanding, groupStanding } from "../gate/standing.js";
import type { GateRequest, GroupLimits, GroupSummary } from "../gate/types.js";
import type { JournalEvent } from "../journal/lines.js";
import type { Appended } from "../journal/writer.js";
import type { Session, Sessions } from "./sessions.js";

const HOUR_MS = 3_600_000;

export type AllGroupLimits = Readonly<Record<string, GroupLimits>>;

/** A group as `status` and the web page show it. */
export interface GroupReport extends GroupStanding {
  readonly run_mode: string;
  readonly members: readonly string[];
}

/** What a session's group is judged by, for a question or, with null, as it stands. */
export function summaryOf(
  sessions: Sessions,
  limits: AllGroupLimits,
  { name, state }: Pick<Session, "name" | "state">,
  request: GateRequest | null,
): GroupSummary | null {
  return state.group === null ? null : summarize(sessions.groups, limits, name, state, request);
}

/**
 * Money of different currencies does not add up.
 * @param group that the session asks to be in, as it would be with its hello
 */
export function currencyViolations(
  sessions: Sessions,
  limits: AllGroupLimits,
  { session, run_mode, stake_currency }: { session: string; run_mode: string; stake_currency: string | null },
  group: string,
  now_ms: number,
): Violation[] {
  if (stake_currency === null) {
    return [{ path: "group", message: "needs the stake currency, which this client does not tell: update the shim" }];
  }
  const silent_ms = (limits[group]?.silent_hours ?? 0) * HOUR_MS;
  const key = groupKey(run_mode, group);
  const members = key === null ? undefined : sessions.groups.get(key)?.members;
  const other = sessions.live().find(
    ({ name, state, terms, last_used_ms }) =>
      name !== session &&
      groupKey(state.run_mode, state.group) === key &&
      // One that neither counts nor may ask is in the group by name alone.
      (terms !== null || members?.has(name) === true) &&
      state.stake_currency !== stake_currency &&
      now_ms - last_used_ms <= silent_ms,
  );
  if (other === undefined) return [];
  const message = `counts in ${other.state.stake_currency} (session "${other.name}"), and this bot's stake currency is ${stake_currency}: put it into another group`;
  return [{ path: "group", message }];
}

/**
 * Whether a bot that was silent for so long that it no longer counted comes back to others whose money is another, in which case it has to say hello
 * again, which says so.
 */
export function isShutOut(
  sessions: Sessions,
  limits: AllGroupLimits,
  { name, state }: Pick<Session, "name" | "state">,
  now_ms: number,
): boolean {
  const { run_mode, group, stake_currency } = state;
  const key = groupKey(run_mode, group);
  if (key === null || group === null || sessions.groups.get(key)?.members.has(name) === true) return false;
  return currencyViolations(sessions, limits, { session: name, run_mode, stake_currency }, group, now_ms).length > 0;
}

/**
 * Members of a session's group that have been silent for too long no longer count. Without a record they still do: it makes room.
 * @param session who is heard now
 */
export function dropSilent(
  sessions: Sessions,
  limits: AllGroupLimits,
  append: (events: readonly JournalEvent[]) => Appended,
  { name, state }: Session,
  now_ms: number,
): void {
  const key = groupKey(state.run_mode, state.group);
  const group = key === null ? undefined : sessions.groups.get(key);
  if (group === undefined || state.group === null) return;
  const silent_ms = (limits[state.group]?.silent_hours ?? Number.POSITIVE_INFINITY) * HOUR_MS;
  for (const member of [...group.members.keys()]) {
    const session = member === name ? null : sessions.find(member);
    if (session === null || now_ms - session.last_used_ms <= silent_ms) continue;
    const event: LeaveEvent = { type: "leave", session: member };
    if (append([event]).ok) applyAll(sessions.groups, session.state, event);
  }
}

/** Every group that somebody is in. */
export function reportGroups(sessions: Sessions, limits: AllGroupLimits, now_ms: number): GroupReport[] {
  return [...sessions.groups].flatMap(([key, { members }]): GroupReport[] => {
    const names = [...members.keys()];
    const first = names[0] === undefined ? null : sessions.find(names[0]);
    const summary = first === null ? null : summaryOf(sessions, limits, first, null);
    if (summary === null) return [];
    return [{ ...groupStanding(summary, now_ms), run_mode: splitKey(key).run_mode, members: names }];
  });
}
