/** Limits on what an entry can lose: of the pair, of the whole book, and by liquidation. Each denies when a number it needs is not known. */
import { adverseMove } from "../../portfolio/adverse_move.js";
import { lossAtStops } from "../../portfolio/book_loss.js";
import { exposure, stakeWithin } from "../../portfolio/exposure.js";
import { liquidationDistance } from "../../portfolio/liquidation.js";
import { shortfallOver, smallerKnown } from "../../portfolio/trade_loss.js";
import { REASON } from "../../protocol/codes.js";
import { type Account, accountOf, denial, type Limit } from "../limit.js";
import type { Cap } from "../types.js";

export const tradeLoss: Limit = (state, policy, { pair, side, leverage, facts }, stake) => {
  const { max_trade_loss, trade_loss_horizon_candles } = policy.limits;
  const account = accountOf(state, policy);
  if (account === null || max_trade_loss === null) return null;
  const shortfall = shortfallOver(facts.es, facts.xi, trade_loss_horizon_candles, side);
  const loss = smallerKnown(facts.stop, shortfall) * leverage;
  // What the pair holds already is lost in the same fall.
  const taken = (exposure(account.positions, pair) * loss) / leverage;
  return within(REASON.trade_loss, account, stake, loss, taken, max_trade_loss);
};

export const bookLoss: Limit = (state, policy, { leverage, facts }, stake) => {
  const { max_book_loss } = policy.limits;
  const account = accountOf(state, policy);
  if (account === null || max_book_loss === null) return null;
  const loss = (facts.stop > 0 ? facts.stop : 1) * leverage;
  return within(REASON.book_loss, account, stake, loss, lossAtStops(account.positions), max_book_loss);
};

export const liquidation: Limit = (_state, policy, { side, leverage, facts }, stake) => {
  const { liquidation_guard } = policy.limits;
  if (liquidation_guard === null) return null;
  const { mm_rate: rate, mm_amount: amount, liquidation_buffer: buffer, wanted_leverage: wanted } = facts;
  const distanceAt = (some: number) => liquidationDistance(side, stake, some, { rate, amount }, buffer);
  const needed = adverseMove(facts.adverse, side) * liquidation_guard;
  // Without borrowed money a long cannot be liquidated before its price is gone.
  const far = (leverage === 1 && side === "long") || (needed > 0 && distanceAt(leverage) >= needed);
  if (!far) return denial(REASON.liquidation, distanceAt(leverage), needed);
  // The asker has cut the leverage to this already: told, though the stake is free.
  return wanted > leverage ? { reason: REASON.liquidation, stake, value: distanceAt(wanted), limit: needed } : null;
};

/** @param loss of a stake, as a share of it @param taken what is lost besides, in stake currency */
function within(
  reason: number,
  { equity }: Account,
  stake: number,
  loss: number,
  taken: number,
  limit: number,
): Cap | null {
  const room = stakeWithin(taken, equity, limit, loss);
  if (room >= stake) return null;
  return { reason, stake: room, value: equity > 0 ? (taken + stake * loss) / equity : Number.NaN, limit };
}
