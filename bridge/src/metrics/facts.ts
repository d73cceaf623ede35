/** What is measured when asked for, beside the counters: plain data, gathered by the daemon at each scrape. */
import type { SessionStatus } from "../gate/types.js";
import type { ReasonName } from "../protocol/codes.js";
import type { Counters } from "./counters.js";
import type { Histogram } from "./histogram.js";

export interface Facts {
  readonly counters: Counters;
  readonly build: Readonly<Record<"version" | "engine" | "simd" | "protocol" | "node", string>>;
  readonly uptime_s: number;
  readonly sessions: {
    /** All kept, backtests' included. */
    readonly kept: number;
    readonly live: Readonly<Record<SessionStatus, number>>;
    /** Live sessions whose entries are denied by an account limit now, by reason. */
    readonly denied: ReadonlyMap<ReasonName, number>;
    /** Live sessions with a limit overridden by hand. */
    readonly overridden: number;
    /** Live sessions with the starvation alarm. */
    readonly starved: number;
  };
  readonly batches: { readonly running: number; readonly waiting: number; readonly waiting_bytes: number };
  readonly journal: { readonly lines: number; readonly failing: boolean; readonly unsynced_s: number };
  readonly process: {
    readonly rss_bytes: number;
    readonly heap_bytes: number;
    readonly cpu_s: number;
    readonly open_files: number;
  };
  readonly loop_delay: Histogram;
}
