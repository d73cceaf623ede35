/** The ledger's rows, out of the page's columns. */
import type { PackedCaps, PackedEntries } from "../../../src/replay/report/data/types.js";
import { float32, float64, int32, texts, uint8 } from "../data.js";

export interface LedgerCap {
  readonly reason: string;
  readonly stake: number;
  readonly value: number | null;
  readonly limit: number | null;
}

export interface LedgerEntry {
  /** Names the entry in links: trade and order of the export. */
  readonly id: string;
  readonly trade: number;
  readonly leg: number;
  readonly pair: string;
  readonly side: string;
  readonly kind: string;
  readonly decision: Decision;
  readonly reason: string;
  readonly enter_tag: string;
  readonly exit_reason: string;
  /** "2025-10", of the time asked. */
  readonly month: string;
  readonly at_ms: number;
  readonly candle_open_ms: number | null;
  readonly close_ms: number;
  readonly rate: number;
  readonly stake: number;
  readonly stake_allowed: number;
  readonly profit_abs: number;
  readonly profit_with: number;
  readonly leverage: number;
  readonly value: number | null;
  readonly limit: number | null;
  readonly adverse_excursion: number | null;
  readonly sigma_rank: number | null;
  /** Forecasts for the entry's side, log-losses. */
  readonly es99: number | null;
  readonly adverse_quantile: number | null;
  readonly caps: readonly LedgerCap[];
}

export type Decision = "allow" | "reduce" | "deny" | "not_asked";

/** Stands as the reason of scale-ins whose trade was never opened; the tables by reason use the same word. */
const TRADE_DENIED = "trade_denied";

export function readEntries(packed: PackedEntries): LedgerEntry[] {
  const whole = { trade: int32(packed.trade), leg: int32(packed.leg) };
  const text = {
    pair: texts(packed.pair),
    side: texts(packed.side),
    kind: texts(packed.kind),
    decision: texts(packed.decision),
    reason: texts(packed.reason),
    enter_tag: texts(packed.enter_tag),
    exit_reason: texts(packed.exit_reason),
  };
  const number = {
    at_ms: float64(packed.at_ms),
    candle_open_ms: float64(packed.candle_open_ms),
    close_ms: float64(packed.close_ms),
    rate: float64(packed.rate),
    stake: float64(packed.stake),
    stake_allowed: float64(packed.stake_allowed),
    profit_abs: float64(packed.profit_abs),
    profit_with: float64(packed.profit_with),
    leverage: float32(packed.leverage),
    value: float32(packed.value),
    limit: float32(packed.limit),
    adverse_excursion: float32(packed.adverse_excursion),
    sigma_rank: float32(packed.sigma_rank),
    es99: float32(packed.es99),
    adverse_quantile: float32(packed.adverse_quantile),
  };
  const caps = readCaps(packed.caps);
  const word = (name: keyof typeof text, row: number): string => text[name][row] ?? "";
  const exact = (name: keyof typeof number, row: number): number => number[name][row] ?? Number.NaN;
  const maybe = (name: keyof typeof number, row: number): number | null => orNull(exact(name, row));
  return Array.from({ length: packed.rows }, (_, row): LedgerEntry => {
    const [trade, leg] = [whole.trade[row] ?? 0, whole.leg[row] ?? 0];
    const decision = word("decision", row) as Decision;
    return {
      id: `entry-${trade}-${leg}`,
      trade,
      leg,
      pair: word("pair", row),
      side: word("side", row),
      kind: word("kind", row),
      decision,
      reason: decision === "not_asked" ? TRADE_DENIED : word("reason", row),
      enter_tag: word("enter_tag", row),
      exit_reason: word("exit_reason", row),
      month: new Date(exact("at_ms", row)).toISOString().slice(0, 7),
      at_ms: exact("at_ms", row),
      candle_open_ms: maybe("candle_open_ms", row),
      close_ms: exact("close_ms", row),
      rate: exact("rate", row),
      stake: exact("stake", row),
      stake_allowed: exact("stake_allowed", row),
      profit_abs: exact("profit_abs", row),
      profit_with: exact("profit_with", row),
      leverage: exact("leverage", row),
      value: maybe("value", row),
      limit: maybe("limit", row),
      adverse_excursion: maybe("adverse_excursion", row),
      sigma_rank: maybe("sigma_rank", row),
      es99: maybe("es99", row),
      adverse_quantile: maybe("adverse_quantile", row),
      caps: caps[row] ?? [],
    };
  });
}

/** What the gate changed: loss avoided (> 0) or profit missed (< 0). */
export function changeOf(entry: LedgerEntry): number {
  return entry.profit_with - entry.profit_abs;
}

function readCaps(packed: PackedCaps): LedgerCap[][] {
  const reasons = texts(packed.reason);
  const [stake, value, limit] = [float64(packed.stake), float32(packed.value), float32(packed.limit)];
  let at = 0;
  return Array.from(uint8(packed.count), (count) => {
    const from = at;
    at += count;
    return Array.from({ length: count }, (_, index) => ({
      reason: reasons[from + index] ?? "",
      stake: stake[from + index] ?? Number.NaN,
      value: orNull(value[from + index] ?? Number.NaN),
      limit: orNull(limit[from + index] ?? Number.NaN),
    }));
  });
}

function orNull(value: number): number | null {
  return Number.isNaN(value) ? null : value;
}
