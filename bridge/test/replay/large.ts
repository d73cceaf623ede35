/** A result as large as reports have to be: a real one, its entries repeated with seeded changes, and random walks for prices. */
import { moneyIn } from "../../src/replay/report/format.js";
import type { Entry, ReplayResult } from "../../src/replay/run/result.js";
import type { PairSeries } from "../../src/replay/run/series.js";

const HOUR_MS = 3_600_000;
const REASONS = ["jump", "drawdown", "exposure_gross", "tail"] as const;

/** xorshift32: the same numbers on every machine. */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

export function largeResult(result: ReplayResult, count: number, pairs: number): ReplayResult {
  const random = seeded(20_251_010);
  const entries = Array.from({ length: count }, (_, trade) => entryOf(result, trade, pairs, random));
  const placebo = comparedPlacebo(0.62);
  return { ...result, placebo, entries, counts: { ...result.counts, entries: count } };
}

/** The gate among 999 placebos, at a percentile. */
export function comparedPlacebo(percentile: number): ReplayResult["placebo"] {
  const quantiles = { p05: -120.5, p50: 3.25, p95: 140.75 };
  const measures = (["profit_change", "excess", "return_excess", "cvar95_change", "drawdown_change"] as const).map(
    (measure) => ({
      measure,
      value: 41.5,
      percentile,
      quantiles,
    }),
  );
  const interval = { low: -150, high: 210 };
  return {
    status: "compared",
    blocks: 1000,
    shifts: 999,
    percentile,
    quantiles,
    mean_size: 0.9,
    measures,
    intervals: { block: 3, profit_change: interval, excess: interval },
  };
}

function entryOf(result: ReplayResult, trade: number, pairs: number, random: () => number): Entry {
  const [model] = result.entries;
  if (model === undefined) throw new Error("the fixture has no entry");
  const drawn = random();
  const decision = drawn < 0.75 ? "allow" : drawn < 0.93 ? "reduce" : "deny";
  const share = decision === "allow" ? 1 : decision === "deny" ? 0 : Math.round(random() * 1023) / 1024;
  const reason = decision === "allow" ? "ok" : (REASONS[Math.floor(random() * REASONS.length)] ?? "jump");
  const stake = 100 + random() * 900;
  const profit_abs = (random() - 0.48) * 60;
  const at_ms = Date.UTC(2025, 0, 1) + trade * 2 * HOUR_MS;
  const value = 3 + random() * 9;
  return {
    ...model,
    trade,
    leg: 0,
    pair: `COIN${trade % pairs}/USDT`,
    side: random() < 0.7 ? "long" : "short",
    at_ms,
    candle_open_ms: at_ms - HOUR_MS,
    close_ms: at_ms + random() * 48 * HOUR_MS,
    rate: 1 + random() * 3000,
    stake,
    decision,
    stake_allowed: stake * share,
    reason,
    value,
    limit: 4,
    caps: decision === "reduce" ? [{ reason, stake: stake * share, value, limit: 4 }] : [],
    profit_abs,
    profit_with: profit_abs * share,
    adverse_excursion: random() * 0.08,
    measures: { sigma_rank: random(), es99: random() * 0.02, adverse_quantile: random() * 0.06 },
    enter_tag: `tag ${trade % 7}`,
    exit_reason: random() < 0.5 ? "roi" : "stop_loss",
  };
}

export function largeSeries(pairs: number, points: number): PairSeries[] {
  const random = seeded(7);
  return Array.from({ length: pairs }, (_, index) => {
    let close = 100;
    const closes = Float32Array.from({ length: points }, () => {
      close *= 1 + (random() - 0.5) * 0.02;
      return close;
    });
    const flat = (value: number): Float32Array => new Float32Array(points).fill(value);
    return {
      pair: `COIN${index}/USDT`,
      from_ms: Date.UTC(2025, 0, 1),
      step_ms: 4.38 * HOUR_MS,
      candles_per_bucket: 53,
      high: closes.map((value) => value * 1.01),
      low: closes.map((value) => value * 0.99),
      close: closes,
      adverse_long: flat(0.03),
      adverse_short: flat(0.035),
      size: closes.map(() => (random() < 0.05 ? random() : 1)),
    };
  });
}

/** How the result's amounts are written. */
export function formatOf(result: ReplayResult) {
  return moneyIn(result.source);
}
