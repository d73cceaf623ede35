/** Kelly cap: a stake no larger than the closed trades support. Only a cap, only from 30 closed trades, and never below a stake that keeps the evidence coming. */
import { constrainedLowerBound, growthLowerBound, MIN_TRADES } from "../../portfolio/kelly.js";
import type { Outcome } from "../../portfolio/outcomes.js";
import { REASON } from "../../protocol/codes.js";
import { accountOf, type Limit } from "../limit.js";
import type { Limits } from "../types.js";

export const kelly: Limit = (state, policy, { pair }, stake) => {
  const account = accountOf(state, policy);
  if (account === null) return null;
  const { kelly_min_stake, ...terms } = kellyTerms(policy.limits);
  const fraction = kellyFraction(state.outcomes, terms);
  if (fraction === null) return null;
  let staked = 0;
  for (const position of account.positions) if (position.pair === pair) staked += position.stake;
  const most = Math.max(fraction, kelly_min_stake);
  const room = Math.max(0, most * account.equity - staked);
  if (room >= stake) return null;
  const value = account.equity > 0 ? (staked + stake) / account.equity : Number.NaN;
  return { reason: REASON.kelly, stake: room, value, limit: most };
};

type Terms = Pick<Limits, "kelly_fraction" | "kelly_drawdown" | "kelly_drawdown_probability">;

function kellyTerms(limits: Limits): Terms & Pick<Limits, "kelly_min_stake"> {
  const { kelly_fraction, kelly_min_stake, kelly_drawdown, kelly_drawdown_probability } = limits;
  return { kelly_fraction, kelly_min_stake, kelly_drawdown, kelly_drawdown_probability };
}

/** Largest stake as a share of equity that the trades support; null: off, or too few trades. */
export function kellyFraction(outcomes: readonly Outcome[], terms: Terms): number | null {
  const { kelly_fraction, kelly_drawdown, kelly_drawdown_probability } = terms;
  if (kelly_fraction === null || outcomes.length < MIN_TRADES) return null;
  const profits = outcomes.map(({ profit }) => profit);
  const growth = kelly_fraction * growthLowerBound(profits);
  if (kelly_drawdown === null) return growth;
  return Math.min(growth, constrainedLowerBound(profits, 1 - kelly_drawdown, kelly_drawdown_probability));
}
