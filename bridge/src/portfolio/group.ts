/**
 * Bots that share limits: their exposure together, and the value of them all as an index that is chain-linked (time-weighted), so that a bot that
 * joins or leaves, and money moved, is neither gain nor loss. Pure; bounded by the number of bots.
 */
import type { PortfolioEvent } from "../gate/events.js";
import type { EquitySample } from "../gate/types.js";
import { FIXED } from "../limits.js";
import { type Marks, pushMark } from "./equity.js";

/** Confirmed entries remembered one by one; more are added up. */
const MAX_GRANTED = FIXED.granted_entries;
const OVERFLOW = "";
/** An index of nothing could never grow again, and no account makes one that is beyond the other. */
const LEAST_INDEX = 1e-9;
const GREATEST_INDEX = 1e12;
/** Less than this is no money to measure anything by. */
const LEAST_VALUE = 1e-12;

export interface Member {
  /** Of its newest portfolio, or of the newest sample while one is read. */
  equity: number;
  /** Stake × leverage of its positions and pending entry orders in that portfolio. */
  exposure: number;
  /** The same of entries confirmed since then, by candidate: they are on the exchange before its next portfolio says so. */
  readonly granted: Map<string, number>;
  /** Newest sample. */
  last: EquitySample | null;
  /**
   * The lower of its two newest samples: as for a single session, what one sample alone says is no mark. Null until there are two; until then the
   * member does not count for the index.
   */
  confirmed: number | null;
  /** Highest `confirmed` since the member counts; null until then. */
  high: number | null;
}

export interface GroupState extends Marks {
  /** What the certain value of all members is worth; 1 at first. */
  index: number;
  /** Of the index, per unit of money; 0 while nothing is certain. Set anew whenever who counts changes, such that the index stays. */
  unit: number;
  /** Time of the newest mark. */
  last_ms: number;
  /** In order of joining. */
  readonly members: Map<string, Member>;
}

export function newGroup(): GroupState {
  return { index: 1, unit: 0, last_ms: 0, peaks: [], members: new Map() };
}

export function newMember(equity: number, exposure: number): Member {
  return { equity, exposure, granted: new Map(), last: null, confirmed: null, high: null };
}

/** Takes a member's newest portfolio, in place. @param exposure of its positions */
export function takePortfolio(
  group: GroupState,
  name: string,
  { samples, equity }: Pick<PortfolioEvent, "samples" | "equity">,
  exposure: number,
): void {
  const member = group.members.get(name) ?? newMember(equity, exposure);
  group.members.set(name, member);
  for (const [t_ms, value] of samples) takeSample(group, member, { t_ms, equity: value });
  member.equity = equity;
  member.exposure = exposure;
  member.granted.clear();
  if (member.confirmed !== null) follow(group);
}

function takeSample(group: GroupState, member: Member, sample: EquitySample): void {
  const { last } = member;
  if (last !== null && sample.t_ms <= last.t_ms) return;
  member.last = sample;
  member.equity = sample.equity;
  if (last === null) return;
  const confirmed = Math.min(last.equity, sample.equity);
  if (member.confirmed !== null) {
    member.confirmed = confirmed;
    member.high = Math.max(member.high ?? confirmed, confirmed);
    follow(group);
  } else {
    // What is worth nothing brings nothing in.
    if (confirmed < LEAST_VALUE) return;
    member.confirmed = confirmed;
    member.high = confirmed;
    relink(group);
  }
  // Members' samples come in bundles: what is heard late counts from when it is heard.
  group.last_ms = Math.max(sample.t_ms, group.last_ms + 1);
  pushMark(group, { t_ms: group.last_ms, equity: group.index });
}

/** Notes an entry that was let through, in place. @param exposure stake × leverage */
export function grant(member: Member, candidate: string, exposure: number): void {
  const key = member.granted.has(candidate) || member.granted.size < MAX_GRANTED ? candidate : OVERFLOW;
  member.granted.set(key, key === OVERFLOW ? (member.granted.get(OVERFLOW) ?? 0) + exposure : exposure);
}

/** A member is gone, in place: the index stays where it brought it. */
export function leave(group: GroupState, name: string): void {
  if (group.members.delete(name)) relink(group);
}

/**
 * A member's equity history is begun anew, in place. The group is forgiven what the member is, as far as it lost that in the
 * group: `lost` money was moved, not lost.
 * @param lost what the member's equity is below its own mark
 */
export function forgive(group: GroupState, name: string, lost: number): void {
  const member = group.members.get(name);
  if (member === undefined) return;
  if (member.confirmed !== null && lost > 0) {
    const here = (member.high ?? Number.POSITIVE_INFINITY) - Math.min(member.confirmed, member.equity);
    group.index = bounded(group.index + group.unit * Math.min(lost, here));
  }
  member.last = null;
  member.confirmed = null;
  member.high = null;
  relink(group);
}

/** What the members are worth now, in units of the marks; null while none counts. */
export function worth(group: GroupState): number | null {
  let sum: number | null = null;
  for (const { confirmed, equity } of group.members.values()) {
    if (confirmed !== null) sum = (sum ?? 0) + equity;
  }
  return sum === null ? null : group.unit * sum;
}

/** Stake × leverage of a member, confirmed entries included. @param but a candidate that is being asked about again */
export function exposureOf({ exposure, granted }: Member, but: string | null): number {
  let sum = exposure;
  for (const [candidate, value] of granted) if (candidate !== but) sum += value;
  return sum;
}

/** The index follows what the members' value has become. */
function follow(group: GroupState): void {
  const value = certain(group);
  if (group.unit === 0) relink(group);
  else group.index = bounded(group.unit * value);
}

function bounded(index: number): number {
  return Math.min(Math.max(index, LEAST_INDEX), GREATEST_INDEX);
}

/** Who counts has changed: the index stays, and so what one unit of money is worth of it changes. */
function relink(group: GroupState): void {
  const value = certain(group);
  group.unit = value < LEAST_VALUE ? 0 : group.index / value;
}

/** Value that two samples and the newest portfolio of each member reach. */
function certain({ members }: GroupState): number {
  let sum = 0;
  for (const { confirmed, equity } of members.values()) {
    if (confirmed !== null) sum += Math.min(confirmed, equity);
  }
  return sum;
}
