/** Why a decision was what it was, and what ends it: plain data made of its journal line, its session's settings and how the session stands now. */
import type { JournalledSettings } from "../config/journalled.js";
import { reasonOfMeasure } from "../config/resolve.js";
import { type Release, releaseOf, textOf } from "../gate/ends.js";
import type { GateLine } from "../journal/search.js";
import { REASON, type ReasonName } from "../protocol/codes.js";
import type { StandingReport } from "./report.js";

/** How the session stands at the time of the question. */
export interface Now {
  readonly source: "daemon" | "journal";
  readonly now_ms: number;
  readonly standing: StandingReport;
}

export interface Explanation {
  readonly decision: GateLine;
  readonly settings: JournalledSettings | null;
  readonly meaning: string;
  /** One for each limit that cut or denied, the binding one first. */
  readonly releases: readonly Release[];
  readonly now: Now | null;
}

export function explain(decision: GateLine, settings: JournalledSettings | null, now: Now | null): Explanation {
  const reasons = new Set<ReasonName>([decision.reason, ...decision.caps.map(({ reason }) => reason)]);
  reasons.delete("ok");
  return {
    decision,
    settings,
    meaning: textOf(decision.reason).meaning,
    releases:
      decision.would === "allow"
        ? []
        : [...reasons].map((reason) => releaseOf(reason, decision.candle_open_ms, settings?.timeframe_s ?? null, now)),
    now,
  };
}

/** Rules of the profile or the settings that give a reason, with their levels. */
export function rulesFor(reason: ReasonName, settings: JournalledSettings | null): JournalledSettings["rules"] {
  return settings === null ? [] : settings.rules.filter(({ measure }) => reasonOfMeasure(measure) === REASON[reason]);
}
