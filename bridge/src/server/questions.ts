/**
 * Gate questions of a session, one or many: decide, journal, apply, then answer. Several questions of one message share one write to the
 * journal, and are answered as if each had been asked by itself.
 */
import { MAX_ASKED } from "../gate/asked.js";
import { type GateEvent, gateEvent } from "../gate/events.js";
import { gate, journalFailed } from "../gate/gate.js";
import { applyAll, type Groups } from "../gate/groups.js";
import type { SessionState } from "../gate/session.js";
import type { GateRequest, GroupSummary, Policy, Verdict } from "../gate/types.js";
import type { JournalEvent } from "../journal/lines.js";
import type { Appended } from "../journal/writer.js";
import type { Counters } from "../metrics/counters.js";
import { STATUS } from "../protocol/codes.js";
import type { Answer, ItemReply } from "../wire/encode.js";
import type { Question } from "../wire/messages.js";

export interface Desk {
  readonly counters: Counters;
  /** Changed by answers, as the session is. */
  readonly groups: Groups;
  readonly append: (events: readonly JournalEvent[]) => Appended;
  /** Told of an exception that became one item's status. */
  readonly onFailure: (error: unknown) => void;
}

/** Who asks: what a decision depends on besides the question. */
export interface Asker {
  readonly name: string;
  readonly state: SessionState;
  readonly policy: Policy;
  /** Its group as it stands for a question. */
  readonly group: (request: GateRequest | null) => GroupSummary | null;
}

interface Decided {
  readonly at: number;
  readonly request: GateRequest;
  readonly verdict: Verdict;
}

/** Answers one question. */
export function answerOne(desk: Desk, asker: Asker, request: GateRequest): Answer {
  const { name, state, policy } = asker;
  const verdict = gate(state, policy, request, asker.group(request));
  const event = gateEvent(name, state.seq, request, verdict);
  const appended = desk.append([event]);
  if (!appended.ok) return unjournalled(desk, policy, request);
  applyAll(desk.groups, state, event);
  return counted(desk, policy, verdict, appended.seq);
}

/** Answers in the order of the questions; one that cannot be read or decided has its own status, and the others are answered. */
export function answerAll(desk: Desk, asker: Asker, questions: readonly Question[]): readonly ItemReply[] {
  const { name, state, policy } = asker;
  const replies: ItemReply[] = [];
  const group: Decided[] = [];
  const events: GateEvent[] = [];
  const pairs = new Set<string>();
  let confirmed = false;
  for (let at = 0; at < questions.length; at++) {
    const question = questions[at];
    if (question === undefined) break;
    if (!question.ok) {
      replies[at] = question;
      continue;
    }
    const { request } = question;
    // What was answered for a pair, what a full book forgets and entries and additions let through are all that an answer changes for the next question.
    if (confirmed || pairs.has(request.pair) || state.asked.size + group.length >= MAX_ASKED) {
      settle(desk, asker, group, events, replies);
      group.length = 0;
      events.length = 0;
      pairs.clear();
      confirmed = false;
    }
    try {
      const verdict = gate(state, policy, request, asker.group(request));
      events.push(gateEvent(name, state.seq, request, verdict));
      group.push({ at, request, verdict });
      pairs.add(request.pair);
      confirmed ||= request.stage === "final" || request.kind === "scale_in";
    } catch (error) {
      replies[at] = failed(desk, error);
    }
  }
  settle(desk, asker, group, events, replies);
  return replies;
}

/** Journals a group, whose events stand in the same order, with one write, then applies it. */
function settle(
  desk: Desk,
  asker: Asker,
  group: readonly Decided[],
  events: readonly GateEvent[],
  replies: ItemReply[],
): void {
  if (group.length === 0) return;
  const { state, policy } = asker;
  const appended = desk.append(events);
  for (let index = 0; index < group.length; index++) {
    const [decided, event] = [group[index], events[index]];
    if (decided === undefined || event === undefined) break;
    const { at, request, verdict } = decided;
    if (!appended.ok) {
      replies[at] = { ok: true, answer: unjournalled(desk, policy, request) };
      continue;
    }
    try {
      applyAll(desk.groups, state, event);
      replies[at] = { ok: true, answer: counted(desk, policy, verdict, appended.seq - group.length + 1 + index) };
    } catch (error) {
      replies[at] = failed(desk, error);
    }
  }
}

/** Denied, and not remembered: the decision was not made. */
function unjournalled(desk: Desk, policy: Policy, request: GateRequest): Answer {
  return counted(desk, policy, journalFailed(policy, request), 0);
}

function counted(desk: Desk, policy: Policy, verdict: Verdict, journal_seq: number): Answer {
  desk.counters.decisions.add(verdict.would, verdict.reason, policy.mode === "enforce");
  return { verdict, journal_seq };
}

function failed(desk: Desk, error: unknown): ItemReply {
  desk.onFailure(error);
  const message = "the bridge failed on this question and went on; its log has the details";
  return { ok: false, error: { status: STATUS.internal, message } };
}
