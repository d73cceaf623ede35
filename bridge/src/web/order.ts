/** A click on halt, reduce or resume, checked: as the commands' arguments, and turned into the same order. Pure. */
import { endOf } from "../cli/time.js";
import { UsageError } from "../cli/usage.js";
import { LIMITS } from "../protocol/codes.js";
import type { Order } from "../server/steer.js";
import { Type, Value } from "../typebox.js";

/** As in the protocol's `control` message. */
const MAX_BY = 64;
const MAX_WHY = 200;

const Body = Type.Object(
  {
    /** Empty: every live session. */
    session: Type.String({ maxLength: LIMITS.session_bytes }),
    state: Type.Enum(["ACTIVE", "REDUCING", "HALTED"]),
    why: Type.String({ maxLength: MAX_WHY }),
    /** "4h", as --for takes it. */
    for: Type.Optional(Type.String({ maxLength: 16 })),
    /** As --until takes it. */
    until: Type.Optional(Type.String({ maxLength: 32 })),
  },
  { additionalProperties: false },
);

export type ReadOrder = { readonly ok: true; readonly order: Order } | { readonly ok: false; readonly message: string };

/** @param by who is answerable: the daemon's user, whose token it was */
export function readOrder(text: string, by: string, now_ms: number): ReadOrder {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return { ok: false, message: "the body is not JSON" };
  }
  if (!Value.Check(Body, body)) {
    return { ok: false, message: 'the body must be {"session", "state", "why"} and perhaps "for" or "until"' };
  }
  const { session, state, why } = body;
  if (why.trim() === "") return { ok: false, message: "a reason is missing: the journal keeps it" };
  try {
    const until_ms = state === "ACTIVE" ? 0 : endOf(body, now_ms);
    const name = `${by.slice(0, MAX_BY - WEB.length)}${WEB}`;
    return { ok: true, order: { session, status: state, until_ms, by: name, why: why.trim() } };
  } catch (error) {
    if (error instanceof UsageError) return { ok: false, message: error.message };
    throw error;
  }
}

/** The audit tells a click from a command. */
const WEB = " (web page)";
