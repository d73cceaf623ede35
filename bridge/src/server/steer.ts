/** The manual switch, whoever turns it: the socket's `control` message and the web page. Decide, journal, apply. */
import type { ControlEvent } from "../gate/events.js";
import { applyEvent } from "../gate/session.js";
import type { SessionStatus } from "../gate/types.js";
import type { JournalEvent } from "../journal/lines.js";
import type { Appended } from "../journal/writer.js";
import type { Sessions } from "./sessions.js";

export interface Order {
  /** Session name; empty: every live session. */
  readonly session: string;
  readonly status: SessionStatus;
  /** 0: until changed. */
  readonly until_ms: number;
  /** Who and why, for the audit. */
  readonly by: string;
  readonly why: string;
}

export type Steered =
  | { readonly ok: true; readonly sessions: readonly string[] }
  | { readonly ok: false; readonly code: "no_session" | "unrecorded"; readonly message: string };

export const UNRECORDED = "the journal cannot be written, so nothing was changed: see `talebridge doctor`";

/** Sets the manual state of one session or of every live one. @returns names of those that were changed */
export function steer(
  sessions: Sessions,
  append: (events: readonly JournalEvent[]) => Appended,
  order: Order,
): Steered {
  const named = order.session === "" ? sessions.live() : [sessions.find(order.session)];
  const targets = named.filter((session) => session !== null);
  if (targets.length === 0) {
    const message = order.session === "" ? "there is no live session" : `there is no session "${order.session}"`;
    return { ok: false, code: "no_session", message };
  }
  const orders = targets.map(({ name, state }) => {
    const event: ControlEvent = {
      type: "control",
      session: name,
      status: order.status,
      until_ms: order.until_ms === 0 ? null : order.until_ms,
      by: order.by,
      why: order.why,
    };
    return { state, event };
  });
  // One write for all: none is resumed when that fails.
  const appended = append(orders.map(({ event }) => event));
  // A halt works with a full disk, too; the state is written out when the journal works again. What lifts one needs a record.
  if (!appended.ok && order.status === "ACTIVE") return { ok: false, code: "unrecorded", message: UNRECORDED };
  for (const { state, event } of orders) applyEvent(state, event);
  return { ok: true, sessions: targets.map((session) => session.name) };
}
