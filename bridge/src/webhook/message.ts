/** What is told: the bridge's start and stop, and alarms that begin and end, with the values their templates are filled from. */
import type { Change } from "../alarms/book.js";
import { plain } from "../cli/plain.js";
import type { MessageType } from "../config/webhook_schema.js";
import { FIXED } from "../limits.js";
import { VERSION } from "../version.js";
import type { Values } from "./values.js";

export interface Message {
  readonly at_ms: number;
  readonly type: MessageType;
  /** @param late told long after it was seen: says when that was */
  values(late: boolean): Values;
}

const NOTHING = { alarm: "", level: "", session: "", about: "", advice: "", until: "" } as const;

export function started(at_ms: number): Message {
  return message(at_ms, "startup", { ...NOTHING, event: "start", text: `talebridge ${VERSION} is running` });
}

export function stopped(at_ms: number, why: string): Message {
  return message(at_ms, "status", { ...NOTHING, event: "stop", text: `talebridge ${VERSION} stopped: ${why}` });
}

export function changed(at_ms: number, { alarm, rings }: Change): Message {
  const { kind, level, session, about, text, advice, until_ms } = alarm;
  return message(at_ms, rings ? "warning" : "status", {
    event: rings ? "begin" : "end",
    alarm: kind,
    level,
    session: session ?? "",
    about: about ?? "",
    text,
    advice,
    until: until_ms === null ? "" : iso(until_ms),
  });
}

function message(at_ms: number, type: MessageType, given: Omit<Values, "status" | "type" | "at" | "version">): Message {
  return {
    at_ms,
    type,
    values: (late) => {
      const all = { ...given, type, at: iso(at_ms), version: VERSION, status: statusOf(given, late ? at_ms : null) };
      return Object.fromEntries(Object.entries(all).map(([name, value]) => [name, cut(plain(value))])) as Values;
    },
  };
}

function statusOf(
  { event, session, text, advice, until }: Pick<Values, "event" | "session" | "text" | "advice" | "until">,
  late_ms: number | null,
): string {
  const where = session === "" ? "" : `${session}: `;
  const body =
    event === "end"
      ? `Ended: ${text}`
      : `${text}${until === "" ? "" : `, until ${until} at the latest`}${advice === "" ? "" : `. ${advice}`}`;
  return `${where}${body}${late_ms === null ? "" : ` (seen ${iso(late_ms)}, told late)`}`;
}

function iso(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, "Z");
}

function cut(text: string): string {
  return text.length > FIXED.webhook_value_chars ? `${text.slice(0, FIXED.webhook_value_chars - 1)}…` : text;
}
