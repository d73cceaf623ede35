/** Work nobody waits for any more is not done: it is answered with a status of its own, unread. */
import { STATUS } from "../protocol/codes.js";
import type { ErrorReply } from "../wire/encode.js";
import type { Deadline } from "../wire/messages.js";

export function isLate(deadline_ms: Deadline, now_ms: number): boolean {
  return deadline_ms !== null && now_ms > deadline_ms;
}

/** The reply to a request whose deadline has passed. */
export function lateError(id: number, deadline_ms: Deadline, now_ms: number): ErrorReply {
  const late_ms = now_ms - (deadline_ms ?? now_ms);
  const message = `the deadline passed ${late_ms} ms before the request was read: nothing was decided`;
  return { id, status: STATUS.late, message, detail: { late_ms } };
}
