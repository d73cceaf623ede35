/**
 * The entry verdict: candle verdict × portfolio × policy. A pure function; the caller journals the verdict and then applies its event.
 *
 * Limits in order: manual switch, request numbers, staleness, candle verdict, drawdown, daily loss, soft drawdown, gross and pair exposure, positions
 * on one side, minimum stake.
 * The first that denies wins; otherwise the smallest cap does (of equal caps the first). Anything that cannot be judged is denied.
 */
import { dailyLossBreach } from "../portfolio/daily_loss.js";
import { drawdownBreach } from "../portfolio/drawdown.js";
import { exposure, stakeWithin } from "../portfolio/exposure.js";
import { otherPairsOn } from "../portfolio/side_positions.js";
import { softDrawdown } from "../portfolio/soft_drawdown.js";
import { REASON } from "../protocol/codes.js";
import { type Asked, recall } from "./asked.js";
import { type SessionState, statusAt } from "./session.js";
import type { Cap, GateRequest, Policy, Verdict } from "./types.js";

/** What a final stake may exceed its allowance by: exchanges round amounts and prices. */
export const FINAL_TOLERANCE = 1.01;

/** What binds: a reason code with its measure and limit. */
interface Binding {
  readonly reason: number;
  readonly value: number;
  readonly limit: number;
}

const NOTHING: Binding = { reason: REASON.ok, value: Number.NaN, limit: Number.NaN };

/** Outcome of the limits for one stake: the most they allow (0: deny) and what binds. */
interface Evaluation extends Binding {
  readonly allowed: number;
  readonly denied: boolean;
  readonly caps: readonly Cap[];
}

type Limit = (state: SessionState, policy: Policy, request: GateRequest, stake: number) => Cap | null;

const LIMITS: readonly Limit[] = [
  manualSwitch,
  requestNumbers,
  staleness,
  candleVerdict,
  portfolioKnown,
  drawdown,
  dailyLoss,
  drawdownDamping,
  grossExposure,
  pairExposure,
  sidePositions,
];

/** Judges one entry against a session's state. Does not change the state. */
export function gate(state: SessionState, policy: Policy, request: GateRequest): Verdict {
  // A replaced order was allowed when it was new, and its stake is committed: if there is one.
  if (request.kind === "replace" && isPositive(request.stake)) {
    return answer(request, request.stake, request.stake, NOTHING, [], false);
  }
  const previous = recall(state.asked, request);
  const verdict =
    previous === undefined ? firstAnswer(state, policy, request) : laterAnswer(state, policy, request, previous);
  return policy.mode === "enforce" ? verdict : { ...verdict, decision: "allow", stake: request.stake };
}

/** The answer when the decision could not be journalled: denied, and not remembered, because it was not made. */
export function journalFailed(policy: Policy, request: GateRequest): Verdict {
  const cap = denial(REASON.journal_failed);
  const verdict = deny(cap, [cap], false);
  return policy.mode === "enforce" ? verdict : { ...verdict, decision: "allow", stake: request.stake };
}

function firstAnswer(state: SessionState, policy: Policy, request: GateRequest): Verdict {
  const fresh = evaluate(state, policy, request, request.stake);
  if (fresh.denied) return deny(fresh, fresh.caps, false);
  const reduced = fresh.allowed < request.stake;
  // A final stake can no longer be cut. In shadow mode nothing is cut anyway, so what would have been done is still a cut.
  if (reduced && request.stage === "final" && policy.mode === "enforce") return deny(fresh, fresh.caps, false);
  return answer(request, fresh.allowed, fresh.allowed, fresh, fresh.caps, false);
}

function laterAnswer(state: SessionState, policy: Policy, request: GateRequest, previous: Asked): Verdict {
  if (previous.denied) return deny(previous, [denial(previous.reason, previous.value, previous.limit)], true);
  const fresh = evaluate(state, policy, request, previous.first_stake);
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

function evaluate(state: SessionState, policy: Policy, request: GateRequest, stake: number): Evaluation {
  const caps: Cap[] = [];
  let binding: Cap = { ...flag(request), stake };
  for (const limit of LIMITS) {
    const cap = limit(state, policy, request, stake);
    if (cap === null) continue;
    caps.push(cap);
    if (!(cap.stake > 0)) return { allowed: 0, denied: true, ...explained(cap), caps };
    if (cap.stake < binding.stake) binding = cap;
  }
  if (binding.stake < request.min_stake) {
    const cap = denial(REASON.below_min_stake, binding.stake, request.min_stake);
    return { allowed: 0, denied: true, ...explained(cap), caps: [...caps, cap] };
  }
  return { allowed: binding.stake, denied: false, ...explained(binding), caps };
}

// ---- the limits: null when they do not bind ----

function manualSwitch(state: SessionState, _policy: Policy, request: GateRequest): Cap | null {
  const status = statusAt(state, request.now_ms);
  if (status === "ACTIVE") return null;
  return denial(status === "HALTED" ? REASON.halted : REASON.reducing);
}

function requestNumbers(_state: SessionState, _policy: Policy, request: GateRequest): Cap | null {
  const { stake, min_stake, leverage } = request;
  if (!isPositive(stake)) return denial(REASON.bad_stake, stake);
  if (!Number.isFinite(min_stake) || min_stake < 0) return denial(REASON.bad_stake, min_stake);
  if (!Number.isFinite(leverage) || leverage < 1) return denial(REASON.bad_stake, leverage);
  return null;
}

function staleness(_state: SessionState, policy: Policy, request: GateRequest): Cap | null {
  const timeframe_ms = policy.timeframe_s * 1000;
  const since_open = (request.now_ms - request.candle_open_ms) / timeframe_ms;
  const age = since_open - 1;
  const limit = policy.limits.max_verdict_age_candles;
  // A candle the exchange has published a moment before our clock closed it is fresh; one that has not begun is not a candle.
  return since_open >= 0 && age <= limit ? null : denial(REASON.stale, age, limit);
}

function candleVerdict(_state: SessionState, policy: Policy, request: GateRequest, stake: number): Cap | null {
  const { candle_size: size, candle_reason: reason, candle_value: value } = request;
  if (!(size >= 0 && size <= 1)) return denial(REASON.bad_input, size);
  if (reason === REASON.warming_up || reason === REASON.bad_input) return denial(reason, value);
  if (size === 1) return null;
  if (reason === REASON.ok) return denial(REASON.bad_input, size);
  const levels = policy.candle_limits.get(reason);
  const deny_above = levels?.deny_above ?? Number.POSITIVE_INFINITY;
  const limit = value > deny_above ? deny_above : (levels?.from ?? Number.NaN);
  return { reason, stake: stake * size, value, limit };
}

function portfolioKnown(state: SessionState, policy: Policy): Cap | null {
  return policy.portfolio_limits && state.portfolio === null ? denial(REASON.stale_portfolio) : null;
}

function drawdown(state: SessionState, policy: Policy, request: GateRequest): Cap | null {
  const { max_drawdown, drawdown_window_days } = policy.limits;
  if (!policy.portfolio_limits || state.portfolio === null || max_drawdown === null) return null;
  const equity = state.portfolio.equity;
  const breach = drawdownBreach(state.equity, equity, request.now_ms, drawdown_window_days, max_drawdown);
  return breach === null ? null : denial(REASON.drawdown, breach.value, breach.limit);
}

function dailyLoss(state: SessionState, policy: Policy, request: GateRequest): Cap | null {
  const { max_daily_loss } = policy.limits;
  if (!policy.portfolio_limits || state.portfolio === null || max_daily_loss === null) return null;
  const { at_ms, equity } = state.portfolio;
  const breach = dailyLossBreach(state.equity, { t_ms: at_ms, equity }, request.now_ms, max_daily_loss);
  return breach === null ? null : denial(REASON.daily_loss, breach.value, breach.limit);
}

function drawdownDamping(state: SessionState, policy: Policy, request: GateRequest, stake: number): Cap | null {
  const { soft_drawdown, drawdown_window_days } = policy.limits;
  if (!policy.portfolio_limits || state.portfolio === null || soft_drawdown === null) return null;
  const { equity } = state.portfolio;
  const damping = softDrawdown(state.equity, equity, request.now_ms, drawdown_window_days, soft_drawdown);
  if (damping === null || damping.size >= 1) return null;
  return { reason: REASON.drawdown_soft, stake: stake * damping.size, value: damping.drawdown, limit: soft_drawdown };
}

function grossExposure(state: SessionState, policy: Policy, request: GateRequest, stake: number): Cap | null {
  return exposureCap(state, policy, request, stake, REASON.exposure_gross, null, policy.limits.max_gross_exposure);
}

function pairExposure(state: SessionState, policy: Policy, request: GateRequest, stake: number): Cap | null {
  return exposureCap(
    state,
    policy,
    request,
    stake,
    REASON.exposure_pair,
    request.pair,
    policy.limits.max_pair_exposure,
  );
}

function sidePositions(state: SessionState, policy: Policy, request: GateRequest): Cap | null {
  const { max_side_positions } = policy.limits;
  if (!policy.portfolio_limits || state.portfolio === null || max_side_positions === null) return null;
  const others = otherPairsOn(state.portfolio.positions, request.side, request.pair);
  return others < max_side_positions ? null : denial(REASON.side_positions, others + 1, max_side_positions);
}

function exposureCap(
  state: SessionState,
  policy: Policy,
  request: GateRequest,
  stake: number,
  reason: number,
  pair: string | null,
  limit: number | null,
): Cap | null {
  if (!policy.portfolio_limits || state.portfolio === null || limit === null) return null;
  const { equity, positions } = state.portfolio;
  const taken = exposure(positions, pair);
  const room = stakeWithin(taken, equity, limit, request.leverage);
  if (room >= stake) return null;
  return { reason, stake: room, value: equity > 0 ? (taken + stake * request.leverage) / equity : Number.NaN, limit };
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
  return { decision, stake, would: decision, would_stake: stake, ...explained(binding), caps, reask, ceiling };
}

function deny(binding: Binding, caps: readonly Cap[], reask: boolean): Verdict {
  return { decision: "deny", stake: 0, would: "deny", would_stake: 0, ...explained(binding), caps, reask, ceiling: 0 };
}

function explained(binding: Binding): Binding {
  return { reason: binding.reason, value: binding.value, limit: binding.limit };
}

function denial(reason: number, value = Number.NaN, limit = Number.NaN): Cap {
  return { reason, stake: 0, value, limit };
}

/** A candle whose jump could not be judged is allowed, and says so. */
function flag(request: GateRequest): Binding {
  const { candle_reason: reason, candle_value: value } = request;
  return reason === REASON.insufficient_variation ? { reason, value, limit: Number.NaN } : NOTHING;
}

function isPositive(value: number): boolean {
  return Number.isFinite(value) && value > 0;
}
