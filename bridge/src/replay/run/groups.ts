/** Entries and what the gate did to them, by pair, reason, month, side and enter tag. */
import { reasonName } from "../../protocol/codes.js";
import type { ReplayResult } from "./result.js";
import type { Group } from "./result_statistics.js";
import type { JudgedLeg } from "./walk.js";

/** Most rows of one table; a strategy may tag every entry differently. The rest goes into one row. */
const MAX_ROWS = 200;
const REST = "(others)";

/** Name of the binding reason; scale-ins whose trade was never opened were not asked about. */
export function reasonOf({ verdict }: Pick<JudgedLeg, "verdict">): string {
  return verdict === null ? "trade_denied" : (reasonName(verdict.reason) ?? String(verdict.reason));
}

export function groupsOf(judged: readonly JudgedLeg[]): ReplayResult["groups"] {
  const byCount = (a: Group, b: Group): number => b.entries - a.entries || (a.key < b.key ? -1 : 1);
  const byKey = (a: Group, b: Group): number => (a.key < b.key ? -1 : 1);
  return {
    by_pair: table(judged, ({ leg }) => leg.trade.pair).sort(byCount),
    by_reason: table(judged, reasonOf).sort(byCount),
    by_month: table(judged, ({ leg }) => new Date(leg.asked_ms).toISOString().slice(0, 7)).sort(byKey),
    by_side: table(judged, ({ leg }) => leg.trade.side).sort(byKey),
    by_enter_tag: table(judged, ({ leg }) => leg.trade.enter_tag).sort(byCount),
  };
}

function table(judged: readonly JudgedLeg[], keyOf: (item: JudgedLeg) => string): Group[] {
  const groups = new Map<string, JudgedLeg[]>();
  for (const item of judged) {
    const wanted = keyOf(item);
    const key = groups.has(wanted) || groups.size < MAX_ROWS ? wanted : REST;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return [...groups].map(([key, items]) => sumUp(key, items));
}

function sumUp(key: string, items: readonly JudgedLeg[]): Group {
  let [affected, losers, proposed, allowed, without, withGate, avoided, foregone] = [0, 0, 0, 0, 0, 0, 0, 0];
  for (const { leg, share } of items) {
    const stake = leg.stake * leg.trade.leverage;
    proposed += stake;
    allowed += stake * share;
    if (share < 1) affected += 1;
    // Of a journal not every outcome is known.
    if (Number.isNaN(leg.profit)) continue;
    if (leg.profit < 0) losers += 1;
    without += leg.profit;
    withGate += leg.profit * share;
    const cut = leg.profit * (1 - share);
    if (cut < 0) avoided -= cut;
    else foregone += cut;
  }
  return {
    key,
    entries: items.length,
    affected,
    stake_share: proposed > 0 ? allowed / proposed : null,
    losers,
    profit_without: without,
    profit_with: withGate,
    loss_avoided: avoided,
    profit_foregone: foregone,
  };
}
