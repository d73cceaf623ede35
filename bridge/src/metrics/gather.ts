/** Collects the facts of a running daemon for one scrape. */
import { NOMINAL_SHARE } from "../config/profiles.js";
import { inForce } from "../gate/overrides.js";
import { isLive, statusAt } from "../gate/session.js";
import { deniedNow } from "../gate/standing.js";
import { starvation } from "../gate/starvation.js";
import type { SessionStatus } from "../gate/types.js";
import type { ReasonName } from "../protocol/codes.js";
import { countOpenFiles } from "../server/descriptors.js";
import { type AllGroupLimits, summaryOf } from "../server/groups.js";
import type { Sessions } from "../server/sessions.js";
import type { Facts } from "./facts.js";

/** Sessions by state, and live ones by what denies all their entries. */
export function sessionFacts(sessions: Sessions, groups: AllGroupLimits, now_ms: number): Facts["sessions"] {
  const live: Record<SessionStatus, number> = { ACTIVE: 0, REDUCING: 0, HALTED: 0 };
  const denied = new Map<ReasonName, number>([
    ["halted", 0],
    ["reducing", 0],
    ["drawdown", 0],
    ["drawdown_soft", 0],
    ["daily_loss", 0],
    ["weekly_loss", 0],
    ["loss_streak", 0],
    ["entry_rate", 0],
    ["barbell", 0],
    ["group_drawdown", 0],
  ]);
  let starved = 0;
  let overridden = 0;
  for (const session of sessions.list()) {
    const { state, terms } = session;
    if (!isLive(state.run_mode)) continue;
    if (terms !== null && starvation(state.asked, NOMINAL_SHARE[terms.settings.profile]) !== null) starved += 1;
    live[statusAt(state, now_ms)] += 1;
    if (inForce(state.overrides, now_ms).length > 0) overridden += 1;
    const group = summaryOf(sessions, groups, session, null);
    for (const { reason } of deniedNow(state, terms?.policy ?? null, now_ms, group)) {
      denied.set(reason, (denied.get(reason) ?? 0) + 1);
    }
  }
  return { kept: sessions.size, live, denied, overridden, starved };
}

export function processFacts(): Facts["process"] {
  const memory = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  return {
    rss_bytes: memory.rss,
    heap_bytes: memory.heapUsed,
    cpu_s: (user + system) / 1e6,
    open_files: openFiles(),
  };
}

function openFiles(): number {
  try {
    // One of them is the listing's own.
    return countOpenFiles() - 1;
  } catch {
    return -1;
  }
}
