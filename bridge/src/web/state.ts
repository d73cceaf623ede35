/** What the page is told: plain JSON, one type for the daemon that makes it and the browser that shows it. Times are ms since 1970 unless named otherwise. */
import type { AlarmKind } from "../alarms/kinds.js";
import type { Release } from "../gate/ends.js";
import type { Standing } from "../gate/standing.js";
import type { Starvation } from "../gate/starvation.js";
import type { Decision, Kind, Mode, Side, Stage } from "../gate/types.js";
import type { ReasonName } from "../protocol/codes.js";
import type { GroupReport } from "../server/groups.js";

export interface WebState {
  readonly daemon: DaemonView;
  readonly alarms: readonly Alarm[];
  /** Named groups that somebody is in. */
  readonly groups: readonly GroupReport[];
  readonly bots: readonly BotView[];
  /** Denied first, then cut, then allowed; by name within. */
  readonly pairs: readonly PairView[];
  /** Newest first. */
  readonly decisions: readonly DecisionView[];
  readonly latency: LatencyView;
}

/** What changed since the last message: whole parts, and pairs by key. */
export interface WebPatch extends Partial<Omit<WebState, "pairs">> {
  readonly pairs?: { readonly set: readonly PairView[]; readonly gone: readonly string[] };
}

export interface DaemonView {
  readonly version: string;
  readonly engine: string;
  readonly simd: string;
  /** Another one: the daemon has been restarted. */
  readonly boot: string;
  readonly now_ms: number;
  readonly uptime_s: number;
  readonly journal_lines: number;
  readonly journal_failing: boolean;
  readonly journal_unsynced_s: number;
  /** Why the webhook did not take the last message; null: it did, or there is none. */
  readonly webhook_failing: string | null;
  readonly rss_bytes: number;
  /** When a frame of candles came last; null: none since the start. */
  readonly frame_ms: number | null;
  /** Sessions of backtests and the like, which the page does not list. */
  readonly other_sessions: number;
  /** Live sessions and pairs there are, told or not. */
  readonly live_sessions: number;
  readonly pairs: number;
}

export interface Alarm {
  readonly kind: AlarmKind;
  readonly level: "critical" | "warning";
  /** Null: the daemon's. */
  readonly session: string | null;
  /** Which of a session's denials (its reason) or overrides (its limit); null for other alarms. */
  readonly about: string | null;
  /** It ends then at the latest, if nobody acts before; null: not known. */
  readonly until_ms: number | null;
  readonly text: string;
  /** What to do, or what ends it. */
  readonly advice: string;
}

export interface ReasonCount {
  readonly reason: ReasonName;
  readonly count: number;
}

/** Candidate entries whose candle opened within the last 24 h, each under its strictest answer. */
export interface DayCounts {
  readonly asked: number;
  readonly reduced: number;
  readonly denied: number;
  /** Cut or denied by candle rules: what compares with the profile's nominal share. */
  readonly by_candle: number;
  /** Denied within the last hour because their candle was old. */
  readonly stale_last_hour: number;
  /** Of cut and denied ones, most frequent first. */
  readonly reasons: readonly ReasonCount[];
}

export interface BotView {
  readonly session: string;
  readonly run_mode: string;
  /** Null until the bot has said hello to this boot of the daemon. */
  readonly profile: string | null;
  readonly mode: Mode | null;
  readonly timeframe_s: number | null;
  readonly standing: Standing;
  readonly positions: number;
  readonly portfolio_ms: number | null;
  readonly heard_ms: number;
  readonly day: DayCounts;
  /** Denied far more often than the profile's rules deny; null: not so. */
  readonly starved: Starvation | null;
  /** Since the session began. */
  readonly total: { readonly asked: number; readonly reduced: number; readonly denied: number };
  /** Share the profile's rules cut or deny as measured in the study behind them; null with rules of one's own. */
  readonly nominal_share: number | null;
}

export interface PairView {
  readonly key: string;
  readonly session: string;
  readonly pair: string;
  readonly side: Side;
  readonly kind: Kind;
  readonly verdict: Decision;
  readonly candle_open_ms: number;
  /** First proposal, and the most that is still allowed. */
  readonly stake: number;
  readonly ceiling: number;
  readonly reason: ReasonName;
  readonly value: number | null;
  readonly limit: number | null;
  /** Null when allowed. */
  readonly release: Release | null;
}

export interface DecisionView {
  readonly seq: number;
  readonly at_ms: number;
  readonly session: string;
  readonly pair: string;
  readonly side: Side;
  readonly kind: Kind;
  readonly stage: Stage;
  /** What enforcing does; `enforced` tells whether it was done. */
  readonly would: Decision;
  readonly enforced: boolean;
  readonly stake: number | null;
  readonly would_stake: number;
  readonly reason: ReasonName;
  readonly value: number | null;
  readonly limit: number | null;
}

/** Upper bound of a quantile, from a histogram; `above`: it lies beyond the last bound, which is given. */
export interface Bound {
  readonly s: number;
  readonly above: boolean;
}

export interface Timing {
  readonly count: number;
  readonly p50: Bound | null;
  readonly p99: Bound | null;
}

export interface LatencyView {
  /** Inside the daemon, since it started. */
  readonly gate: Timing & { readonly buckets: readonly { readonly le_s: number | null; readonly count: number }[] };
  readonly annotate: Timing;
  readonly fsync: Timing;
  readonly loop: Timing;
}
