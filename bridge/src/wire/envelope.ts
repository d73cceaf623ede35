/** First look at a frame, without decoding it: who asks for what, so that limits come before work and every error can quote the id. */
import { PROTOCOL_VERSION } from "../protocol/codes.js";

export interface Envelope {
  readonly version: number;
  readonly op: number;
  readonly id: number;
}

export type Peek = { readonly ok: true; readonly envelope: Envelope } | { readonly ok: false; readonly id: number };

/** Longest envelope: array header 3 bytes, version and op 2 each, id 5. */
const FIXARRAY = 0x90;
const ARRAY16 = 0xdc;

/**
 * Reads `[v, op, id, …` from the front of a msgpack frame. For another version only `v` and `id` are certain to be where they are read.
 * @returns ok false when the frame does not begin so; `id` is then the best guess, 0 if none
 */
export function peekEnvelope(frame: Uint8Array): Peek {
  const cursor = { at: bodyOffset(frame) };
  if (cursor.at === 0) return { ok: false, id: 0 };
  const version = readUint(frame, cursor);
  const op = readUint(frame, cursor);
  const id = readUint(frame, cursor);
  if (id === null || id >= 2 ** 31) return { ok: false, id: 0 };
  if (version === null || op === null) return { ok: false, id };
  return { ok: true, envelope: { version, op, id } };
}

export function isOwnVersion(envelope: Envelope): boolean {
  return envelope.version === PROTOCOL_VERSION;
}

/** Offset of the first element of an array of at least three; 0 when the frame is not one. */
function bodyOffset(frame: Uint8Array): number {
  const head = frame[0] ?? 0;
  if (head >= FIXARRAY + 3 && head <= FIXARRAY + 15) return 1;
  return head === ARRAY16 && frame.length > 3 ? 3 : 0;
}

/** An unsigned msgpack integer of at most 32 bits; null for anything else. Moves the cursor. */
function readUint(frame: Uint8Array, cursor: { at: number }): number | null {
  const head = frame[cursor.at];
  if (head === undefined) return null;
  cursor.at += 1;
  if (head < 0x80) return head;
  const width = head === 0xcc ? 1 : head === 0xcd ? 2 : head === 0xce ? 4 : 0;
  if (width === 0 || cursor.at + width > frame.length) return null;
  let value = 0;
  for (let i = 0; i < width; i++) value = value * 256 + (frame[cursor.at + i] ?? 0);
  cursor.at += width;
  return value;
}
