/**
 * Loaded into a daemon by `node --import`: after each message it writes down what the session touched looks like, to the bit, and the journal's
 * last line. A killed daemon takes its memory along; this is what remains of it to compare with what is folded from the journal.
 */
import { openSync, writeSync } from "node:fs";
import { Journal } from "../bridge/dist/journal/writer.js";
import { GateService } from "../bridge/dist/server/gate_service.js";
import { fingerprintOf } from "./lib/canonical.mjs";

const path = process.env.TALEBRIDGE_WITNESS;
if (path === undefined) throw new Error("TALEBRIDGE_WITNESS names no file");
const fd = openSync(path, "a", 0o600);
let last_seq = 0;

const { appendAll } = Journal.prototype;
Journal.prototype.appendAll = function witnessed(events) {
  const appended = appendAll.call(this, events);
  last_seq = this.lastSeq;
  return appended;
};

const { handle } = GateService.prototype;
GateService.prototype.handle = function witnessed(frames) {
  const reply = handle.call(this, frames);
  // @ts-expect-error: what it holds is nobody else's business
  const session = this.parts.sessions.list()[0];
  if (session !== undefined && session.name !== "warm-up") {
    writeSync(fd, `${JSON.stringify([last_seq, session.name, fingerprintOf(session.state)])}\n`);
  }
  return reply;
};
