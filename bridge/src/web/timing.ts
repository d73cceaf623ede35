/** Quantiles of the daemon's histograms, as the bounds that are known: no figure finer than what was counted. Pure. */
import type { Histogram } from "../metrics/histogram.js";
import type { Bound, LatencyView, Timing } from "./state.js";

type Counted = Pick<Histogram, "bounds" | "cumulative">;

export function timing(histogram: Counted): Timing {
  const cumulative = histogram.cumulative();
  const count = cumulative.at(-1) ?? 0;
  return { count, p50: quantile(histogram.bounds, cumulative, 0.5), p99: quantile(histogram.bounds, cumulative, 0.99) };
}

/** The least bound that at least a share `q` of the observations do not exceed; null when there are none. */
export function quantile(bounds: readonly number[], cumulative: readonly number[], q: number): Bound | null {
  const count = cumulative.at(-1) ?? 0;
  if (count === 0) return null;
  const at = cumulative.findIndex((below) => below >= q * count);
  const s = bounds[at];
  return s === undefined ? { s: bounds.at(-1) ?? 0, above: true } : { s, above: false };
}

/** Every histogram the page shows. */
export function latency(of: Readonly<Record<"gate" | "annotate" | "fsync" | "loop", Counted>>): LatencyView {
  const cumulative = of.gate.cumulative();
  const buckets = cumulative.map((below, at) => ({
    le_s: of.gate.bounds[at] ?? null,
    count: below - (cumulative[at - 1] ?? 0),
  }));
  return {
    gate: { ...timing(of.gate), buckets },
    annotate: timing(of.annotate),
    fsync: timing(of.fsync),
    loop: timing(of.loop),
  };
}
