/**
 * Every bound that is fixed: how much of anything the daemon holds, takes or gives, and what happens beyond. Those of messages are part of the
 * protocol (protocol/enums.json), those a user may set are in the daemon's configuration; `talebridge schema --limits` prints all three.
 */

export interface FixedLimit {
  readonly value: number;
  readonly unit: string;
  readonly bounds: string;
  readonly beyond: string;
}

const table = <const T extends Readonly<Record<string, FixedLimit>>>(limits: T): T => limits;

export const FIXED_LIMITS = table({
  gate_high_water_mark: {
    value: 64,
    unit: "messages per client and direction",
    bounds: "questions and answers ZeroMQ holds on gate.sock",
    beyond: "the client's send waits; an answer to a client that does not read is dropped and counted",
  },
  batch_high_water_mark: {
    value: 2,
    unit: "messages per client and direction",
    bounds: "frames ZeroMQ holds on batch.sock",
    beyond: "as for gate.sock",
  },
  gate_intake: {
    value: 64,
    unit: "messages",
    bounds: "messages of gate.sock taken in to decide whose turn it is",
    beyond: "one is answered before the next is taken in; ZeroMQ holds the rest",
  },
  stream_connections: {
    value: 256,
    unit: "connections",
    bounds: "connections to gate.stream, which only a private daemon has",
    beyond: "closed at once; a log line at most every ten seconds",
  },
  stream_unread_bytes: {
    value: 65_536,
    unit: "bytes",
    bounds: "answers on gate.stream that wait for one client to read them, or are put together for one write",
    beyond: "written, and nothing more is read from that client until it has read them",
  },
  batch_queue_per_client: {
    value: 4,
    unit: "frames",
    bounds: "frames of one client that wait (batch_queue bounds those of all)",
    beyond: "answered `busy`",
  },
  asked_per_pair: {
    value: 64,
    unit: "answers",
    bounds: "standing answers kept for re-asks, per session and pair",
    beyond: "the oldest is forgotten: two sides, two kinds, and more candles than a verdict stays fresh for",
  },
  asked: {
    value: 4096,
    unit: "answers",
    bounds: "standing answers kept for re-asks, per session",
    beyond: "the oldest of the quietest pair is forgotten",
  },
  closed_trades: {
    value: 512,
    unit: "trades",
    bounds: "closed trades kept for loss streaks and Kelly, per session",
    beyond: "the oldest is forgotten",
  },
  granted_entries: {
    value: 512,
    unit: "entries",
    bounds: "confirmed entries of a group's member kept one by one until its next portfolio",
    beyond: "added up: a repeated question about one of them then counts twice",
  },
  confirmed_entries: {
    value: 1000,
    unit: "entries",
    bounds: "confirmed entries kept for the entry rate, per session",
    beyond: "the oldest is forgotten: as many as max_entries may be",
  },
  equity_history_ms: {
    value: 366 * 86_400_000,
    unit: "ms",
    bounds: "equity history kept per session: one high-water candidate an hour at most, so 8785 of them",
    beyond: "older candidates are forgotten: no setting reaches further back",
  },
  halt_ahead_ms: {
    value: 366 * 86_400_000,
    unit: "ms",
    bounds: "how far ahead a halt may end (`--for`, `--until`)",
    beyond: "refused with an error that says so; without an end it lasts until it is resumed",
  },
  override_ahead_ms: {
    value: 31 * 86_400_000,
    unit: "ms",
    bounds: "how far ahead the override of a limit may end (`talebridge override --for`, `--until`)",
    beyond: "refused with an error that says so: what is to last belongs in the settings",
  },
  freqtrade_config_bytes: {
    value: 4 * 1024 * 1024,
    unit: "bytes",
    bounds: "a freqtrade configuration file that doctor reads",
    beyond: "reported as unreadable",
  },
  freqtrade_config_files: {
    value: 16,
    unit: "files",
    bounds: "freqtrade configuration files that name each other, and their depth",
    beyond: "reported as unreadable",
  },
  suggested_pairs: {
    value: 10,
    unit: "pairs",
    bounds: "pairs `explain` suggests for one it does not know",
    beyond: "the most recent are named",
  },
  status_every_s: {
    value: 3600,
    unit: "s",
    bounds: "the longest pause of `status --watch --every`",
    beyond: "refused with an error that says so",
  },
  listed_sessions: {
    value: 64,
    unit: "sessions",
    bounds: "sessions a reply to `status` describes",
    beyond: "the most recently used are described; the count is of all",
  },
  clock_ahead_ms: {
    value: 3_600_000,
    unit: "ms",
    bounds: "how far a live portfolio may be ahead of the daemon's clock",
    beyond: "refused with status `schema`: equity of the future would stay the high-water mark",
  },
  violations: {
    value: 50,
    unit: "violations",
    bounds: "invalid settings named in one reply",
    beyond: "the first are named",
  },
  journal_line_bytes: {
    value: 16 * 1024 * 1024,
    unit: "bytes",
    bounds: "a journal line that is read back",
    beyond: "the line is damage: reported, counted and left out",
  },
  journal_write_bytes: {
    value: 65_536,
    unit: "bytes",
    bounds: "memory kept to put journal lines together in",
    beyond: "longer lines get memory of their own, given back with the next write",
  },
  journal_retry_ms: {
    value: 30_000,
    unit: "ms",
    bounds: "pauses between new files while the disk takes lines but cannot sync them; they double from 100 ms",
    beyond: "it is tried again that often; entries are denied meanwhile",
  },
  journal_file_ms: {
    value: 86_400_000,
    unit: "ms",
    bounds: "how long one journal file is written",
    beyond: "it is closed and a new one begun (journal.max_file_bytes bounds its size)",
  },
  open_files: {
    value: 1024,
    unit: "files",
    bounds: "the least a process must be allowed to open (RLIMIT_NOFILE)",
    beyond:
      "with fewer the daemon does not start; when a third is open all connections are dropped and clients connect anew",
  },
  metrics_connections: {
    value: 16,
    unit: "connections",
    bounds: "connections to the metrics port",
    beyond: "refused",
  },
  metrics_header_bytes: {
    value: 4096,
    unit: "bytes",
    bounds: "headers of a request to the metrics port",
    beyond: "answered 431",
  },
  metrics_request_ms: {
    value: 5000,
    unit: "ms",
    bounds: "how long a request to the metrics port, or its connection, may idle",
    beyond: "the connection is closed",
  },
  web_connections: {
    value: 32,
    unit: "connections",
    bounds: "connections to the web page's port",
    beyond: "closed at once",
  },
  web_watchers: {
    value: 8,
    unit: "streams",
    bounds: "browsers that watch at once",
    beyond: "answered 503; the page tries again",
  },
  web_backlog_ms: {
    value: 10_000,
    unit: "ms",
    bounds: "how long a watching browser may leave unread what it was sent; it is sent nothing more meanwhile",
    beyond: "its connection is closed; the page connects anew and gets the whole state",
  },
  web_header_bytes: {
    value: 8192,
    unit: "bytes",
    bounds: "headers of a request to the web page's port",
    beyond: "answered 431",
  },
  web_body_bytes: {
    value: 4096,
    unit: "bytes",
    bounds: "body of a request to the web page's port",
    beyond: "answered 413",
  },
  web_request_ms: {
    value: 5000,
    unit: "ms",
    bounds: "how long a request to the web page's port, or its idle connection, may take",
    beyond: "the connection is closed",
  },
  web_gather_ms: {
    value: 1000,
    unit: "ms",
    bounds: "the least time between two looks at the daemon's state, which are taken only while somebody watches",
    beyond: "everybody who watches gets the same look",
  },
  web_decisions: {
    value: 50,
    unit: "decisions",
    bounds: "last decisions kept for the web page",
    beyond: "the oldest is forgotten; the journal has them all",
  },
  web_pairs: {
    value: 1000,
    unit: "pairs",
    bounds: "pairs of all sessions the web page is told of",
    beyond: "the most recently asked about are told, and their number",
  },
  alarm_look_ms: {
    value: 5000,
    unit: "ms",
    bounds: "time between two looks for alarms to send, which are taken only with a webhook",
    beyond: "an alarm that began and ended in between is not sent; the page and the metrics may have shown it",
  },
  alarm_away_ms: {
    value: 60_000,
    unit: "ms",
    bounds: "how long an alarm has to be away before its end is sent",
    beyond: "one that comes back sooner went on: nothing is sent",
  },
  webhook_queue: {
    value: 128,
    unit: "messages",
    bounds: "messages that wait for the webhook",
    beyond: "the oldest is dropped and counted",
  },
  webhook_per_minute: {
    value: 20,
    unit: "requests per minute",
    bounds: "requests to the webhook, those that are tried again included",
    beyond: "messages wait",
  },
  webhook_age_ms: {
    value: 3_600_000,
    unit: "ms",
    bounds: "how long a message is tried again while the webhook does not take it",
    beyond: "it is dropped and counted",
  },
  webhook_pause_ms: {
    value: 60_000,
    unit: "ms",
    bounds: "pauses while the webhook does not take messages; they double from 1 s",
    beyond: "it is tried again that often",
  },
  webhook_stop_ms: {
    value: 2000,
    unit: "ms",
    bounds: "how long a daemon that stops waits for the webhook",
    beyond: "what is not sent by then is dropped; the log tells how many",
  },
  webhook_value_chars: {
    value: 1000,
    unit: "characters",
    bounds: "a value put into a webhook's text",
    beyond: "the rest is cut off",
  },
  webhook_payload_chars: {
    value: 16_384,
    unit: "characters",
    bounds: "one message's template in the configuration, as JSON",
    beyond: "refused with an error that says so",
  },
  tcp_handshake_ms: {
    value: 5000,
    unit: "ms",
    bounds: "how long a tcp client may take to prove its key",
    beyond: "the connection is closed",
  },
  tcp_silence_ms: {
    value: 15_000,
    unit: "ms",
    bounds: "how long a tcp peer may leave heartbeats unanswered",
    beyond: "the connection is closed",
  },
  refusal_log_ms: {
    value: 10_000,
    unit: "ms",
    bounds: "refused tcp clients are logged once in this time",
    beyond: "counted, and their number is in the next line",
  },
  key_file_bytes: {
    value: 4096,
    unit: "bytes",
    bounds: "a key file",
    beyond: "refused with an error that names it",
  },
  allow_list_ms: {
    value: 1000,
    unit: "ms",
    bounds: "how often the list of tcp clients is looked at, besides at every connection; and read while it cannot be",
    beyond:
      "a revoked key's connection lasts that long; then all tcp connections are dropped, and who is still listed connects anew",
  },
  tcp_clients: {
    value: 256,
    unit: "keys",
    bounds: "clients that may be let in over tcp",
    beyond: "refused with an error that names the folder",
  },
});

type Name = keyof typeof FIXED_LIMITS;

/** The values by name. */
export const FIXED = Object.fromEntries(
  Object.entries(FIXED_LIMITS).map(([name, { value }]) => [name, value]),
) as Readonly<Record<Name, number>>;
