/** Counts since start, in memory. The set of names is closed, so it cannot grow. */

const NAMES = [
  "requests_hello",
  "requests_gate",
  "requests_portfolio",
  "requests_annotate",
  "requests_status",
  "requests_control",
  "requests_rebase",
  "decisions_allow",
  "decisions_reduce",
  "decisions_deny",
  "replies_error",
  "replies_unroutable",
  "replies_dropped",
  "messages_malformed",
  "batches_busy",
  "batch_rows",
  "journal_failures",
  "sessions_evicted",
  "handler_errors",
] as const;

export type CounterName = (typeof NAMES)[number];

export class Counters {
  private readonly counts = new Map<CounterName, number>(NAMES.map((name) => [name, 0]));

  add(name: CounterName, by = 1): void {
    this.counts.set(name, (this.counts.get(name) ?? 0) + by);
  }

  get(name: CounterName): number {
    return this.counts.get(name) ?? 0;
  }

  /** All counts, by name. */
  all(): Record<string, number> {
    return Object.fromEntries(this.counts);
  }
}
