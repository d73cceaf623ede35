/**
 * The entry verdict: candle verdict × portfolio × policy. A pure function; the caller journals the verdict and then applies its event.
 *
 * Limits in order (limits/order.ts): manual switch, request numbers, staleness, candle verdict, drawdown, losses of day and week, the group's drawdown,
 * loss streak, entry rate, price collar, soft drawdown, exposure, the group's exposure, losses of trade and book, its expected shortfall, liquidation,
 * Kelly, barbell, minimum stake.
 * The first that denies wins; otherwise the smallest cap does (of equal caps the first). Anything that cannot be judged is denied.
 */
import { REASON } from "../protocol/codes.js";
import { type Asked, recall } from "./asked.js";
import { denial, isPositive } from "./limit.js";
import { LIMITS } from "./limits/order.js";
import { policyAt } from "./overrides.js";
import type { SessionState } from "./session.js";
import type { Cap, GateRequest, GroupSummary, Policy, Verdict } from "./types.js";

/** What a final stake may exceed its allowance by: exchanges round amounts and prices. */
export const FINAL_TOLERANCE = 1.01;

/** What binds: a reason code with its measure and limit. */
interface Binding {
  readonly reason: number;
  readonly value: number;
  readonly limit: number;
}

const NOTHING: Binding = { reason: REASON.ok, value: Number.NaN, limit: Number.NaN };
/** As a rule nothing binds: the list of those answers is one and the same. */
const NO_CAPS: readonly Cap[] = Object.freeze([]);

/** Outcome of the limits for one stake: the most they allow (0: deny) and what binds. */
interface Evaluation extends Binding {
  readonly allowed: number;
  readonly denied: boolean;
  readonly caps: readonly Cap[];
}

/**
 * Judges one entry against a session's state. Does not change the state.
 * @param settled what the settings say; limits overridden by hand apply on top
 * @param group the session's group as it stands; null: in none
 */
export function gate(
  state: SessionState,
  settled: Policy,
  request: GateRequest,
  group: GroupSummary | null = null,
): Verdict {
  // A replaced order was allowed when it was new, and its stake is committed: if there is one.
  if (request.kind === "replace" && isPositive(request.stake)) {
    return answer(request, request.stake, request.stake, NOTHING, [], false);
  }
  const policy = policyAt(state.overrides, settled, request.now_ms);
  const previous = recall(state.asked, request);
  const verdict =
    previous === undefined
      ? firstAnswer(state, policy, request, group)
      : laterAnswer(state, policy, request, group, previous);
  return policy.mode === "enforce" ? verdict : { ...verdict, decision: "allow", stake: request.stake };
}

/** The answer when the decision could not be journalled: denied, and not remembered, because it was not made. */
export function journalFailed(policy: Policy, request: GateRequest): Verdict {
  const cap = denial(REASON.journal_failed);
  const verdict = deny(cap, [cap], false);
  return policy.mode === "enforce" ? verdict : { ...verdict, decision: "allow", stake: request.stake };
}

function firstAnswer(state: SessionState, policy: Policy, request: GateRequest, group: GroupSummary | null): Verdict {
  const fresh = evaluate(state, policy, request, group, request.stake);
  if (fresh.denied) return deny(fresh, fresh.caps, false);
  const reduced = fresh.allowed < request.stake;
  // A final stake can no longer be cut. In shadow mode nothing is cut anyway, so what would have been done is still a cut.
  if (reduced && request.stage === "final" && policy.mode === "enforce") return deny(fresh, fresh.caps, false);
  return answer(request, fresh.allowed, fresh.allowed, fresh, fresh.caps, false);
}

function laterAnswer(
  state: SessionState,
  policy: Policy,
  request: GateRequest,
  group: GroupSummary | null,
  previous: Asked,
): Verdict {
  if (previous.denied) return deny(previous, [denial(previous.reason, previous.value, previous.limit)], true);
  const fresh = evaluate(state, policy, request, group, previous.first_stake);
  if (fresh.denied) return deny(fresh, fresh.caps, true);

  const ceiling = Math.min(previous.ceiling, fresh.allowed);
  const binding = fresh.allowed < previous.ceiling ? fresh : previous;
  if (request.stage === "final" && policy.mode === "enforce") {
    if (request.stake > previous.ceiling * FINAL_TOLERANCE) {
      const cap = denial(REASON.above_cap, request.stake, previous.ceiling);
      return deny(cap, [...fresh.caps, cap], true);
    }
    if (request.stake > ceiling * FINAL_TOLERANCE) return deny(fresh, fresh.caps, true);
    return answer(request, request.stake, ceiling, binding, fresh.caps, true);
  }

  const stake = Math.min(ceiling, request.stake);
  if (stake < request.min_stake) {
    const cap = denial(REASON.below_min_stake, stake, request.min_stake);
    return deny(cap, [...fresh.caps, cap], true);
  }
  if (stake < request.stake && ceiling >= previous.first_stake) {
    // Nothing limits the first proposal; this one is larger than it.
    const cap = { reason: REASON.above_cap, stake, value: request.stake, limit: ceiling };
    return answer(request, stake, ceiling, cap, [...fresh.caps, cap], true);
  }
  return answer(request, stake, ceiling, binding, fresh.caps, true);
}

function evaluate(
  state: SessionState,
  policy: Policy,
  request: GateRequest,
  group: GroupSummary | null,
  stake: number,
): Evaluation {
  let caps: Cap[] | null = null;
  let binding: Binding = flag(request);
  let allowed = stake;
  for (const limit of LIMITS) {
    const cap = limit(state, policy, request, stake, group);
    if (cap === null) continue;
    if (caps === null) caps = [cap];
    else caps.push(cap);
    if (!(cap.stake > 0)) return evaluation(0, true, cap, caps);
    if (cap.stake < allowed) {
      binding = cap;
      allowed = cap.stake;
    }
  }
  if (allowed < request.min_stake) {
    const cap = denial(REASON.below_min_stake, allowed, request.min_stake);
    return evaluation(0, true, cap, [...(caps ?? NO_CAPS), cap]);
  }
  return evaluation(allowed, false, binding, caps ?? NO_CAPS);
}

function evaluation(allowed: number, denied: boolean, binding: Binding, caps: readonly Cap[]): Evaluation {
  const { reason, value, limit } = binding;
  return { allowed, denied, reason, value, limit, caps };
}

// ---- verdicts ----

function answer(
  request: GateRequest,
  stake: number,
  ceiling: number,
  binding: Binding,
  caps: readonly Cap[],
  reask: boolean,
): Verdict {
  const decision = stake < request.stake ? "reduce" : "allow";
  const { reason, value, limit } = binding;
  return { decision, stake, would: decision, would_stake: stake, reason, value, limit, caps, reask, ceiling };
}

function deny(binding: Binding, caps: readonly Cap[], reask: boolean): Verdict {
  const { reason, value, limit } = binding;
  return { decision: "deny", stake: 0, would: "deny", would_stake: 0, reason, value, limit, caps, reask, ceiling: 0 };
}

/** A candle whose jump could not be judged is allowed, and says so. */
function flag(request: GateRequest): Binding {
  const { candle_reason: reason, candle_value: value } = request;
  return reason === REASON.insufficient_variation ? { reason, value, limit: Number.NaN } : NOTHING;
}
