/** Limits on what moves together: exposure of the entry's cluster, expected shortfall of the book. Both know the closes the session was told. */
import { bookRisk, shortfallWith, stakeWithinShortfall } from "../../portfolio/book_es.js";
import { clusterExposure } from "../../portfolio/clusters.js";
import { dependenceAt } from "../../portfolio/dependence.js";
import { stakeWithin } from "../../portfolio/exposure.js";
import { REASON } from "../../protocol/codes.js";
import { accountOf, type Limit } from "../limit.js";

const HOUR_MS = 3_600_000;

export const clusterExposureCap: Limit = (state, policy, { pair, side, leverage, now_ms }, stake) => {
  const { max_cluster_exposure, cluster_correlation } = policy.limits;
  const account = accountOf(state, policy);
  if (account === null || max_cluster_exposure === null) return null;
  const { positions, equity } = account;
  const dependence = dependenceAt(state.closes, now_ms);
  const taken = clusterExposure(positions, pair, side, dependence, cluster_correlation);
  const room = stakeWithin(taken, equity, max_cluster_exposure, leverage);
  if (room >= stake) return null;
  const value = equity > 0 ? (taken + stake * leverage) / equity : Number.NaN;
  return { reason: REASON.exposure_cluster, stake: room, value, limit: max_cluster_exposure };
};

export const bookShortfallCap: Limit = (state, policy, request, stake) => {
  const { max_book_es, book_es_hours } = policy.limits;
  const account = accountOf(state, policy);
  if (account === null || max_book_es === null) return null;
  const { positions, equity } = account;
  const dependence = dependenceAt(state.closes, request.now_ms);
  const risk = bookRisk(positions, request, dependence, book_es_hours * HOUR_MS);
  const room = stakeWithinShortfall(risk, max_book_es * equity);
  if (room >= stake) return null;
  const [before, after] = [shortfallWith(risk, 0), shortfallWith(risk, stake)];
  const share = (money: number) => (equity > 0 ? money / equity : Number.NaN);
  return {
    reason: REASON.book_es,
    stake: room,
    value: share(after),
    limit: max_book_es,
    added: share(after - before),
  };
};
