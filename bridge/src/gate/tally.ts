/** Counts of candidate entries. Each candidate counts once, under its strictest answer. */
import { type ReasonName, reasonName } from "../protocol/codes.js";
import type { Asked } from "./asked.js";

export interface Tally {
  asked: number;
  allowed: number;
  reduced: number;
  denied: number;
  /** Reduced and denied candidates by binding reason. */
  readonly by_reason: Map<ReasonName, number>;
}

export function newTally(): Tally {
  return { asked: 0, allowed: 0, reduced: 0, denied: 0, by_reason: new Map() };
}

type Outcome = "allowed" | "reduced" | "denied";

/** Counts a candidate's standing answer, in place; `previous` is the answer it replaces and is taken back. */
export function countAnswer(tally: Tally, previous: Asked | undefined, next: Asked): void {
  if (previous === undefined) tally.asked += 1;
  else add(tally, previous, -1);
  add(tally, next, 1);
}

function add(tally: Tally, answer: Asked, by: 1 | -1): void {
  const outcome = outcomeOf(answer);
  tally[outcome] += by;
  const name = reasonName(answer.reason);
  if (outcome === "allowed" || name === null) return;
  const count = (tally.by_reason.get(name) ?? 0) + by;
  if (count === 0) tally.by_reason.delete(name);
  else tally.by_reason.set(name, count);
}

function outcomeOf(answer: Asked): Outcome {
  if (answer.denied) return "denied";
  return answer.ceiling < answer.first_stake ? "reduced" : "allowed";
}
