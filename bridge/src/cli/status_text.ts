/** The daemon's status as a table. */
import { describeOverride, describeTogether, percent, show } from "./explain_text.js";
import { plain } from "./plain.js";
import type { GroupReport, OverrideReport, SessionReport, StatusReport } from "./report.js";
import { showInstant, showSpan } from "./time.js";

const TOP_REASONS = 3;
const HEADER = [
  "session",
  "run",
  "profile",
  "mode",
  "state",
  "equity",
  "drawdown",
  "today",
  "positions",
  "asked",
  "allowed",
  "cut",
  "denied",
  "heard",
];

export function renderStatus(status: StatusReport): string {
  const { engine, journal, counters } = status;
  const lines = [
    `${status.server}  pid ${status.pid}  up ${showSpan(status.uptime_s * 1000)}  engine ${engine.version} (${engine.simd})`,
    `directory  ${status.dir}`,
    `journal    ${journal.dir}  ${journal.failing ? "FAILING: entries are denied" : `${journal.seq} lines`}`,
    `decisions  ${count(counters.decisions_allow)} allow, ${count(counters.decisions_reduce)} reduce, ${count(counters.decisions_deny)} deny`,
    `trouble    ${trouble(counters)}`,
    `sessions   ${status.session_count}`,
  ];
  if (status.sessions.length > 0) {
    lines.push("", ...table([HEADER, ...status.sessions.map((session) => row(session, status.now_ms))]));
    for (const session of status.sessions) lines.push(...remarks(session));
    lines.push(...(status.groups ?? []).map(groupLine));
  }
  return `${lines.join("\n")}\n`;
}

function row(session: SessionReport, now_ms: number): string[] {
  const { standing } = session;
  const { drawdown, daily_loss } = standing;
  return [
    plain(session.session),
    session.run_mode,
    session.profile ?? "not connected",
    session.mode ?? "–",
    standing.status,
    show(standing.equity),
    `${percent(drawdown.value)} of ${percent(drawdown.limit)}`,
    `${percent(daily_loss.value)} of ${percent(daily_loss.limit)}`,
    String(session.positions),
    String(session.asked),
    String(session.allowed),
    String(session.reduced),
    String(session.denied),
    `${showSpan(now_ms - session.last_used_ms)} ago`,
  ];
}

/** Below the table: what does not fit a cell. */
function remarks({ session, standing, by_reason, starvation }: SessionReport): string[] {
  const lines: string[] = [];
  const top = Object.entries(by_reason)
    .sort(([, a], [, b]) => b - a)
    .slice(0, TOP_REASONS)
    .map(([reason, times]) => `${reason} ${times}`);
  if (top.length > 0) lines.push(`${plain(session)}: cut or denied for ${top.join(", ")}`);
  if (starvation !== null) {
    const { candidates, denied, by } = starvation;
    const reasons = by.map(({ reason, denied: times, half_at, limit }) => {
      const level =
        limit === null || half_at === null ? "" : `, limit ${show(limit)}, at ${show(half_at)} half would pass`;
      return `${reason} ${times}${level}`;
    });
    lines.push(
      `${plain(session)}: STARVED, ${denied} of the last ${candidates} candidates denied: ${reasons.join("; ")}`,
    );
  }
  for (const { reason, until_ms } of standing.denied) {
    const until = until_ms === null ? "" : ` until ${showInstant(until_ms)} at the latest`;
    const manual = reason === "halted" || reason === "reducing";
    const who = manual && standing.by !== "" ? ` by ${plain(standing.by)}: ${plain(standing.why)}` : "";
    lines.push(`${plain(session)}: ALL ENTRIES DENIED, ${reason}${until}${who}`);
  }
  const together = describeTogether(standing);
  if (together.length > 0) lines.push(`${plain(session)}: ${together.join(", ")}`);
  for (const override of standing.overrides ?? []) lines.push(overrideLine(session, override));
  return lines;
}

/** "group spot (live): a, b; equity 2000, drawdown 1.0 % of 10.0 %, exposure 0.5 of 1". */
function groupLine({ group, run_mode, members, equity, drawdown, exposure }: GroupReport): string {
  const most = exposure.limit === null ? "any" : show(exposure.limit);
  return `group ${plain(group)} (${run_mode.replace("_", "-")}): ${members.map(plain).join(", ")}; equity ${show(equity)}, drawdown ${percent(drawdown.value)} of ${percent(drawdown.limit)}, exposure ${show(exposure.value)} of ${most}`;
}

/** "bot: OVERRIDDEN, limits.max_drawdown is 0.25 instead of 0.2 until … by me: why". */
export function overrideLine(session: string, override: OverrideReport): string {
  return `${plain(session)}: OVERRIDDEN, ${describeOverride(override)}`;
}

/** Counts that should be 0, or stay. */
function trouble(counters: Readonly<Record<string, number>>): string {
  const names = {
    replies_error: "errors",
    messages_malformed: "malformed",
    handler_errors: "internal",
    requests_late: "late",
    batches_busy: "busy",
    journal_failures: "journal failures",
    clients_refused: "refused clients",
  };
  const found = Object.entries(names).filter(([name]) => count(counters[name]) > 0);
  return found.length === 0 ? "none" : found.map(([name, text]) => `${text} ${count(counters[name])}`).join(", ");
}

function count(value: number | undefined): number {
  return value ?? 0;
}

function table(rows: readonly (readonly string[])[]): string[] {
  const widths = HEADER.map((_, at) => Math.max(...rows.map((cells) => cells[at]?.length ?? 0)));
  return rows.map((cells) =>
    cells
      .map((text, at) => text.padEnd(widths[at] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}
