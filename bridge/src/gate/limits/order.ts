/** Every limit, in order of evaluation: the first that denies wins; otherwise the smallest cap, of equal ones the first. */
import type { Limit } from "../limit.js";
import { entryRate, lossStreak, priceCollar } from "./activity.js";
import { bookShortfallCap, clusterExposureCap } from "./dependence.js";
import { barbell, dailyLoss, drawdown, drawdownDamping, weeklyLoss } from "./equity.js";
import { grossExposure, netExposureCap, pairExposure, sidePositions } from "./exposure.js";
import { groupDrawdown, groupExposure } from "./group.js";
import { kelly } from "./kelly.js";
import { bookLoss, liquidation, tradeLoss } from "./loss.js";
import { candleVerdict, manualSwitch, portfolioKnown, requestNumbers, staleness } from "./request.js";

export const LIMITS: readonly Limit[] = [
  manualSwitch,
  requestNumbers,
  staleness,
  candleVerdict,
  portfolioKnown,
  drawdown,
  dailyLoss,
  weeklyLoss,
  groupDrawdown,
  lossStreak,
  entryRate,
  priceCollar,
  drawdownDamping,
  grossExposure,
  netExposureCap,
  pairExposure,
  sidePositions,
  clusterExposureCap,
  groupExposure,
  tradeLoss,
  bookLoss,
  bookShortfallCap,
  liquidation,
  kelly,
  barbell,
];
