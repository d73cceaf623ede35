/** What ends a cut or a denial, and when: shared by `talebridge explain` and the web page. Pure. */
import { ACCOUNT_REASONS, REASONS, type ReasonName } from "../protocol/codes.js";

/** How a session stands, as far as it matters for what ends a denial. */
export interface Stands {
  readonly high_water_mark: number | null;
  readonly drawdown: { readonly limit: number | null };
  readonly denied: readonly { readonly reason: string; readonly until_ms: number | null }[];
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

/** These cut before they deny, and cuts are not listed. */
const CUTS: ReadonlySet<ReasonName> = new Set<ReasonName>(["drawdown_soft", "barbell"]);

/**
 * What ends an answer given for a reason.
 * @param candle_open_ms of the candle the answer was for
 * @param timeframe_s null: not known
 * @param now null: how the session stands is not known
 */
export function releaseOf(
  reason: ReasonName,
  candle_open_ms: number,
  timeframe_s: number | null,
  now: { readonly now_ms: number; readonly standing: Stands } | null,
): Release {
  const how = textOf(reason).release;
  if (ACCOUNT_REASONS.has(reason)) return ofStanding(reason, how, now?.standing ?? null);
  // The answer stands for its candle: the next one, with an answer of its own, closes then.
  const until_ms = timeframe_s === null ? null : candle_open_ms + 2 * timeframe_s * 1000;
  return { reason, how, until_ms, holds: now !== null && until_ms !== null && now.now_ms < until_ms ? true : null };
}

function ofStanding(reason: ReasonName, how: string, standing: Stands | null): Release {
  if (standing === null) return { reason, how, until_ms: null, holds: null };
  const still = standing.denied.find((denial) => denial.reason === reason);
  if (still !== undefined) {
    return { reason, how: `${how}${recovery(reason, standing)}`, until_ms: still.until_ms, holds: true };
  }
  return { reason, how, until_ms: null, holds: CUTS.has(reason) ? null : false };
}

function recovery(reason: ReasonName, { high_water_mark: mark, drawdown }: Stands): string {
  if (reason !== "drawdown" || mark === null || drawdown.limit === null) return "";
  return ` Equity that suffices: ${Number((mark * (1 - drawdown.limit)).toPrecision(8))}.`;
}

/** What a reason means and what ends it, of the closed list. */
export function textOf(reason: ReasonName): { readonly meaning: string; readonly release: string } {
  return REASONS.find(({ name }) => name === reason) ?? { meaning: "", release: "" };
}
