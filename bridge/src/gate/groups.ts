/** Named groups of live sessions: which session is in which, and the one reducer that changes them, live and when a journal is folded. */
import { DAY_MS, highWaterMark } from "../portfolio/equity.js";
import { exposure } from "../portfolio/exposure.js";
import {
  exposureOf,
  forgive,
  type GroupState,
  grant,
  leave,
  newGroup,
  newMember,
  takePortfolio,
  worth,
} from "../portfolio/group.js";
import { type GateEvent, positionOf, type SessionEvent } from "./events.js";
import { applyEvent, isLive, type SessionState } from "./session.js";
import type { GateRequest, GroupLimits, GroupSummary } from "./types.js";

/** By key. */
export type Groups = Map<string, GroupState>;

/** What was money moved and what a loss is not known: a rebase forgives the group what the session lost within this time. */
const FORGIVEN_MS = 30 * DAY_MS;
const SEPARATOR = "/";

/** A group's key: play money says nothing about real, so dry-run and live bots of one name are apart. Null: in none. */
export function groupKey(run_mode: string, group: string | null): string | null {
  return group === null || !isLive(run_mode) ? null : `${run_mode}${SEPARATOR}${group}`;
}

/** Run mode and name of a group's key. */
export function splitKey(key: string): { readonly run_mode: string; readonly group: string } {
  const at = key.indexOf(SEPARATOR);
  return { run_mode: key.slice(0, at), group: key.slice(at + 1) };
}

/** Applies one event to a session and to the group it is in, in place, and returns the session's state. */
export function applyAll(groups: Groups, state: SessionState, event: SessionEvent): SessionState {
  applyToGroup(groups, state, event);
  return applyEvent(state, event);
}

/** A session is forgotten, in place. */
export function forgetMember(groups: Groups, name: string, state: SessionState): void {
  const key = groupKey(state.run_mode, state.group);
  if (key !== null) remove(groups, key, name);
}

/** @param state of the session, before the event */
function applyToGroup(groups: Groups, state: SessionState, event: SessionEvent): void {
  if (event.type === "hello") {
    const from = groupKey(state.run_mode, state.group);
    const to = groupKey(event.run_mode, event.group ?? null);
    if (from === to) return;
    if (from !== null) remove(groups, from, event.session);
    if (to !== null) join(groups, to, event.session, state);
    return;
  }
  const key = groupKey(state.run_mode, state.group);
  if (key === null) return;
  const group = groups.get(key) ?? newGroup();
  switch (event.type) {
    case "portfolio":
      if (event.snapshot_seq <= state.seq) return;
      takePortfolio(group, event.session, event, exposure(event.positions.map(positionOf), null));
      groups.set(key, group);
      return;
    case "gate":
      // One that was silent for long and has no new portfolio is back all the same.
      join(groups, key, event.session, state);
      takeAnswer(group, event);
      return;
    case "rebase":
      forgive(group, event.session, lostBy(state, event.at_ms));
      return;
    case "leave":
      remove(groups, key, event.session);
      return;
  }
}

/** Nobody is in a group before it has told its account. */
function join(groups: Groups, key: string, name: string, { portfolio }: SessionState): void {
  const group = groups.get(key) ?? newGroup();
  if (portfolio === null || group.members.has(name)) return;
  group.members.set(name, newMember(portfolio.equity, exposure(portfolio.positions, null)));
  groups.set(key, group);
}

/** A group nobody is in any longer keeps its marks: who comes back finds them. */
function remove(groups: Groups, key: string, name: string): void {
  const group = groups.get(key);
  if (group !== undefined) leave(group, name);
}

/** Entries are certain with their last question, additions are asked about once. */
function takeAnswer(group: GroupState, event: GateEvent): void {
  const { kind, stage, decision, stake_allowed, leverage } = event;
  const last = kind === "scale_in" || (kind === "entry" && stage === "final");
  const member = group.members.get(event.session);
  if (!last || decision === "deny" || stake_allowed === null || leverage === null || member === undefined) return;
  grant(member, candidateKey(event), stake_allowed * leverage);
}

function lostBy({ equity, portfolio }: SessionState, at_ms: number): number {
  const mark = highWaterMark(equity, at_ms - FORGIVEN_MS);
  const now = Math.min(equity.last?.equity ?? Number.NaN, portfolio?.equity ?? Number.NaN);
  return mark === null || Number.isNaN(now) ? 0 : mark.equity - now;
}

type Asked = Pick<GateRequest, "pair" | "side" | "kind" | "candle_open_ms">;

function candidateKey({ pair, side, kind, candle_open_ms }: Asked): string {
  return `${pair} ${side} ${kind} ${candle_open_ms}`;
}

/**
 * What a group's limits are judged by; null for a session in none, or in one that the configuration no longer has.
 * @param request null: nothing is being asked
 */
export function summarize(
  groups: Groups,
  limits: Readonly<Record<string, GroupLimits>>,
  name: string,
  state: SessionState,
  request: Asked | null,
): GroupSummary | null {
  const key = groupKey(state.run_mode, state.group);
  if (key === null || state.group === null || !Object.hasOwn(limits, state.group)) return null;
  const own = limits[state.group];
  if (own === undefined) return null;
  const group = groups.get(key) ?? newGroup();
  const asked = request === null ? null : candidateKey(request);
  let [equity, taken] = [0, 0];
  for (const [member, known] of group.members) {
    equity += known.equity;
    taken += exposureOf(known, member === name ? asked : null);
  }
  const { portfolio } = state;
  if (!group.members.has(name) && portfolio !== null) {
    equity += portfolio.equity;
    taken += exposure(portfolio.positions, null);
  }
  return { group: state.group, limits: own, equity, exposure: taken, marks: group, worth: worth(group) };
}
