/** Journal lines as the daemon writes them, and by an independent hand. */
import { crc32 } from "node:zlib";
import { LineBuffer } from "../../src/journal/line_buffer.js";
import { type JournalEvent, writeLine } from "../../src/journal/lines.js";

/** One line by the daemon's own writer, its newline included. */
export function formatLine(seq: number, t_ms: number, event: JournalEvent): Buffer {
  const out = new LineBuffer();
  writeLine(out, seq, t_ms, event);
  return out.from(0);
}

/** The JSON text of an object with its checksum, as the format says it, without a newline. */
export function sealJson(json: string): string {
  const body = json.slice(0, -1);
  return `${body},"crc":${crc32(body)}}`;
}
