/** Why a decision was what it was, and what ends it: plain data made of its journal line, its session's settings and how the session stands now. */
import type { JournalledSettings } from "../config/journalled.js";
import { reasonOfMeasure } from "../config/resolve.js";
import type { GateLine } from "../journal/search.js";
import { REASON, REASONS, type ReasonName } from "../protocol/codes.js";
import type { StandingReport } from "./report.js";

/** How the session stands at the time of the question. */
export interface Now {
  readonly source: "daemon" | "journal";
  readonly now_ms: number;
  readonly standing: StandingReport;
}

export interface Release {
  readonly reason: ReasonName;
  /** What ends it, in words. */
  readonly how: string;
  /** It ends then at the latest; null: that depends on more than time. */
  readonly until_ms: number | null;
  /** Whether it binds now as well; null: the next question will tell. */
  readonly holds: boolean | null;
}

export interface Explanation {
  readonly decision: GateLine;
  readonly settings: JournalledSettings | null;
  readonly meaning: string;
  /** One for each limit that cut or denied, the binding one first. */
  readonly releases: readonly Release[];
  readonly now: Now | null;
}

/** Reasons that belong to the session's account or its switch, not to the candle asked about. */
const STANDING: ReadonlySet<ReasonName> = new Set<ReasonName>([
  "halted",
  "reducing",
  "drawdown",
  "drawdown_soft",
  "daily_loss",
  "weekly_loss",
  "loss_streak",
  "entry_rate",
  "barbell",
]);
/** These cut before they deny, and cuts are not listed. */
const CUTS: ReadonlySet<ReasonName> = new Set<ReasonName>(["drawdown_soft", "barbell"]);

export function explain(decision: GateLine, settings: JournalledSettings | null, now: Now | null): Explanation {
  const reasons = new Set<ReasonName>([decision.reason, ...decision.caps.map(({ reason }) => reason)]);
  reasons.delete("ok");
  return {
    decision,
    settings,
    meaning: textOf(decision.reason).meaning,
    releases: decision.would === "allow" ? [] : [...reasons].map((reason) => release(reason, decision, settings, now)),
    now,
  };
}

function release(
  reason: ReasonName,
  decision: GateLine,
  settings: JournalledSettings | null,
  now: Now | null,
): Release {
  const how = textOf(reason).release;
  if (STANDING.has(reason)) return ofStanding(reason, how, now);
  // The answer stands for its candle: the next one, with an answer of its own, closes then.
  const until_ms = settings === null ? null : decision.candle_open_ms + 2 * settings.timeframe_s * 1000;
  return { reason, how, until_ms, holds: now !== null && until_ms !== null && now.now_ms < until_ms ? true : null };
}

function ofStanding(reason: ReasonName, how: string, now: Now | null): Release {
  if (now === null) return { reason, how, until_ms: null, holds: null };
  const { standing } = now;
  const still = standing.denied.find((denial) => denial.reason === reason);
  if (still !== undefined) {
    return { reason, how: `${how}${recovery(reason, standing)}`, until_ms: still.until_ms, holds: true };
  }
  return { reason, how, until_ms: null, holds: CUTS.has(reason) ? null : false };
}

function recovery(reason: ReasonName, { high_water_mark: mark, drawdown }: StandingReport): string {
  if (reason !== "drawdown" || mark === null || drawdown.limit === null) return "";
  return ` Equity that suffices: ${Number((mark * (1 - drawdown.limit)).toPrecision(8))}.`;
}

/** Rules of the profile or the settings that give a reason, with their levels. */
export function rulesFor(reason: ReasonName, settings: JournalledSettings | null): JournalledSettings["rules"] {
  return settings === null ? [] : settings.rules.filter(({ measure }) => reasonOfMeasure(measure) === REASON[reason]);
}

export function textOf(reason: ReasonName): { readonly meaning: string; readonly release: string } {
  return REASONS.find(({ name }) => name === reason) ?? { meaning: "", release: "" };
}
