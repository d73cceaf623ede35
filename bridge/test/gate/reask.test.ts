import { describe, expect, it } from "vitest";
import { MAX_ASKED, MAX_ASKED_PER_PAIR } from "../../src/gate/asked.js";
import { applyEvent } from "../../src/gate/session.js";
import type { Kind } from "../../src/gate/types.js";
import { REASON } from "../../src/protocol/codes.js";
import { ask, NOW_MS, OPEN_MS, policy, portfolio, request, session, TIMEFRAME_MS } from "./fixture.js";

const half = { candle_size: 0.5, candle_reason: REASON.jump, candle_value: 6 };

describe("re-asks", () => {
  it("count once and do not cut twice", () => {
    const state = session();
    expect(ask(state, policy(), request(half))).toMatchObject({ stake: 50, reask: false });
    expect(ask(state, policy(), request({ ...half, stake: 50 }))).toMatchObject({
      decision: "allow",
      stake: 50,
      reask: true,
      reason: REASON.jump,
    });
    expect(ask(state, policy(), request(half))).toMatchObject({ decision: "reduce", stake: 50, reask: true });
    expect(state.tally).toMatchObject({ asked: 1, allowed: 0, reduced: 1, denied: 0 });
  });

  it("tighten when a limit has tightened, and move the count", () => {
    const state = session();
    const rules = policy({ max_gross_exposure: 1 });
    expect(ask(state, rules, request()).decision).toBe("allow");
    expect(state.tally).toMatchObject({ asked: 1, allowed: 1 });
    portfolio(state, 1000, [["CCC/BBB", "long", 960, 1, "open"]], [], NOW_MS + 1);
    expect(ask(state, rules, request())).toMatchObject({
      decision: "reduce",
      stake: 40,
      reason: REASON.exposure_gross,
    });
    expect(state.tally).toMatchObject({ asked: 1, allowed: 0, reduced: 1 });
    expect([...state.tally.by_reason]).toEqual([["exposure_gross", 1]]);
  });

  it("never loosen when the limit loosens again", () => {
    const state = session(1000, [["CCC/BBB", "long", 960, 1, "open"]]);
    const rules = policy({ max_gross_exposure: 1 });
    expect(ask(state, rules, request()).stake).toBe(40);
    portfolio(state, 1000, [], [], NOW_MS + 1);
    expect(ask(state, rules, request())).toMatchObject({ stake: 40, reason: REASON.exposure_gross });
  });

  it("keep a denial for the candle, not beyond it", () => {
    const state = session(1000, [["CCC/BBB", "long", 1000, 1, "open"]]);
    const rules = policy({ max_gross_exposure: 1 });
    expect(ask(state, rules, request()).decision).toBe("deny");
    portfolio(state, 1000, [], [], NOW_MS + 1);
    expect(ask(state, rules, request())).toMatchObject({
      decision: "deny",
      reason: REASON.exposure_gross,
      reask: true,
    });
    const next = { candle_open_ms: OPEN_MS + TIMEFRAME_MS, now_ms: NOW_MS + TIMEFRAME_MS };
    expect(ask(state, rules, request(next)).decision).toBe("allow");
    expect(state.tally).toMatchObject({ asked: 2, allowed: 1, denied: 1 });
  });

  it("cut a larger proposal to what was allowed before, and keep the count", () => {
    const state = session();
    ask(state, policy(), request());
    const verdict = ask(state, policy(), request({ stake: 130 }));
    expect(verdict).toMatchObject({ decision: "reduce", stake: 100, reason: REASON.above_cap, value: 130, limit: 100 });
    expect(state.tally).toMatchObject({ asked: 1, allowed: 1, reduced: 0 });
  });

  it("follow a smaller proposal without lowering what is allowed", () => {
    const state = session();
    ask(state, policy(), request());
    expect(ask(state, policy(), request({ stake: 60 }))).toMatchObject({ decision: "allow", stake: 60 });
    expect(ask(state, policy(), request())).toMatchObject({ decision: "allow", stake: 100 });
    expect(ask(state, policy(), request({ stake: 9 }))).toMatchObject({
      decision: "deny",
      reason: REASON.below_min_stake,
    });
  });

  it("deny a bad number for the candle", () => {
    const state = session();
    ask(state, policy(), request());
    expect(ask(state, policy(), request({ stake: Number.NaN })).reason).toBe(REASON.bad_stake);
    expect(ask(state, policy(), request()).decision).toBe("deny");
  });

  it("are told apart by pair, side, candle and kind", () => {
    const state = session();
    const others = [
      {},
      { pair: "CCC/BBB" },
      { side: "short" as const },
      { kind: "scale_in" as const },
      { candle_open_ms: OPEN_MS - TIMEFRAME_MS },
    ];
    for (const other of others) expect(ask(state, policy(), request(other)).reask).toBe(false);
    expect(state.tally.asked).toBe(others.length);
  });
});

describe("final stage", () => {
  const final = { stage: "final" as const };

  it("allows the allowed stake and one per cent more, and denies beyond", () => {
    for (const [stake, decision] of [
      [49, "allow"],
      [50, "allow"],
      [50.5, "allow"],
      [50.51, "deny"],
    ] as const) {
      const state = session();
      ask(state, policy(), request(half));
      const verdict = ask(state, policy(), request({ ...half, ...final, stake }));
      expect(verdict).toMatchObject(
        decision === "allow" ? { decision, stake } : { decision, reason: REASON.above_cap, value: stake, limit: 50 },
      );
    }
  });

  it("does not lower what is allowed by the exchange's rounding", () => {
    const state = session();
    ask(state, policy(), request());
    ask(state, policy(), request({ ...final, stake: 99.7 }));
    expect(ask(state, policy(), request())).toMatchObject({ decision: "allow", stake: 100 });
  });

  it("denies with the limit that tightened since", () => {
    const state = session();
    const rules = policy({ max_gross_exposure: 1 });
    ask(state, rules, request());
    portfolio(state, 1000, [["CCC/BBB", "long", 960, 1, "open"]], [], NOW_MS + 1);
    expect(ask(state, rules, request(final))).toMatchObject({ decision: "deny", reason: REASON.exposure_gross });
    expect(state.tally).toMatchObject({ asked: 1, allowed: 0, denied: 1 });
  });

  it("cannot be cut when it comes first", () => {
    expect(ask(session(), policy(), request(final))).toMatchObject({ decision: "allow", stake: 100 });
    expect(ask(session(), policy(), request({ ...half, ...final }))).toMatchObject({
      decision: "deny",
      reason: REASON.jump,
    });
  });

  it("does not deny in shadow mode what was let through uncut", () => {
    const state = session();
    const rules = policy({}, { mode: "shadow" });
    ask(state, rules, request(half));
    expect(ask(state, rules, request({ ...half, ...final }))).toMatchObject({
      decision: "allow",
      stake: 100,
      would: "reduce",
      would_stake: 50,
      reason: REASON.jump,
    });
    expect(state.tally).toMatchObject({ asked: 1, reduced: 1, denied: 0 });
    const first = ask(session(), rules, request({ ...half, ...final }));
    expect(first).toMatchObject({ decision: "allow", would: "reduce" });
  });
});

describe("a portfolio event", () => {
  it("is applied once and in order, also when folded", () => {
    const state = session(1000);
    const late = { type: "portfolio", session: "s", samples: [], positions: [] } as const;
    for (const snapshot_seq of [0, 1]) {
      applyEvent(state, { ...late, snapshot_seq, at_ms: NOW_MS + 1, equity: 1 });
      expect(state.portfolio?.equity).toBe(1000);
    }
    applyEvent(state, { ...late, snapshot_seq: 2, at_ms: NOW_MS + 1, equity: 1 });
    expect([state.seq, state.portfolio?.equity]).toEqual([2, 1]);
  });
});

describe("replaced orders", () => {
  it("are allowed whatever the state, and not counted", () => {
    const state = session(100, [["AAA/BBB", "long", 1e6, 1, "open"]]);
    const replace = { kind: "replace" as Kind, stage: "final" as const, candle_size: 0, candle_reason: REASON.jump };
    expect(ask(state, policy({ max_gross_exposure: 1 }), request(replace))).toMatchObject({
      decision: "allow",
      stake: 100,
    });
    expect(state.tally.asked).toBe(0);
    expect(state.asked.size).toBe(0);
  });
});

describe("memory", () => {
  it("is bounded per pair and in total", () => {
    const state = session();
    const rules = policy({}, { portfolio_limits: false });
    for (let i = 0; i < MAX_ASKED_PER_PAIR + 50; i++) {
      ask(state, rules, request({ candle_open_ms: OPEN_MS + i, now_ms: NOW_MS + i }));
    }
    expect(state.asked.size).toBe(MAX_ASKED_PER_PAIR);
    for (let i = 0; i < MAX_ASKED + 50; i++) ask(state, rules, request({ pair: `P${i}/BBB` }));
    expect(state.asked.size).toBe(MAX_ASKED);
    const held = [...state.asked.pairs.values()].reduce((sum, answers) => sum + answers.length, 0);
    expect(held).toBe(MAX_ASKED);
    expect(state.tally.asked).toBe(MAX_ASKED_PER_PAIR + 50 + MAX_ASKED + 50);
  });

  it("keeps a denial through everything that can still be asked of a pair", () => {
    const state = session();
    const rules = policy({ max_verdict_age_candles: 12 });
    expect(ask(state, rules, request({ candle_size: 0, candle_reason: REASON.jump })).decision).toBe("deny");
    for (let candle = 1; candle <= 13; candle++) {
      for (const side of ["long", "short"] as const) {
        for (const kind of ["entry", "scale_in"] as const) {
          const candle_open_ms = OPEN_MS + candle * TIMEFRAME_MS;
          ask(state, rules, request({ side, kind, candle_open_ms, now_ms: candle_open_ms }));
        }
      }
    }
    expect(ask(state, rules, request({ now_ms: NOW_MS + 12 * TIMEFRAME_MS }))).toMatchObject({
      decision: "deny",
      reask: true,
    });
  });
});
