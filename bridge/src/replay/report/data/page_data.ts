/** Packs what the page's script needs of a result. */
import type { Entry, ReplayResult } from "../../run/result.js";
import type { PairSeries } from "../../run/series.js";
import { pack, pack32, pack64, packTexts } from "./pack.js";
import {
  NO_SIZE,
  type PackedEntries,
  type PackedEquity,
  type PackedPrices,
  type PageData,
  SIZE_STEPS,
} from "./types.js";

/** More entries than this make the page too large; the ones with the largest effect are kept. */
export const MAX_ENTRIES = 10_000;

export function pageData(result: ReplayResult, series: readonly PairSeries[]): PageData {
  return {
    currency: result.source.stake_currency,
    starting_balance: result.source.starting_balance,
    timeframe: result.source.timeframe,
    sides: [...new Set(result.entries.map(({ side }) => side))].sort(),
    equity: packEquity(result.equity),
    prices: series.map(packPrices),
    entries: packEntries(keptEntries(result.entries), result.entries.length),
  };
}

/** All of them, or the ones whose profit the gate changes most; in order of time. */
export function keptEntries(entries: readonly Entry[]): readonly Entry[] {
  if (entries.length <= MAX_ENTRIES) return entries;
  const effect = (entry: Entry): number => Math.abs((entry.profit_with ?? 0) - (entry.profit_abs ?? 0));
  const kept = new Set([...entries].sort((a, b) => effect(b) - effect(a)).slice(0, MAX_ENTRIES));
  return entries.filter((entry) => kept.has(entry));
}

function packEntries(entries: readonly Entry[], of: number): PackedEntries {
  const texts = (get: (entry: Entry) => string) => packTexts(entries.map(get));
  const exact = (get: (entry: Entry) => number | null) => pack64(entries.map(get));
  const single = (get: (entry: Entry) => number | null) => pack32(entries.map(get));
  const whole = (get: (entry: Entry) => number) => pack(Int32Array.from(entries, get));
  const caps = entries.flatMap((entry) => entry.caps);
  return {
    rows: entries.length,
    of,
    trade: whole((entry) => entry.trade),
    leg: whole((entry) => entry.leg),
    pair: texts((entry) => entry.pair),
    side: texts((entry) => entry.side),
    kind: texts((entry) => entry.kind),
    decision: texts((entry) => entry.decision),
    reason: texts((entry) => entry.reason),
    enter_tag: texts((entry) => entry.enter_tag),
    exit_reason: texts((entry) => entry.exit_reason),
    at_ms: exact((entry) => entry.at_ms),
    candle_open_ms: exact((entry) => entry.candle_open_ms),
    close_ms: exact((entry) => entry.close_ms),
    rate: exact((entry) => entry.rate),
    stake: exact((entry) => entry.stake),
    stake_allowed: exact((entry) => entry.stake_allowed),
    profit_abs: exact((entry) => entry.profit_abs),
    profit_with: exact((entry) => entry.profit_with),
    leverage: single((entry) => entry.leverage),
    value: single((entry) => entry.value),
    limit: single((entry) => entry.limit),
    adverse_excursion: single((entry) => entry.adverse_excursion),
    sigma_rank: single((entry) => entry.measures.sigma_rank),
    es99: single((entry) => entry.measures.es99),
    adverse_quantile: single((entry) => entry.measures.adverse_quantile),
    caps: {
      count: pack(Uint8Array.from(entries, (entry) => entry.caps.length)),
      reason: packTexts(caps.map((cap) => cap.reason)),
      stake: pack64(caps.map((cap) => cap.stake)),
      value: pack32(caps.map((cap) => cap.value)),
      limit: pack32(caps.map((cap) => cap.limit)),
    },
  };
}

function packEquity({ t_ms, without, with: gated }: ReplayResult["equity"]): PackedEquity {
  const seconds = t_ms.map((time) => Math.round(time / 1000));
  const steps = seconds.map((second, row) => second - (seconds[row - 1] ?? second));
  return {
    from_s: seconds[0] ?? 0,
    steps_s: pack(Int32Array.from(steps)),
    without: pack64(without),
    with: pack64(gated),
  };
}

function packPrices(series: PairSeries): PackedPrices {
  const size = Uint8Array.from(series.size, packSize);
  return {
    pair: series.pair,
    from_s: series.from_ms / 1000,
    step_s: series.step_ms / 1000,
    candles_per_bucket: series.candles_per_bucket,
    rows: series.close.length,
    high: pack(series.high),
    low: pack(series.low),
    close: pack(series.close),
    adverse_long: pack(series.adverse_long),
    adverse_short: pack(series.adverse_short),
    size: pack(size),
  };
}

/** A size just below 1 stays below 1, and one just above 0 above 0. */
function packSize(value: number): number {
  if (Number.isNaN(value)) return NO_SIZE;
  return value === 0 ? 0 : Math.max(1, Math.floor(value * SIZE_STEPS));
}
