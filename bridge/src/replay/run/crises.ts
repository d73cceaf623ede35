/** The worst days of the market while the backtest ran, and crashes by name that fall inside it: how the account came through, with and without. */
import type { PairMarket } from "./market.js";
import type { Crisis } from "./result_statistics.js";
import type { Curves, JudgedLeg } from "./walk.js";

const DAY_MS = 86_400_000;
const WORST_DAYS = 5;

/** Days of crashes that everyone remembers, UTC, first and last day. */
const NAMED = [
  { name: "COVID crash", from: "2020-03-12", to: "2020-03-13" },
  { name: "May 2021 crash", from: "2021-05-19", to: "2021-05-19" },
  { name: "Terra and LUNA", from: "2022-05-08", to: "2022-05-13" },
  { name: "FTX", from: "2022-11-07", to: "2022-11-10" },
  { name: "Yen carry unwind", from: "2024-08-04", to: "2024-08-05" },
  { name: "OM collapse", from: "2025-04-13", to: "2025-04-13" },
  { name: "10 October 2025 liquidations", from: "2025-10-10", to: "2025-10-11" },
] as const;

interface Span {
  readonly start_ms: number;
  readonly end_ms: number;
}

/** Worst days first, then the named ones in order of time. */
export function crisesOf(
  span: Span,
  markets: readonly PairMarket[],
  judged: readonly JudgedLeg[],
  curves: Curves,
): Crisis[] {
  const describe = (name: string, kind: Crisis["kind"], from_ms: number, to_ms: number): Crisis => {
    const inside = judged.filter(({ leg }) => leg.asked_ms >= from_ms && leg.asked_ms < to_ms);
    return {
      name,
      kind,
      from_ms,
      to_ms,
      market_change: marketChange(markets, from_ms, to_ms),
      entries: inside.length,
      affected: inside.filter(({ share }) => share < 1).length,
      account_change_without: change(curves.t_ms, curves.without, from_ms, to_ms),
      account_change_with: change(curves.t_ms, curves.with, from_ms, to_ms),
    };
  };
  const worst = wholeDays(span)
    .map((from_ms) => describe(new Date(from_ms).toISOString().slice(0, 10), "worst_day", from_ms, from_ms + DAY_MS))
    .filter(({ market_change }) => market_change < 0)
    .sort((a, b) => a.market_change - b.market_change)
    .slice(0, WORST_DAYS);
  const named = NAMED.map(({ name, from, to }) => ({ name, from_ms: Date.parse(from), to_ms: Date.parse(to) + DAY_MS }))
    .filter(({ from_ms, to_ms }) => from_ms >= span.start_ms && to_ms <= span.end_ms)
    .map(({ name, from_ms, to_ms }) => describe(name, "named", from_ms, to_ms));
  return [...worst, ...named];
}

function wholeDays({ start_ms, end_ms }: Span): number[] {
  const first = Math.ceil(start_ms / DAY_MS) * DAY_MS;
  return Array.from({ length: Math.max(0, Math.floor((end_ms - first) / DAY_MS)) }, (_, day) => first + day * DAY_MS);
}

/** Mean of the pairs' changes from the last close before the window to its last; 0 where no pair has both. */
function marketChange(markets: readonly PairMarket[], from_ms: number, to_ms: number): number {
  const changes = markets.map((market) => market.closeAt(to_ms) / market.closeAt(from_ms) - 1).filter(Number.isFinite);
  return changes.length === 0 ? 0 : changes.reduce((sum, value) => sum + value, 0) / changes.length;
}

function change(t_ms: Float64Array, values: Float64Array, from_ms: number, to_ms: number): number {
  const at = (time: number): number => {
    const first = t_ms[0] ?? 0;
    const step = (t_ms[1] ?? first + 1) - first;
    const row = Math.max(0, Math.min(t_ms.length - 1, Math.round((time - first) / step)));
    return values[row] ?? Number.NaN;
  };
  return at(to_ms) - at(from_ms);
}
