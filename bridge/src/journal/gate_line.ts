/** The JSON text of a gate event's line, written out by hand: the same text as JSON.stringify gives, in a third of the time and without garbage. */
import type { CapEvent, GateEvent } from "../gate/events.js";
import type { LineBuffer } from "./line_buffer.js";

/**
 * Writes the text of `{seq, t_ms, ...event}` without its closing brace. Keys stand in the order of gateEvent(), which the tests hold against
 * JSON.stringify. Names of the closed lists hold nothing to escape.
 */
export function writeGateJson(out: LineBuffer, seq: number, t_ms: number, event: GateEvent): void {
  const { candle } = event;
  out.ascii('{"seq":');
  out.number(seq);
  out.ascii(',"t_ms":');
  out.number(t_ms);
  out.ascii(',"type":"gate","session":');
  out.string(event.session);
  out.ascii(',"pair":');
  out.string(event.pair);
  out.ascii(',"side":"');
  out.ascii(event.side);
  out.ascii('","kind":"');
  out.ascii(event.kind);
  out.ascii('","stage":"');
  out.ascii(event.stage);
  out.ascii('","candle_open_ms":');
  out.number(event.candle_open_ms);
  out.ascii(',"now_ms":');
  out.number(event.now_ms);
  out.ascii(',"candle":{"size":');
  out.number(candle.size);
  out.ascii(',"reason":');
  if (candle.reason === null) out.ascii("null");
  else out.string(candle.reason);
  out.ascii(',"value":');
  out.number(candle.value);
  out.ascii('},"stake":');
  out.number(event.stake);
  out.ascii(',"min_stake":');
  out.number(event.min_stake);
  out.ascii(',"leverage":');
  out.number(event.leverage);
  out.ascii(',"rate":');
  out.number(event.rate);
  out.ascii(',"snapshot_seq":');
  out.number(event.snapshot_seq);
  out.ascii(',"decision":"');
  out.ascii(event.decision);
  out.ascii('","stake_allowed":');
  out.number(event.stake_allowed);
  out.ascii(',"would":"');
  out.ascii(event.would);
  out.ascii('","would_stake":');
  out.number(event.would_stake);
  out.ascii(',"reason":"');
  out.ascii(event.reason);
  out.ascii('","value":');
  out.number(event.value);
  out.ascii(',"limit":');
  out.number(event.limit);
  out.ascii(',"caps":[');
  writeCaps(out, event.caps);
  out.ascii('],"reask":');
  out.ascii(event.reask ? "true" : "false");
  out.ascii(',"ceiling":');
  out.number(event.ceiling);
  writeFacts(out, event.facts);
}

function writeFacts(out: LineBuffer, facts: GateEvent["facts"]): void {
  if (facts === undefined) return;
  for (let i = 0; i < facts.length; i++) {
    out.ascii(i === 0 ? ',"facts":[' : ",");
    out.number(facts[i] ?? null);
  }
  out.ascii(facts.length === 0 ? ',"facts":[]' : "]");
}

function writeCaps(out: LineBuffer, caps: readonly CapEvent[]): void {
  for (let i = 0; i < caps.length; i++) {
    const cap = caps[i];
    if (cap === undefined) continue;
    out.ascii(i === 0 ? '{"reason":"' : ',{"reason":"');
    out.ascii(cap.reason);
    out.ascii('","stake":');
    out.number(cap.stake);
    out.ascii(',"value":');
    out.number(cap.value);
    out.ascii(',"limit":');
    out.number(cap.limit);
    if (cap.added !== undefined) {
      out.ascii(',"added":');
      out.number(cap.added);
    }
    out.ascii("}");
  }
}
