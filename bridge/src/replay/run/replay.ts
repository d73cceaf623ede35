/** A finished backtest, candles and settings -> a {@link ReplayResult}. */
import type { Engine } from "../../engine/types.js";
import { reasonName } from "../../protocol/codes.js";
import type { ReadResult } from "../read/backtest.js";
import { ReplayInputError } from "../read/error.js";
import type { EquityCurve } from "../read/wallet.js";
import { closedEquity, maxDrawdown } from "../statistics/drawdown.js";
import { adverseExcursion, averageExcursion } from "../statistics/excursion.js";
import { placebo } from "../statistics/placebo.js";
import { precision } from "../statistics/precision.js";
import { thin } from "../statistics/thin.js";
import { type Leg, legsOf } from "./legs.js";
import { loadMarket, type PairMarket, type Resolved } from "./market.js";
import { type Entry, RESULT_VERSION, type ReplayResult, type SideTotals } from "./result.js";
import type { PairSeries } from "./series.js";
import { type Curves, type JudgedLeg, walk } from "./walk.js";

const CHART_BUCKETS = 400;
/** Above this share of entries at prices outside their candle, the candles are not those of the backtest. */
const MAX_FOREIGN_SHARE = 0.05;

export interface ReplayInput {
  readonly backtest: ReadResult;
  readonly datadir: string;
  readonly resolved: Resolved;
  readonly settings_from: readonly string[];
  readonly engine: Engine;
  readonly software: { readonly talebridge: string; readonly node: string };
  /** Wants prices and risk of every pair for charts, in at most so many points for all pairs together. */
  readonly charts?: { readonly max_points: number; take(series: PairSeries): void };
  /** Called with what is being done, and how far: done of total. */
  progress?(stage: "candles" | "entries", done: number, total: number): void;
}

/**
 * Runs a first-order replay.
 * @throws ReplayInputError when candles are absent or do not belong to the backtest
 */
export async function replay(input: ReplayInput): Promise<ReplayResult> {
  const { backtest, resolved, engine } = input;
  const legs = backtest.trades.flatMap(legsOf);
  const markets = await loadMarkets(input);
  requireCoverage(legs, markets, input.datadir);
  const { judged, curves } = walk({
    legs,
    starting_balance: backtest.starting_balance,
    start_ms: backtest.start_ms,
    end_ms: backtest.end_ms,
    timeframe_ms: backtest.timeframe_ms,
    pairlist: backtest.pairlist,
    policy: resolved.policy,
    verdictAt: (pair, t_ms) => markets.get(pair)?.verdictAt(t_ms) ?? null,
    closeAt: (pair, t_ms) => markets.get(pair)?.closeAt(t_ms) ?? Number.NaN,
    openAt: (pair, t_ms) => markets.get(pair)?.openAt(t_ms) ?? Number.NaN,
    progress: (done) => input.progress?.("entries", done, legs.length),
  });
  const without = totals(backtest, judged, curves.without, () => 1);
  const withGate = totals(backtest, judged, curves.with, (leg) => leg.share);
  const rows = thin([curves.without, curves.with], CHART_BUCKETS);
  const pick = (values: Float64Array): number[] => rows.map((row) => values[row] ?? Number.NaN);
  return {
    version: RESULT_VERSION,
    order: "first",
    software: { ...input.software, engine: engine.version, engine_simd: engine.simd },
    source: sourceOf(backtest, [...markets.values()]),
    gate: {
      settings_from: [...input.settings_from],
      settings: resolved.settings,
      memory_rows: resolved.memory_rows,
      fingerprint: resolved.fingerprint,
      engine_fingerprint: resolved.engine_fingerprint,
    },
    checks: {
      profit: { ours: without.profit_abs, freqtrade: backtest.own.profit_total_abs },
      drawdown_closed: { ours: without.drawdown_closed.ratio, freqtrade: backtest.own.max_drawdown_account },
      wallet: compareWallet(backtest, curves),
    },
    counts: countsOf(judged),
    without,
    with: withGate,
    effect: effectOf(judged, without.profit_abs),
    placebo: placebo(
      judged.map(({ leg, candle, share }) => ({
        candle_ms: candle?.candle_open_ms ?? leg.asked_ms,
        pair: leg.trade.pair,
        profit: leg.profit,
        share,
      })),
    ),
    equity: { t_ms: pick(curves.t_ms), without: pick(curves.without), with: pick(curves.with) },
    entries: judged.map(toEntry),
  };
}

async function loadMarkets(input: ReplayInput): Promise<Map<string, PairMarket>> {
  const { backtest, datadir, resolved, engine } = input;
  const pairs = [...new Set(backtest.trades.map((trade) => trade.pair))].sort();
  const markets = new Map<string, PairMarket>();
  for (const pair of pairs) {
    input.progress?.("candles", markets.size, pairs.length);
    const { trading_mode, timeframe, timeframe_ms } = backtest;
    const source = { datadir, trading_mode, timeframe, timeframe_ms };
    const points = input.charts === undefined ? 0 : Math.max(1, Math.floor(input.charts.max_points / pairs.length));
    const market = await loadMarket(pair, source, backtest, resolved, engine, points);
    if (market.series !== null) input.charts?.take(market.series);
    markets.set(pair, market);
  }
  return markets;
}

/** Refuses candles that are not those of the backtest: no candle before an entry, or prices that were not traded. */
function requireCoverage(legs: readonly Leg[], markets: ReadonlyMap<string, PairMarket>, datadir: string): void {
  let foreign = 0;
  for (const leg of legs) {
    const { pair } = leg.trade;
    const market = markets.get(pair);
    if (market === undefined || market.verdictAt(leg.asked_ms) === null) {
      throw new ReplayInputError(
        `The candles of ${pair} in ${datadir} do not reach the entry of ${new Date(leg.asked_ms).toISOString()}. ` +
          "Give the directory the backtest ran on with --datadir, or download the missing candles.",
      );
    }
    if (!market.traded(leg.filled_ms, leg.rate)) foreign += 1;
  }
  if (foreign > MAX_FOREIGN_SHARE * legs.length) {
    throw new ReplayInputError(
      `${foreign} of ${legs.length} entries are at prices outside their candle in ${datadir}: these are not the candles the backtest ran on.`,
    );
  }
}

/** Totals over trades when each leg counts with `shareOf`. */
function totals(
  backtest: ReadResult,
  judged: readonly JudgedLeg[],
  marked: Float64Array,
  shareOf: (leg: JudgedLeg) => number,
): SideTotals {
  const byTrade = new Map<number, { profit: number; weight: number; taken: boolean }>();
  for (const item of judged) {
    const { trade } = item.leg;
    const share = shareOf(item);
    const sum = byTrade.get(trade.index) ?? { profit: 0, weight: 0, taken: false };
    sum.profit += item.leg.profit * share;
    sum.weight += item.leg.stake * trade.leverage * share;
    sum.taken ||= share > 0;
    byTrade.set(trade.index, sum);
  }
  const trades = backtest.trades.flatMap((trade) => {
    const sum = byTrade.get(trade.index);
    return sum?.taken === true ? [{ trade, ...sum }] : [];
  });
  const profit_abs = trades.reduce((sum, { profit }) => sum + profit, 0);
  const closed = trades.map(({ trade, profit }) => ({ close_ms: trade.close_ms, profit }));
  return {
    profit_abs,
    profit_ratio: profit_abs / backtest.starting_balance,
    trades: trades.length,
    winners: trades.filter(({ profit }) => profit > 0).length,
    drawdown_closed: maxDrawdown(backtest.starting_balance, closedEquity(backtest.starting_balance, closed)),
    drawdown_marked: maxDrawdown(backtest.starting_balance, [...marked, backtest.starting_balance + profit_abs]),
    adverse_excursion: averageExcursion(
      trades.map(({ trade, weight }) => ({ excursion: adverseExcursion(trade), weight })),
    ),
  };
}

function effectOf(judged: readonly JudgedLeg[], profit_abs: number): ReplayResult["effect"] {
  let avoided = 0;
  let foregone = 0;
  let proposed = 0;
  let allowed = 0;
  for (const { leg, share } of judged) {
    const cut = leg.profit * (1 - share);
    if (cut < 0) avoided -= cut;
    else foregone += cut;
    proposed += leg.stake * leg.trade.leverage;
    allowed += leg.stake * leg.trade.leverage * share;
  }
  const stake_share = allowed / proposed;
  return {
    profit_change_abs: avoided - foregone,
    loss_avoided_abs: avoided,
    profit_foregone_abs: foregone,
    stake_share,
    constant_size_change_abs: -(1 - stake_share) * profit_abs,
    precision: precision(judged.map(({ leg, share }) => ({ stake: leg.stake, profit: leg.profit, share }))),
  };
}

function countsOf(judged: readonly JudgedLeg[]): ReplayResult["counts"] {
  const counts = { entries: judged.length, allowed: 0, reduced: 0, denied: 0, not_asked: 0 };
  const reasons = new Map<string, { reduced: number; denied: number }>();
  for (const { verdict } of judged) {
    if (verdict === null) counts.not_asked += 1;
    else if (verdict.decision === "allow") counts.allowed += 1;
    else {
      const outcome = verdict.decision === "deny" ? "denied" : "reduced";
      counts[outcome] += 1;
      const name = reasonName(verdict.reason) ?? String(verdict.reason);
      const reason = reasons.get(name) ?? { reduced: 0, denied: 0 };
      reason[outcome] += 1;
      reasons.set(name, reason);
    }
  }
  const by_reason = [...reasons]
    .map(([reason, count]) => ({ reason, ...count }))
    .sort((a, b) => b.denied + b.reduced - a.denied - a.reduced || (a.reason < b.reason ? -1 : 1));
  return { ...counts, by_reason };
}

function toEntry({ leg, candle, verdict, share }: JudgedLeg): Entry {
  const { trade } = leg;
  return {
    trade: trade.index,
    leg: leg.number,
    pair: trade.pair,
    side: trade.side,
    kind: leg.kind,
    at_ms: leg.asked_ms,
    candle_open_ms: candle?.candle_open_ms ?? null,
    close_ms: trade.close_ms,
    rate: leg.rate,
    leverage: trade.leverage,
    stake: leg.stake,
    decision: verdict?.decision ?? "not_asked",
    stake_allowed: leg.stake * share,
    reason: verdict === null ? "ok" : (reasonName(verdict.reason) ?? String(verdict.reason)),
    value: finite(verdict?.value),
    limit: finite(verdict?.limit),
    caps: (verdict?.caps ?? []).map((cap) => ({
      reason: reasonName(cap.reason) ?? String(cap.reason),
      stake: cap.stake,
      value: finite(cap.value),
      limit: finite(cap.limit),
    })),
    profit_abs: leg.profit,
    profit_with: leg.profit * share,
    adverse_excursion: adverseExcursion(trade),
    enter_tag: trade.enter_tag,
    exit_reason: trade.exit_reason,
  };
}

function sourceOf(backtest: ReadResult, markets: readonly PairMarket[]): ReplayResult["source"] {
  return {
    file: backtest.file,
    strategy: backtest.strategy,
    exchange: backtest.exchange,
    trading_mode: backtest.trading_mode,
    stake_currency: backtest.stake_currency,
    starting_balance: backtest.starting_balance,
    max_open_trades: backtest.max_open_trades,
    timeframe: backtest.timeframe,
    timeframe_detail: backtest.timeframe_detail,
    timerange: backtest.timerange,
    start_ms: backtest.start_ms,
    end_ms: backtest.end_ms,
    trades: backtest.trades.length,
    trades_without_orders: backtest.trades.filter((trade) => !trade.has_orders).length,
    forced_exits: backtest.trades.filter((trade) => trade.exit_reason === "force_exit").length,
    candles: markets.map(({ pair, rows, rows_before_start, first_ms }) => ({
      pair,
      rows,
      rows_before_start,
      from_ms: first_ms,
    })),
  };
}

/**
 * Largest difference between our value of the account as the backtest ran it and freqtrade's wallet record.
 * In futures the record is without unrealised profit, so only times without open positions can be compared: none are singled out, it is left out.
 */
function compareWallet(backtest: ReadResult, curves: Curves): ReplayResult["checks"]["wallet"] {
  const { wallet } = backtest;
  if (wallet === null || backtest.trading_mode === "futures") return null;
  const ours = new Map(Array.from(curves.t_ms, (t_ms, row) => [t_ms, curves.without[row] ?? Number.NaN]));
  return { ...largestDifference(wallet, ours), compared_with: "wallet record in the export" };
}

function largestDifference(
  wallet: EquityCurve,
  ours: ReadonlyMap<number, number>,
): { points: number; max_difference_abs: number } {
  let points = 0;
  let max_difference_abs = 0;
  wallet.t_ms.forEach((t_ms, row) => {
    const own = ours.get(t_ms);
    if (own === undefined) return;
    points += 1;
    max_difference_abs = Math.max(max_difference_abs, Math.abs(own - (wallet.equity[row] ?? Number.NaN)));
  });
  return { points, max_difference_abs };
}

function finite(value: number | undefined): number | null {
  return value !== undefined && Number.isFinite(value) ? value : null;
}
