/** What a limit is: an opinion on one entry. Null when it does not bind. */
import type { SessionState } from "./session.js";
import type { Cap, GateRequest, GroupSummary, Policy, Position } from "./types.js";

export type Limit = (
  state: SessionState,
  policy: Policy,
  request: GateRequest,
  stake: number,
  group: GroupSummary | null,
) => Cap | null;

/** The account as the newest portfolio tells it. */
export interface Account {
  readonly at_ms: number;
  /** Mark-to-market, open trades included. */
  readonly equity: number;
  readonly positions: readonly Position[];
}

/** Null where the account does not count, or is not known: that is a limit of its own. */
export function accountOf(state: SessionState, policy: Policy): Account | null {
  return policy.portfolio_limits ? state.portfolio : null;
}

/** A cap that lets nothing through. */
export function denial(reason: number, value = Number.NaN, limit = Number.NaN): Cap {
  return { reason, stake: 0, value, limit };
}

export function isPositive(value: number): boolean {
  return Number.isFinite(value) && value > 0;
}
