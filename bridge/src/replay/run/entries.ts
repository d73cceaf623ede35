/** The entries one by one, and how many met which answer. */
import { reasonName } from "../../protocol/codes.js";
import { adverseExcursion } from "../statistics/excursion.js";
import type { Candidate } from "../statistics/placebo.js";
import { reasonOf } from "./groups.js";
import type { PairMarket } from "./pair_market.js";
import type { Entry, ReplayResult } from "./result.js";
import type { JudgedLeg } from "./walk.js";

export function countsOf(judged: readonly JudgedLeg[]): ReplayResult["counts"] {
  const counts = { entries: judged.length, allowed: 0, reduced: 0, denied: 0, not_asked: 0, outcome_unknown: 0 };
  const reasons = new Map<string, { reduced: number; denied: number }>();
  for (const { leg, verdict } of judged) {
    if (Number.isNaN(leg.profit)) counts.outcome_unknown += 1;
    if (verdict === null) counts.not_asked += 1;
    else if (verdict.decision === "allow") counts.allowed += 1;
    else {
      const outcome = verdict.decision === "deny" ? "denied" : "reduced";
      counts[outcome] += 1;
      const name = reasonOf({ verdict });
      const reason = reasons.get(name) ?? { reduced: 0, denied: 0 };
      reason[outcome] += 1;
      reasons.set(name, reason);
    }
  }
  const by_reason = [...reasons]
    .map(([reason, count]) => ({ reason, ...count }))
    .sort((a, b) => b.denied + b.reduced - a.denied - a.reduced || (a.reason < b.reason ? -1 : 1));
  return { ...counts, by_reason };
}

/** @param market of the entry's pair */
export function toEntry({ leg, candle, verdict, share }: JudgedLeg, market: PairMarket | undefined): Entry {
  const { trade } = leg;
  const forecast = market?.depthAt(leg.asked_ms, trade.side);
  return {
    trade: trade.index,
    leg: leg.number,
    pair: trade.pair,
    side: trade.side,
    kind: leg.kind,
    at_ms: leg.asked_ms,
    candle_open_ms: candle?.candle_open_ms ?? null,
    close_ms: finite(trade.close_ms),
    rate: leg.rate,
    leverage: trade.leverage,
    stake: leg.stake,
    decision: verdict?.decision ?? "not_asked",
    stake_allowed: leg.stake * share,
    reason: verdict === null ? "ok" : (reasonName(verdict.reason) ?? String(verdict.reason)),
    value: finite(verdict?.value),
    limit: finite(verdict?.limit),
    caps: (verdict?.caps ?? []).map((cap) => ({
      reason: reasonName(cap.reason) ?? String(cap.reason),
      stake: cap.stake,
      value: finite(cap.value),
      limit: finite(cap.limit),
    })),
    profit_abs: finite(leg.profit),
    profit_with: finite(leg.profit * share),
    adverse_excursion: adverseExcursion(trade),
    measures: {
      sigma_rank: finite(market?.sigmaRankAt(leg.asked_ms)),
      es99: finite(forecast?.es99),
      adverse_quantile: finite(forecast?.adverse),
    },
    enter_tag: trade.enter_tag,
    exit_reason: trade.exit_reason,
  };
}

/** The entries as the placebo takes them. */
export function placeboCandidates(judged: readonly JudgedLeg[]): Candidate[] {
  return judged.map(({ leg, candle, share }) => ({
    candle_ms: candle?.candle_open_ms ?? leg.asked_ms,
    pair: leg.trade.pair,
    trade: leg.trade.index,
    close_ms: leg.trade.close_ms,
    profit: leg.profit,
    weight: leg.stake * leg.trade.leverage,
    share,
  }));
}

/** Of the entries that open a trade: how many are touched, and for how long none was let through while some were denied. */
export function candidatesOf(judged: readonly JudgedLeg[]): ReplayResult["candidates"] {
  const opening = judged.filter(({ leg }) => leg.number === 0);
  const share = (wanted: (item: JudgedLeg) => boolean): number | null =>
    opening.length === 0 ? null : opening.filter(wanted).length / opening.length;
  let [longest_without_entry_ms, since_ms, denied] = [0, opening[0]?.leg.asked_ms ?? 0, false];
  for (const { leg, share: let_through } of opening) {
    denied ||= let_through === 0;
    if (denied) longest_without_entry_ms = Math.max(longest_without_entry_ms, leg.asked_ms - since_ms);
    if (let_through === 0) continue;
    since_ms = leg.asked_ms;
    denied = false;
  }
  return {
    count: opening.length,
    affected_share: share((item) => item.share < 1),
    denied_share: share((item) => item.share === 0),
    longest_without_entry_ms,
  };
}

function finite(value: number | undefined): number | null {
  return value !== undefined && Number.isFinite(value) ? value : null;
}
