/** A finished backtest, candles and settings -> a {@link ReplayResult}. */
import type { Engine } from "../../engine/types.js";
import type { ReadResult } from "../read/backtest.js";
import type { Trade } from "../read/trades.js";
import { placebo } from "../statistics/placebo.js";
import { thin } from "../statistics/thin.js";
import { crisesOf } from "./crises.js";
import { depthOf } from "./depth.js";
import { dailyPair, effectOf, selectionOf } from "./effect.js";
import { candidatesOf, countsOf, placeboCandidates, toEntry } from "./entries.js";
import { groupsOf } from "./groups.js";
import { type Leg, legsOf } from "./legs.js";
import { loadMarket, type PairMarket, type Resolved } from "./market.js";
import { MarketPair } from "./market_pair.js";
import { RESULT_VERSION, type ReplayResult } from "./result.js";
import { secondOrder } from "./second_order.js";
import type { PairSeries } from "./series.js";
import { compareWallet, requireCoverage, sourceOf } from "./source.js";
import { type TakenTrade, totals, tradesAt } from "./totals.js";
import { type Curves, type JudgedLeg, type WalkInput, walk } from "./walk.js";

const CHART_BUCKETS = 400;

export interface ReplayInput {
  readonly backtest: ReadResult;
  readonly datadir: string;
  readonly resolved: Resolved;
  readonly settings_from: readonly string[];
  readonly engine: Engine;
  readonly software: { readonly talebridge: string; readonly node: string };
  /** Wants prices and risk of every pair for charts, in at most so many points for all pairs together. */
  readonly charts?: { readonly max_points: number; take(series: PairSeries): void };
  /** How many gates were tried on this backtest, this one included; 1 if not told. */
  readonly gates_tried?: number;
  /** Sentences for the reader, e.g. that the settings were chosen on these very candles. */
  readonly notes?: readonly string[];
  /** Called with what is being done, and how far: done of total. */
  progress?(stage: "candles" | "entries" | "statistics", done: number, total: number): void;
}

/**
 * Runs a first-order replay.
 * @throws ReplayInputError when candles are absent or do not belong to the backtest
 */
export async function replay(input: ReplayInput): Promise<ReplayResult> {
  const { backtest } = input;
  const legs = backtest.trades.flatMap(legsOf);
  const markets = await loadMarkets(input, backtest.trades);
  requireCoverage(legs, markets, input.datadir);
  const walked = walkOf(input, legs, markets);
  const { judged, curves } = walk(walked);
  return resultOf(input, { kind: "backtest", walked, judged, unknown: [], curves, markets });
}

/** What to walk through: the entries of a backtest, and prices to value them at where there are candles. */
export function walkOf(
  { backtest, resolved, progress }: ReplayInput,
  legs: readonly Leg[],
  markets: ReadonlyMap<string, PairMarket>,
): WalkInput {
  return {
    legs,
    starting_balance: backtest.starting_balance,
    start_ms: backtest.start_ms,
    end_ms: backtest.end_ms,
    timeframe_ms: backtest.timeframe_ms,
    memory_rows: resolved.memory_rows,
    pairlist: backtest.pairlist,
    policy: resolved.policy,
    verdictAt: (pair, t_ms) => markets.get(pair)?.verdictAt(t_ms) ?? null,
    closeAt: (pair, t_ms) => markets.get(pair)?.closeAt(t_ms) ?? Number.NaN,
    openAt: (pair, t_ms) => markets.get(pair)?.openAt(t_ms) ?? Number.NaN,
    progress: (done) => progress?.("entries", done, legs.length),
  };
}

/** What a result is made of. */
export interface Walked {
  readonly kind: ReplayResult["source"]["kind"];
  readonly walked: WalkInput;
  /** Entries with a known outcome. */
  readonly judged: readonly JudgedLeg[];
  /** Entries that were asked about, and of which nothing more is known. */
  readonly unknown: readonly JudgedLeg[];
  readonly curves: Curves;
  readonly markets: ReadonlyMap<string, PairMarket>;
}

export function resultOf(input: ReplayInput, { kind, walked, judged, unknown, curves, markets }: Walked): ReplayResult {
  const { backtest, resolved, engine } = input;
  input.progress?.("statistics", 0, 1);
  const asked = [...judged, ...unknown].sort((a, b) => a.leg.asked_ms - b.leg.asked_ms);
  const trades = {
    without: tradesAt(backtest, judged, () => 1),
    with: tradesAt(backtest, judged, (leg) => leg.share),
  };
  const without = totals(backtest, trades.without, curves.without);
  const withGate = totals(backtest, trades.with, curves.with);
  const daily = dailyPair(curves, backtest.starting_balance);
  const rows = thin([curves.without, curves.with], CHART_BUCKETS);
  const pick = (values: Float64Array): number[] => rows.map((row) => values[row] ?? Number.NaN);
  const liquidated = (of: readonly TakenTrade[]): number =>
    of.filter(({ trade, taken }) => taken && trade.exit_reason === "liquidation").length;
  const loaded = [...markets.values()];
  return {
    version: RESULT_VERSION,
    order: "first",
    software: { ...input.software, engine: engine.version, engine_simd: engine.simd },
    source: sourceOf(kind, backtest, loaded),
    gate: {
      settings_from: [...input.settings_from],
      settings: resolved.settings,
      memory_rows: resolved.memory_rows,
      market_pair: resolved.settings.market_pair,
      fingerprint: resolved.fingerprint,
      engine_fingerprint: resolved.engine_fingerprint,
    },
    notes: [...(input.notes ?? [])],
    checks: {
      profit: { ours: without.profit_abs, freqtrade: backtest.own.profit_total_abs },
      drawdown_closed: { ours: without.drawdown_closed.ratio, freqtrade: backtest.own.max_drawdown_account },
      wallet: compareWallet(backtest, curves),
    },
    counts: countsOf(asked),
    without,
    with: withGate,
    effect: effectOf(backtest, judged, trades, daily),
    placebo: placebo(placeboCandidates(judged), backtest.starting_balance),
    selection: selectionOf(daily, input.gates_tried ?? 1),
    second_order: secondOrder(backtest, walked, trades, without, withGate),
    exact: null,
    groups: groupsOf(asked),
    crises: crisesOf(backtest, loaded, asked, curves),
    depth: depthOf(judged, markets, resolved.settings),
    liquidations:
      backtest.trading_mode === "futures"
        ? { without: liquidated(trades.without), with: liquidated(trades.with) }
        : null,
    calibration: loaded.flatMap(({ pair, coverage }) => coverage.map((row) => ({ pair, ...row }))),
    candidates: candidatesOf(asked),
    equity: { t_ms: pick(curves.t_ms), without: pick(curves.without), with: pick(curves.with) },
    entries: asked.map((item) => toEntry(item, markets.get(item.leg.trade.pair))),
  };
}

/** @param traded pairs and sides that candles are wanted for */
export async function loadMarkets(
  input: ReplayInput,
  traded: readonly Pick<Trade, "pair" | "side">[],
): Promise<Map<string, PairMarket>> {
  const { backtest, datadir, resolved, engine } = input;
  const pairs = [...new Set(traded.map(({ pair }) => pair))].sort();
  const markets = new Map<string, PairMarket>();
  const { trading_mode, timeframe, timeframe_ms } = backtest;
  const source = { datadir, trading_mode, timeframe, timeframe_ms };
  const { market_pair } = resolved.settings;
  const market = market_pair === null ? null : await MarketPair.load(market_pair, source);
  const sides = [...new Set(traded.map(({ side }) => side))].sort();
  const chart_buckets =
    input.charts === undefined ? 0 : Math.max(1, Math.floor(input.charts.max_points / pairs.length));
  // While the engine computes one pair on its threads, the next one's candles are read on this one.
  const load = (pair: string | undefined): Promise<PairMarket> | null => {
    if (pair === undefined) return null;
    const loading = loadMarket(pair, source, backtest, resolved, engine, { market, sides, chart_buckets });
    // Awaited in its turn; should an earlier pair fail before, this one's failure is no news.
    loading.catch(() => undefined);
    return loading;
  };
  let coming = load(pairs[0]);
  for (const [at, pair] of pairs.entries()) {
    input.progress?.("candles", at, pairs.length);
    const [current, next] = [coming, load(pairs[at + 1])];
    if (current === null) break;
    const loaded = await current;
    coming = next;
    if (loaded.series !== null) input.charts?.take(loaded.series);
    markets.set(pair, loaded);
  }
  return markets;
}
