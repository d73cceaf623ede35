/** Limits on exposure: stake × leverage of open positions, pending entry orders and the new entry, as a multiple of equity. */
import { exposure, netExposure, stakeWithin } from "../../portfolio/exposure.js";
import { otherPairsOn } from "../../portfolio/side_positions.js";
import { REASON } from "../../protocol/codes.js";
import { type Account, accountOf, denial, type Limit } from "../limit.js";
import type { Cap, GateRequest } from "../types.js";

export const grossExposure: Limit = (state, policy, request, stake) => {
  const { max_gross_exposure } = policy.limits;
  const account = accountOf(state, policy);
  if (account === null || max_gross_exposure === null) return null;
  const taken = exposure(account.positions, null);
  return capped(REASON.exposure_gross, account, request, stake, taken, max_gross_exposure);
};

export const netExposureCap: Limit = (state, policy, request, stake) => {
  const { max_net_exposure } = policy.limits;
  const account = accountOf(state, policy);
  if (account === null || max_net_exposure === null) return null;
  const taken = netExposure(account.positions, request.side);
  return capped(REASON.exposure_net, account, request, stake, taken, max_net_exposure);
};

export const pairExposure: Limit = (state, policy, request, stake) => {
  const { max_pair_exposure } = policy.limits;
  const account = accountOf(state, policy);
  if (account === null || max_pair_exposure === null) return null;
  const taken = exposure(account.positions, request.pair);
  return capped(REASON.exposure_pair, account, request, stake, taken, max_pair_exposure);
};

export const sidePositions: Limit = (state, policy, { side, pair }) => {
  const { max_side_positions } = policy.limits;
  const account = accountOf(state, policy);
  if (account === null || max_side_positions === null) return null;
  const others = otherPairsOn(account.positions, side, pair);
  return others < max_side_positions ? null : denial(REASON.side_positions, others + 1, max_side_positions);
};

function capped(
  reason: number,
  { equity }: Account,
  { leverage }: GateRequest,
  stake: number,
  taken: number,
  limit: number,
): Cap | null {
  const room = stakeWithin(taken, equity, limit, leverage);
  if (room >= stake) return null;
  return { reason, stake: room, value: equity > 0 ? (taken + stake * leverage) / equity : Number.NaN, limit };
}
