/** Every metric served, in order. Labels come from closed lists only: never a pair, a session or a client. */
import { STATUS } from "../protocol/codes.js";
import type { CounterName } from "./counters.js";
import type { Facts } from "./facts.js";
import type { Histogram } from "./histogram.js";
import type { Family, Sample } from "./text.js";

/** One row of the list in docs/metrics.md. */
export type Metric = {
  readonly name: string;
  readonly help: string;
  /** Label names; documentation, checked against what is served. */
  readonly labels: readonly string[];
} & (
  | { readonly type: "counter" | "gauge"; readonly read: (facts: Facts) => readonly Sample[] }
  | { readonly type: "histogram"; readonly read: (facts: Facts) => Histogram }
);

export function collect(facts: Facts): Family[] {
  return METRICS.map((metric) => {
    const { name, help } = metric;
    return metric.type === "histogram"
      ? { name, help, type: metric.type, histogram: metric.read(facts) }
      : { name, help, type: metric.type, samples: metric.read(facts) };
  });
}

function count(name: string, help: string, counter: CounterName): Metric {
  return { name, help, labels: [], type: "counter", read: ({ counters }) => only(counters.get(counter)) };
}

function gauge(name: string, help: string, read: (facts: Facts) => number): Metric {
  return { name, help, labels: [], type: "gauge", read: (facts) => only(read(facts)) };
}

function histogram(name: string, help: string, read: (facts: Facts) => Histogram): Metric {
  return { name, help, labels: [], type: "histogram", read };
}

function only(value: number): Sample[] {
  return [{ labels: {}, value }];
}

const OPS = [
  "hello",
  "gate",
  "gates",
  "portfolio",
  "annotate",
  "status",
  "control",
  "rebase",
  "override",
  "lift",
  "standing",
] as const;

export const METRICS: readonly Metric[] = [
  {
    name: "talebridge_build_info",
    help: "1; what runs, in the labels.",
    labels: ["version", "engine", "simd", "protocol", "node"],
    type: "gauge",
    read: ({ build }) => [{ labels: build, value: 1 }],
  },
  gauge(
    "talebridge_uptime_seconds",
    "Time since the daemon started; a restart sets it back.",
    (facts) => facts.uptime_s,
  ),
  {
    name: "talebridge_decisions_total",
    help: "Answers to gate questions by verdict, binding reason, and whether it was enforced (mode enforce) or only recorded (shadow).",
    labels: ["verdict", "reason", "enforced"],
    type: "counter",
    read: ({ counters }) =>
      counters.decisions.all().map(({ verdict, reason, enforced, count: value }) => ({
        labels: { verdict, reason, enforced: String(enforced) },
        value,
      })),
  },
  histogram(
    "talebridge_gate_seconds",
    "One message of one or several gate questions inside the daemon: decoding, deciding, journal and encoding.",
    ({ counters }) => counters.gate_seconds,
  ),
  histogram(
    "talebridge_annotate_seconds",
    "One frame of candles inside the daemon, waiting included.",
    ({ counters }) => counters.annotate_seconds,
  ),
  {
    name: "talebridge_requests_total",
    help: "Well-formed requests by what they ask for.",
    labels: ["op"],
    type: "counter",
    read: ({ counters }) => OPS.map((op) => ({ labels: { op }, value: counters.get(`requests_${op}`) })),
  },
  {
    name: "talebridge_errors_total",
    help: "Replies with a status other than ok, by status: stale_portfolio and no_session are routine after a change or a restart, internal is a defect.",
    labels: ["status"],
    type: "counter",
    read: ({ counters }) =>
      Object.entries(STATUS)
        .filter(([name]) => name !== "ok")
        .map(([status, code]) => ({ labels: { status }, value: counters.errorsOf(code) })),
  },
  count("talebridge_malformed_total", "Messages that were not the protocol.", "messages_malformed"),
  count(
    "talebridge_handler_errors_total",
    "Exceptions inside the daemon, each answered with status internal.",
    "handler_errors",
  ),
  count(
    "talebridge_late_total",
    "Requests whose deadline had passed when they were read: answered late, undone.",
    "requests_late",
  ),
  count("talebridge_replies_unroutable_total", "Replies whose client had gone.", "replies_unroutable"),
  count(
    "talebridge_uncaught_errors_total",
    "Exceptions and rejections that no request could be blamed for; the daemon goes on.",
    "uncaught_errors",
  ),
  count(
    "talebridge_connections_dropped_total",
    "Times all connections were dropped because there were too many for the limit of open files; clients connect anew.",
    "connections_dropped",
  ),
  count(
    "talebridge_replies_dropped_total",
    "Replies that could not be sent, because a client does not read.",
    "replies_dropped",
  ),
  count("talebridge_clients_refused_total", "Connections over tcp whose key is not on the list.", "clients_refused"),
  count("talebridge_webhook_sent_total", "Messages the webhook took.", "webhook_sent"),
  count(
    "talebridge_webhook_failures_total",
    "Requests to the webhook that were not taken; the message is tried again.",
    "webhook_failures",
  ),
  count(
    "talebridge_webhook_dropped_total",
    "Messages that were given up: too old, too many, or the daemon stopped.",
    "webhook_dropped",
  ),
  count("talebridge_batches_busy_total", "Frames turned away because too many were waiting.", "batches_busy"),
  count("talebridge_batch_rows_total", "Candles annotated.", "batch_rows"),
  gauge("talebridge_batches_running", "Frames being annotated.", ({ batches }) => batches.running),
  gauge("talebridge_batches_waiting", "Frames waiting to be annotated.", ({ batches }) => batches.waiting),
  gauge("talebridge_batches_waiting_bytes", "Size of the waiting frames.", ({ batches }) => batches.waiting_bytes),
  gauge("talebridge_sessions", "Sessions kept, backtests' included.", ({ sessions }) => sessions.kept),
  count("talebridge_sessions_evicted_total", "Sessions forgotten to make room.", "sessions_evicted"),
  {
    name: "talebridge_live_sessions",
    help: "Live and dry-run sessions by manual state.",
    labels: ["state"],
    type: "gauge",
    read: ({ sessions }) => Object.entries(sessions.live).map(([state, value]) => ({ labels: { state }, value })),
  },
  {
    name: "talebridge_live_sessions_denied",
    help: "Live and dry-run sessions whose every entry is denied now, by the reason.",
    labels: ["reason"],
    type: "gauge",
    read: ({ sessions }) => [...sessions.denied].map(([reason, value]) => ({ labels: { reason }, value })),
  },
  gauge(
    "talebridge_live_sessions_overridden",
    "Live and dry-run sessions with a limit overridden by hand now.",
    ({ sessions }) => sessions.overridden,
  ),
  gauge(
    "talebridge_live_sessions_starved",
    "Live and dry-run sessions with far more denials among their last 200 candidates than their profile's nominal share.",
    ({ sessions }) => sessions.starved,
  ),
  gauge("talebridge_journal_lines", "Lines of this boot's journal.", ({ journal }) => journal.lines),
  gauge("talebridge_journal_failing", "1 while the journal cannot be written: entries are denied.", ({ journal }) =>
    journal.failing ? 1 : 0,
  ),
  count("talebridge_journal_failures_total", "Times the journal began to fail.", "journal_failures"),
  count("talebridge_journal_damage_total", "Damaged or missing journal lines found at start.", "journal_damage"),
  count(
    "talebridge_journal_upkeep_failures_total",
    "Times old journal files could not be removed.",
    "journal_upkeep_failures",
  ),
  gauge(
    "talebridge_journal_unsynced_seconds",
    "Age of the oldest line that is not on the disk yet; 0: all are.",
    ({ journal }) => journal.unsynced_s,
  ),
  histogram(
    "talebridge_journal_fsync_seconds",
    "Syncing the journal to the disk.",
    ({ counters }) => counters.fsync_seconds,
  ),
  histogram(
    "talebridge_event_loop_delay_seconds",
    "How late the event loop runs a timer, twice a second: what a request may wait before it is read.",
    ({ loop_delay }) => loop_delay,
  ),
  gauge("process_resident_memory_bytes", "Resident memory.", (facts) => facts.process.rss_bytes),
  gauge("process_heap_bytes", "JavaScript heap in use.", (facts) => facts.process.heap_bytes),
  {
    name: "process_cpu_seconds_total",
    help: "Processor time, user and system.",
    labels: [],
    type: "counter",
    read: (facts) => only(facts.process.cpu_s),
  },
  gauge(
    "process_open_fds",
    "Open file descriptors; -1 where the system does not tell.",
    (facts) => facts.process.open_files,
  ),
];
