/** What every decoder of the wire shares: unpacking within a limit, and the errors that answer what does not fit. Nothing here throws. */
import { Unpackr } from "msgpackr/unpack";
import { STATUS } from "../protocol/codes.js";
import type { ErrorReply } from "./encode.js";
import { DEADLINE, type Deadline } from "./messages.js";

export type Decoded<T> =
  | { readonly ok: true; readonly message: T }
  | { readonly ok: false; readonly error: ErrorReply };

/** By "msgpackr/unpack", without the optional native reader of strings: finding that one takes longer than it saves on messages as small as these. */
const unpackr = new Unpackr({ useRecords: false, int64AsType: "number", mapsAsObjects: true });

/** The optional deadline at its place in a message. @returns undefined for what is neither a time nor null nor absent */
export function readDeadline(values: readonly unknown[], at: number): Deadline | undefined {
  const value = values[at];
  if (value === undefined) return null;
  return DEADLINE.Check(value) ? value : undefined;
}

export function badDeadline(id: number, what: string): Decoded<never> {
  return fail(id, STATUS.schema, `${what} deadline_ms must be a time in ms since 1970, or null`);
}

export function unpack(frame: Buffer, id: number, what: string, most: number): Decoded<unknown> {
  if (frame.length > most) return tooLong(id, what, most);
  try {
    return { ok: true, message: unpackr.unpack(frame) };
  } catch {
    return fail(id, STATUS.schema, `${what} is not one complete msgpack value`);
  }
}

interface Validator {
  Errors(value: unknown): readonly { readonly instancePath: string; readonly message: string }[];
}

export function malformed(id: number, what: string, validator: Validator, value: unknown): Decoded<never> {
  return fail(id, STATUS.schema, describe(what, validator, value));
}

export function describe(what: string, validator: Validator, value: unknown): string {
  const first = validator.Errors(value)[0];
  const where = first === undefined || first.instancePath === "" ? "" : ` at element ${first.instancePath.slice(1)}`;
  return `${what} is malformed${where}: ${first?.message ?? "does not fit the schema"}`;
}

export function tooLong(id: number, what: string, most: number): Decoded<never> {
  return fail(id, STATUS.limit, `${what} is longer than the limit of ${most} bytes`);
}

export function extraFrames(id: number): Decoded<never> {
  return fail(id, STATUS.schema, "the message has more frames than this op takes");
}

export function fail(
  id: number,
  status: number,
  message: string,
  detail: Record<string, unknown> = {},
): Decoded<never> {
  return { ok: false, error: { id, status, message, detail } };
}

export function invert<N extends string>(codes: Readonly<Record<N, number>>): ReadonlyMap<number, N> {
  const entries = Object.entries<number>(codes) as [N, number][];
  return new Map(entries.map(([name, code]) => [code, name]));
}
