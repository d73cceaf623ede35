/** What needs someone's attention, of the kinds in kinds.ts. Pure; the thresholds are those docs/operations.md recommends for alerts. */
import { textOf } from "../gate/ends.js";
import type { Alarm, BotView, DaemonView, LatencyView } from "../web/state.js";
import type { AlarmKind } from "./kinds.js";

/** A bot sends candles once per candle and pair: none for longer than this many candles of the quickest bot, and verdicts go stale. */
const SILENT_CANDLES = 3;
const SILENT_MIN_MS = 180_000;
const MANUAL: ReadonlySet<string> = new Set(["halted", "reducing"]);
const SLOW_LOOP_S = 0.25;
/** Two samples a second: those of the first minutes are the start's own. */
const SLOW_LEAST = 600;
const UNSYNCED_S = 5;

/** What is looked at of the daemon. */
export type Watched = Pick<
  DaemonView,
  "now_ms" | "uptime_s" | "frame_ms" | "journal_failing" | "journal_unsynced_s" | "webhook_failing"
>;

export function alarms(daemon: Watched, bots: readonly BotView[], latency: Pick<LatencyView, "loop">): Alarm[] {
  const found: Alarm[] = [];
  if (daemon.journal_failing) {
    const text = "The journal cannot be written: entries are denied";
    const advice = "Free disk space or mend the directory's permissions; service goes on by itself.";
    found.push(ofDaemon("journal", "critical", text, advice));
  } else if (daemon.journal_unsynced_s > UNSYNCED_S) {
    const text = `The disk is ${Math.round(daemon.journal_unsynced_s)} s behind the journal`;
    found.push(
      ofDaemon("disk", "warning", text, "A power cut now would lose those decisions: look at the disk's load."),
    );
  }
  const loop = latency.loop.p99;
  if (loop !== null && loop.s >= SLOW_LOOP_S && latency.loop.count >= SLOW_LEAST) {
    const text = `One question in a hundred may wait ${loop.s} s or longer before it is read`;
    found.push(ofDaemon("slow", "warning", text, "The machine is overloaded: give the daemon more processor time."));
  }
  if (daemon.webhook_failing !== null) {
    const text = `The webhook takes no alarms: ${daemon.webhook_failing}`;
    const advice =
      "They are kept for a while and sent again: look at its receiver, and at webhook in the configuration.";
    found.push(ofDaemon("webhook", "warning", text, advice));
  }
  const silent = silence(daemon, bots);
  if (silent !== null) found.push(silent);
  for (const bot of bots) found.push(...ofBot(bot));
  return found.sort((a, b) => rank(a) - rank(b));
}

/** What a person did, and a person or its own date ends: it does not flicker as measures do. */
export function byHand({ kind, about }: Alarm): boolean {
  return kind === "overridden" || (about !== null && MANUAL.has(about));
}

function ofDaemon(kind: AlarmKind, level: Alarm["level"], text: string, advice: string): Alarm {
  return { kind, level, session: null, about: null, until_ms: null, text, advice };
}

function ofBot(bot: BotView): Alarm[] {
  const { session, standing } = bot;
  const what =
    bot.mode === "shadow" || bot.mode === "off" ? "Recorded as denied, let through" : "All entries are denied";
  const found: Alarm[] = standing.denied.map(({ reason, until_ms }): Alarm => {
    const manual = MANUAL.has(reason);
    const why = manual && standing.why !== "" ? ` by ${standing.by}: ${standing.why}` : "";
    return {
      kind: "denied",
      level: manual ? "warning" : "critical",
      session,
      about: reason,
      until_ms,
      text: `${what}: ${reason}${why}`,
      advice: textOf(reason).release,
    };
  });
  for (const { limit, value, by, why, until_ms } of standing.overrides) {
    found.push({
      kind: "overridden",
      level: "warning",
      session,
      about: limit,
      until_ms,
      text: `limits.${limit} is overridden: ${value === null ? "off" : show(value)}, by ${by}: ${why}`,
      advice: "It ends by itself; `talebridge override --lift` ends it now.",
    });
  }
  const hungry = starving(bot);
  if (hungry !== null) found.push(hungry);
  if (bot.day.stale_last_hour > 0) {
    found.push({
      kind: "stale",
      level: "warning",
      session,
      about: null,
      until_ms: null,
      text: `Asked about old candles: ${bot.day.stale_last_hour} of the last hour's candidates`,
      advice: textOf("stale").release,
    });
  }
  return found;
}

/** A halt by hand is meant: what it denied is no starvation, neither while it lasts nor afterwards. */
function starving({ session, starved, standing }: BotView): Alarm | null {
  const first = starved?.by[0];
  if (starved === null || first === undefined || standing.status !== "ACTIVE" || MANUAL.has(first.reason)) return null;
  const names = starved.by.map(({ reason, denied, half_at, limit }) => {
    const level =
      half_at === null || limit === null ? "" : `, limit ${show(limit)}, half would pass at ${show(half_at)}`;
    return `${reason} ${denied}${level}`;
  });
  return {
    kind: "starving",
    level: "critical",
    session,
    about: null,
    until_ms: null,
    text: `Starving: ${starved.denied} of the last ${starved.candidates} candidates were denied (${names.join("; ")})`,
    advice: textOf(first.reason).release,
  };
}

function show(value: number): string {
  return String(Number(value.toPrecision(4)));
}

/** No candles from any bot, though some are connected. The frames do not tell whose they are, so this is about all of them together. */
function silence({ frame_ms, now_ms, uptime_s }: Watched, bots: readonly BotView[]): Alarm | null {
  const frames_s = bots.map(({ timeframe_s }) => timeframe_s).filter((seconds) => seconds !== null);
  if (frames_s.length === 0) return null;
  const quickest_s = Math.min(...frames_s);
  const silent_ms = now_ms - (frame_ms ?? now_ms - uptime_s * 1000);
  if (silent_ms <= Math.max(SILENT_MIN_MS, SILENT_CANDLES * quickest_s * 1000)) return null;
  const text = `No candles have come for ${Math.floor(silent_ms / 60_000)} min: verdicts go stale`;
  const advice = `The quickest bot's candles last ${quickest_s} s. Is it running, and does its exchange deliver?`;
  return ofDaemon("silent", "warning", text, advice);
}

function rank({ level, session }: Alarm): number {
  return (level === "critical" ? 0 : 2) + (session === null ? 0 : 1);
}
