/** Counts since start, in memory. The sets of names and codes are closed, so they cannot grow, and counting allocates nothing. */
import { DecisionCounts } from "./decisions.js";
import { Histogram } from "./histogram.js";

export const COUNTER_NAMES = [
  "requests_hello",
  "requests_gate",
  "requests_gates",
  "requests_portfolio",
  "requests_annotate",
  "requests_status",
  "requests_control",
  "requests_rebase",
  "requests_override",
  "requests_lift",
  "requests_standing",
  "requests_late",
  "replies_unroutable",
  "replies_dropped",
  "messages_malformed",
  "batches_busy",
  "batch_rows",
  "journal_failures",
  "journal_upkeep_failures",
  "journal_damage",
  "sessions_evicted",
  "handler_errors",
  "uncaught_errors",
  "connections_dropped",
  "clients_refused",
  "webhook_sent",
  "webhook_failures",
  "webhook_dropped",
] as const;

export type CounterName = (typeof COUNTER_NAMES)[number];

const STATUS_CODES = 256;
/** Bounds in seconds. A question takes some ten microseconds; a journal on a slow disk, milliseconds. */
const GATE_BOUNDS_S = [1e-5, 2e-5, 5e-5, 1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 1e-2, 5e-2, 0.25, 1];
const ANNOTATE_BOUNDS_S = [5e-4, 1e-3, 2e-3, 5e-3, 1e-2, 2e-2, 5e-2, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const FSYNC_BOUNDS_S = [1e-4, 5e-4, 1e-3, 5e-3, 1e-2, 5e-2, 0.1, 0.25, 0.5, 1, 5];

export class Counters {
  readonly decisions = new DecisionCounts();
  readonly gate_seconds = new Histogram(GATE_BOUNDS_S);
  readonly annotate_seconds = new Histogram(ANNOTATE_BOUNDS_S);
  readonly fsync_seconds = new Histogram(FSYNC_BOUNDS_S);
  private readonly counts: Record<CounterName, number>;
  private readonly errors = new Float64Array(STATUS_CODES);

  constructor() {
    this.counts = zeros();
  }

  add(name: CounterName, by = 1): void {
    this.counts[name] += by;
  }

  get(name: CounterName): number {
    return this.counts[name];
  }

  /** Counts a reply with a status other than ok. */
  failed(status: number): void {
    this.errors[status] = this.errorsOf(status) + 1;
  }

  errorsOf(status: number): number {
    return this.errors[status] ?? 0;
  }

  /** All counts, by name. */
  all(): Record<string, number> {
    return {
      ...this.counts,
      decisions_allow: this.decisions.of("allow"),
      decisions_reduce: this.decisions.of("reduce"),
      decisions_deny: this.decisions.of("deny"),
      replies_error: this.errors.reduce((sum, count) => sum + count, 0),
    };
  }
}

function zeros(): Record<CounterName, number> {
  return Object.fromEntries(COUNTER_NAMES.map((name) => [name, 0])) as Record<CounterName, number>;
}
