/** The JSON text of a gate event's line, written out by hand: the same text as JSON.stringify gives, in less than half the time. */
import type { CapEvent, GateEvent } from "../gate/events.js";

/** Text of `{seq, t_ms, ...event}`. Keys stand in the order of gateEvent(), which the tests hold against JSON.stringify. */
export function gateJson(seq: number, t_ms: number, event: GateEvent): string {
  const { candle } = event;
  return (
    `{"seq":${seq},"t_ms":${t_ms},"type":"gate","session":${text(event.session)},"pair":${text(event.pair)}` +
    `,"side":"${event.side}","kind":"${event.kind}","stage":"${event.stage}"` +
    `,"candle_open_ms":${number(event.candle_open_ms)},"now_ms":${number(event.now_ms)}` +
    `,"candle":{"size":${number(candle.size)},"reason":${name(candle.reason)},"value":${number(candle.value)}}` +
    `,"stake":${number(event.stake)},"min_stake":${number(event.min_stake)}` +
    `,"leverage":${number(event.leverage)},"rate":${number(event.rate)},"snapshot_seq":${number(event.snapshot_seq)}` +
    `,"decision":"${event.decision}","stake_allowed":${number(event.stake_allowed)}` +
    `,"would":"${event.would}","would_stake":${number(event.would_stake)},"reason":"${event.reason}"` +
    `,"value":${number(event.value)},"limit":${number(event.limit)},"caps":[${caps(event.caps)}]` +
    `,"reask":${event.reask},"ceiling":${number(event.ceiling)}${facts(event.facts)}}`
  );
}

function facts(list: GateEvent["facts"]): string {
  return list === undefined ? "" : `,"facts":[${list.map(number).join(",")}]`;
}

function caps(list: readonly CapEvent[]): string {
  if (list.length === 0) return "";
  return list
    .map(
      ({ reason, stake, value, limit }) =>
        `{"reason":"${reason}","stake":${number(stake)},"value":${number(value)},"limit":${number(limit)}}`,
    )
    .join(",");
}

function number(value: number | null): string {
  return value !== null && Number.isFinite(value) ? `${value}` : "null";
}

/** Names of the closed lists hold nothing to escape. */
function name(value: string | null): string {
  return value === null ? "null" : `"${value}"`;
}

function text(value: string): string {
  return JSON.stringify(value);
}
