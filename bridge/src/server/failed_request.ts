/** Every request gets a reply: what a handler throws becomes status internal under the request's id, a count and a log line. */
import type { Logger } from "pino";
import type { Counters } from "../metrics/counters.js";
import { STATUS } from "../protocol/codes.js";
import { encodeError } from "../wire/encode.js";
import { peekEnvelope } from "../wire/envelope.js";
import type { Sparse } from "./sparse.js";

/** @param frames of the request @returns the reply to send */
export function failedRequest(
  error: unknown,
  frames: readonly Buffer[],
  { counters, log }: { readonly counters: Counters; readonly log: Logger },
  sparse: Sparse,
): Buffer {
  counters.add("handler_errors");
  sparse.say("request", (left_out) => log.error({ err: error, left_out }, "a request failed"));
  const peek = frames[0] === undefined ? null : peekEnvelope(frames[0]);
  const id = peek === null ? 0 : peek.ok ? peek.envelope.id : peek.id;
  const message = "the bridge failed on this request and went on; its log has the details";
  return encodeError({ id, status: STATUS.internal, message, detail: {} });
}
