import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type GateEvent, gateEvent } from "../../src/gate/events.js";
import { gate } from "../../src/gate/gate.js";
import { writeGateJson } from "../../src/journal/gate_line.js";
import { LineBuffer } from "../../src/journal/line_buffer.js";
import { REASONS, type ReasonName } from "../../src/protocol/codes.js";
import { policy, request, session } from "../gate/fixture.js";

const text = fc.string({ unit: "binary", maxLength: 40 });
const number = fc.double();
const orNull = fc.option(number, { nil: null });
const reason: fc.Arbitrary<ReasonName> = fc.constantFrom(...REASONS.map((one) => one.name));
const decision = fc.constantFrom("allow" as const, "reduce" as const, "deny" as const);

/** In the order of the keys that gateEvent() makes. */
const event: fc.Arbitrary<GateEvent> = fc.record({
  type: fc.constant("gate" as const),
  session: text,
  pair: text,
  side: fc.constantFrom("long" as const, "short" as const),
  kind: fc.constantFrom("entry" as const, "scale_in" as const, "replace" as const),
  stage: fc.constantFrom("size" as const, "final" as const),
  candle_open_ms: number,
  now_ms: number,
  candle: fc.record({ size: orNull, reason: fc.option(reason, { nil: null }), value: orNull }),
  stake: orNull,
  min_stake: orNull,
  leverage: orNull,
  rate: orNull,
  snapshot_seq: fc.nat(),
  decision,
  stake_allowed: orNull,
  would: decision,
  would_stake: number,
  reason,
  value: orNull,
  limit: orNull,
  caps: fc.array(
    fc.record(
      { reason, stake: number, value: orNull, limit: orNull, added: orNull },
      { requiredKeys: ["reason", "stake", "value", "limit"] },
    ),
    { maxLength: 3 },
  ),
  reask: fc.boolean(),
  ceiling: number,
});

/** What is written for an event, closed. The buffer is small at first and used again, as in the daemon. */
function gateJson(seq: number, t_ms: number, one: GateEvent): string {
  out.clear();
  writeGateJson(out, seq, t_ms, one);
  return `${out.from(0).toString()}}`;
}
const out = new LineBuffer();

describe("the text of a gate line", () => {
  it("is what JSON.stringify gives, for any event", () => {
    fc.assert(
      fc.property(fc.nat(), fc.maxSafeNat(), event, (seq, t_ms, one) => {
        expect(gateJson(seq, t_ms, one)).toBe(JSON.stringify({ seq, t_ms, ...one }));
      }),
      { numRuns: 500, seed: 7 },
    );
  });

  it("leaves out nothing that gateEvent() makes", () => {
    const asked = request({ pair: 'A"\\/€', candle_size: 0.5, candle_reason: 4, stake: 100, min_stake: 60 });
    const one = gateEvent("s", 1, asked, gate(session(), policy(), asked));
    expect(one.caps.length).toBeGreaterThan(0);
    expect(gateJson(3, 4, one)).toBe(JSON.stringify({ seq: 3, t_ms: 4, ...one }));
  });
});
