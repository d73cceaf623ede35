/** What the standing answers of one session say: the newest per pair, and the last day's counts. Pure. */
import { type Asked, type AskedBook, standing as standingAnswers } from "../gate/asked.js";
import { REASONS, type ReasonName, reasonName } from "../protocol/codes.js";
import type { DayCounts } from "./state.js";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Reasons that come with the candle: what the nominal shares are about. */
const OF_CANDLE: ReadonlySet<ReasonName> = new Set(
  REASONS.filter(({ origin, name }) => origin === "candle" && name !== "warming_up" && name !== "bad_input").map(
    ({ name }) => name,
  ),
);

export interface Answers {
  /** The newest answer of each pair, in order of their newest question, oldest first. */
  readonly newest: readonly Asked[];
  readonly day: DayCounts;
}

export function answers(book: AskedBook, now_ms: number): Answers {
  const newest = new Map<string, Asked>();
  const reasons = new Map<ReasonName, number>();
  let stale_last_hour = 0;
  let [asked, reduced, denied, by_candle] = [0, 0, 0, 0];
  for (const answer of standingAnswers(book)) {
    const { pair, candle_open_ms } = answer.candidate;
    const known = newest.get(pair);
    if (known === undefined || candle_open_ms >= known.candidate.candle_open_ms) newest.set(pair, answer);
    if (candle_open_ms <= now_ms - DAY_MS) continue;
    asked += 1;
    const outcome = verdictOf(answer);
    if (outcome === "allow") continue;
    if (outcome === "deny") denied += 1;
    else reduced += 1;
    const reason = reasonName(answer.reason) ?? "ok";
    reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
    if (OF_CANDLE.has(reason)) by_candle += 1;
    if (reason === "stale" && candle_open_ms > now_ms - HOUR_MS) stale_last_hour += 1;
  }
  const counted = [...reasons].map(([reason, count]) => ({ reason, count })).sort((a, b) => b.count - a.count);
  return {
    newest: [...newest.values()],
    day: { asked, reduced, denied, by_candle, stale_last_hour, reasons: counted },
  };
}

export function verdictOf({ denied, ceiling, first_stake }: Asked): "allow" | "reduce" | "deny" {
  if (denied) return "deny";
  return ceiling < first_stake ? "reduce" : "allow";
}
