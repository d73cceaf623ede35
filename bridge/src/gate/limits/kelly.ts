/** Kelly cap: a stake no larger than the closed trades support. Only a cap, only from 30 closed trades, and never below a stake that keeps the evidence coming. */
import { constrainedLowerBound, growthLowerBound, MIN_TRADES, MOST_TRADES } from "../../portfolio/kelly.js";
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
  const newest = outcomes.at(-1);
  if (kelly_fraction === null || newest === undefined || outcomes.length < MIN_TRADES) return null;
  const key = `${kelly_fraction} ${kelly_drawdown} ${kelly_drawdown_probability}`;
  const known = computed.get(newest);
  if (known?.key === key) return known.fraction;
  const fraction = supported(outcomes, kelly_fraction, kelly_drawdown, kelly_drawdown_probability);
  computed.set(newest, { key, fraction });
  return fraction;
}

/** By the newest trade, which tells those before it: computed once per closed trade, not per question. */
const computed = new WeakMap<Outcome, { readonly key: string; readonly fraction: number }>();

function supported(outcomes: readonly Outcome[], share: number, drawdown: number | null, probability: number): number {
  const profits = outcomes.slice(-MOST_TRADES).map(({ profit }) => profit);
  const growth = share * growthLowerBound(profits);
  return drawdown === null ? growth : Math.min(growth, constrainedLowerBound(profits, 1 - drawdown, probability));
}
