import { describe, expect, it } from "vitest";
import type { PositionRow } from "../../src/gate/events.js";
import { gate, journalFailed } from "../../src/gate/gate.js";
import { applyEvent, newSession } from "../../src/gate/session.js";
import type { SessionStatus } from "../../src/gate/types.js";
import { DAY_MS } from "../../src/portfolio/equity.js";
import { REASON } from "../../src/protocol/codes.js";
import { confirmed, DAY0, NOW_MS, OPEN_MS, policy, portfolio, request, session, TIMEFRAME_MS } from "./fixture.js";

describe("nothing binds", () => {
  it("allows the whole stake without a reason", () => {
    const verdict = gate(session(), policy(), request());
    expect(verdict).toEqual({
      decision: "allow",
      stake: 100,
      would: "allow",
      would_stake: 100,
      reason: REASON.ok,
      value: Number.NaN,
      limit: Number.NaN,
      caps: [],
      reask: false,
      ceiling: 100,
    });
  });
});

describe("manual switch", () => {
  const halted = (status: SessionStatus, until_ms: number | null) => {
    const state = session();
    applyEvent(state, { type: "control", session: "s", status, until_ms, by: "me", why: "test" });
    return gate(state, policy(), request());
  };

  it("denies while halted or reducing", () => {
    expect(halted("HALTED", null)).toMatchObject({ decision: "deny", stake: 0, reason: REASON.halted });
    expect(halted("REDUCING", null)).toMatchObject({ decision: "deny", stake: 0, reason: REASON.reducing });
    expect(halted("ACTIVE", null).decision).toBe("allow");
  });

  it("ends at its expiry, not before", () => {
    expect(halted("HALTED", NOW_MS + 1).decision).toBe("deny");
    expect(halted("HALTED", NOW_MS).decision).toBe("allow");
  });
});

describe("request numbers", () => {
  const bad = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];

  it.each([...bad, 0, -0, -1])("denies a stake of %s", (stake) => {
    expect(gate(session(), policy(), request({ stake }))).toMatchObject({ decision: "deny", reason: REASON.bad_stake });
  });

  it.each([...bad, -1])("denies a minimum stake of %s", (min_stake) => {
    expect(gate(session(), policy(), request({ min_stake })).reason).toBe(REASON.bad_stake);
  });

  it.each([...bad, 0, 0.99])("denies a leverage of %s", (leverage) => {
    expect(gate(session(), policy(), request({ leverage })).reason).toBe(REASON.bad_stake);
  });

  it("allows the smallest stake there is", () => {
    const verdict = gate(session(), policy(), request({ stake: Number.MIN_VALUE, min_stake: 0 }));
    expect(verdict).toMatchObject({ decision: "allow", stake: Number.MIN_VALUE });
  });
});

describe("staleness", () => {
  const at = (now_ms: number, max_verdict_age_candles = 2) =>
    gate(session(), policy({ max_verdict_age_candles }), request({ now_ms }));

  it("allows up to the limit and denies beyond it", () => {
    expect(at(NOW_MS).decision).toBe("allow");
    expect(at(NOW_MS + 2 * TIMEFRAME_MS).decision).toBe("allow");
    const late = at(NOW_MS + 2 * TIMEFRAME_MS + 1);
    expect(late).toMatchObject({ decision: "deny", reason: REASON.stale, limit: 2 });
    expect(late.value).toBeGreaterThan(2);
  });

  it("allows a candle our clock has not closed yet, and denies one that has not begun", () => {
    expect(at(NOW_MS - 1).decision).toBe("allow");
    expect(at(OPEN_MS).decision).toBe("allow");
    expect(at(OPEN_MS - 1).reason).toBe(REASON.stale);
  });

  it("takes an age limit of 0", () => {
    expect(at(NOW_MS, 0).decision).toBe("allow");
    expect(at(NOW_MS + 1, 0).decision).toBe("deny");
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY])("denies at a time of %s", (time) => {
    expect(at(time).reason).toBe(REASON.stale);
    expect(gate(session(), policy(), request({ candle_open_ms: time })).reason).toBe(REASON.stale);
  });
});

describe("candle verdict", () => {
  const candle = (candle_size: number, candle_reason: number, candle_value = 5) =>
    gate(session(), policy(), request({ candle_size, candle_reason, candle_value }));

  it("cuts the stake by the size and names measure and level", () => {
    expect(candle(0.625, REASON.jump, 6)).toMatchObject({
      decision: "reduce",
      stake: 62.5,
      reason: REASON.jump,
      value: 6,
      limit: 4,
    });
  });

  it("denies a size of 0 and names the level that denies", () => {
    expect(candle(0, REASON.jump, 9)).toMatchObject({
      decision: "deny",
      stake: 0,
      reason: REASON.jump,
      value: 9,
      limit: 8,
    });
  });

  it("gives no level for a rule it does not know", () => {
    expect(candle(0.5, REASON.tail).limit).toBeNaN();
  });

  it.each([REASON.warming_up, REASON.bad_input])("denies reason %i whatever the size", (reason) => {
    for (const size of [0, 0.5, 1]) expect(candle(size, reason)).toMatchObject({ decision: "deny", reason });
  });

  it("allows and flags insufficient variation", () => {
    expect(candle(1, REASON.insufficient_variation, 0.3)).toMatchObject({
      decision: "allow",
      stake: 100,
      reason: REASON.insufficient_variation,
      value: 0.3,
    });
  });

  it.each([Number.NaN, -0.5, 1.001, Number.POSITIVE_INFINITY])("denies a size of %s", (size) => {
    expect(candle(size, REASON.jump)).toMatchObject({ decision: "deny", reason: REASON.bad_input });
  });

  it("denies a cut without a reason", () => {
    expect(candle(0.5, REASON.ok)).toMatchObject({ decision: "deny", reason: REASON.bad_input });
  });
});

describe("portfolio", () => {
  it("denies when it is not known and limits are on", () => {
    expect(gate(newSession(), policy(), request())).toMatchObject({ decision: "deny", reason: REASON.stale_portfolio });
    expect(gate(newSession(), policy({}, { portfolio_limits: false }), request()).decision).toBe("allow");
  });

  it("is not looked at when portfolio limits are off", () => {
    const state = session(1, [["AAA/BBB", "long", 1e9, 10, "open"]], [[NOW_MS - 1, 1e9]]);
    const limits = { max_drawdown: 0.01, max_daily_loss: 0.01, max_gross_exposure: 0.1, max_pair_exposure: 0.1 };
    expect(gate(state, policy(limits, { portfolio_limits: false }), request()).decision).toBe("allow");
    expect(gate(state, policy(limits), request()).decision).toBe("deny");
  });
});

describe("drawdown", () => {
  const after = (equity: number, max_drawdown: number | null, mark_at = NOW_MS - DAY_MS) =>
    gate(session(equity, [], confirmed(mark_at, 1000)), policy({ max_drawdown }), request());

  it.each([0.1, 0.2, 0.3, 0.07, 0.55])("allows at the limit of %f and denies below it", (max) => {
    const at = 1000 - max * 1000;
    expect(after(at, max).decision).toBe("allow");
    expect(after(at + 0.001, max).decision).toBe("allow");
    const below = after(at - 0.001, max);
    expect(below).toMatchObject({ decision: "deny", reason: REASON.drawdown, limit: max });
    expect(below.value).toBeGreaterThan(max);
  });

  it("is off when null", () => {
    expect(after(1, null).decision).toBe("allow");
  });

  it("ends when the mark leaves the window, to the millisecond", () => {
    expect(after(500, 0.2, NOW_MS - 60_000 - 30 * DAY_MS).decision).toBe("deny");
    expect(after(500, 0.2, NOW_MS - 60_001 - 30 * DAY_MS).decision).toBe("allow");
  });

  it("is not measured from an account valued too high for a moment, by a portfolio or by one sample", () => {
    const rules = policy({ max_drawdown: 0.2, max_daily_loss: 0.1 });
    const state = session(10_000, [], confirmed(NOW_MS - DAY_MS, 10_000), NOW_MS);
    portfolio(state, 15_000, [], [], NOW_MS + 1);
    portfolio(state, 10_000, [], [], NOW_MS + 2);
    expect(gate(state, rules, request()).decision).toBe("allow");
    portfolio(state, 15_000, [], [[NOW_MS + 3, 15_000]], NOW_MS + 3);
    portfolio(state, 10_000, [], [[NOW_MS + 4, 10_000]], NOW_MS + 4);
    expect(gate(state, rules, request()).decision).toBe("allow");
    portfolio(state, 7_999, [], [], NOW_MS + 5);
    expect(gate(state, rules, request())).toMatchObject({ decision: "deny", reason: REASON.drawdown });
  });
});

describe("daily loss", () => {
  const rules = policy({ max_daily_loss: 0.05 });

  it("is measured from the last sample at or before midnight", () => {
    const samples = [
      [DAY0 - 3_600_000, 900],
      [DAY0, 1000],
      [DAY0 + 1, 2000],
    ] as const;
    expect(gate(session(950, [], samples), rules, request()).decision).toBe("allow");
    expect(gate(session(949.9, [], samples), rules, request())).toMatchObject({
      decision: "deny",
      reason: REASON.daily_loss,
      limit: 0.05,
    });
  });

  it("falls back to the sample before midnight, then to the first of the day", () => {
    expect(gate(session(949.9, [], [[DAY0 - 1, 1000]]), rules, request()).decision).toBe("deny");
    expect(gate(session(949.9, [], [[DAY0 + 1, 1000]]), rules, request()).decision).toBe("deny");
    expect(gate(session(949.9), rules, request()).decision).toBe("allow");
  });

  it("is not measured from a sample of days ago: the bot was off", () => {
    const base_at = (t_ms: number) => gate(session(500, [], [[t_ms, 1000]]), rules, request()).decision;
    const hour = 3_600_000;
    expect(base_at(DAY0 - 25 * hour)).toBe("deny");
    expect(base_at(DAY0 - 25 * hour - 1)).toBe("allow");
    const back = session(
      500,
      [],
      [
        [DAY0 - 25 * hour - 1, 1000],
        [DAY0 + hour, 520],
      ],
    );
    expect(gate(back, rules, request()).decision).toBe("allow");
    portfolio(back, 490);
    expect(gate(back, rules, request())).toMatchObject({ decision: "deny", reason: REASON.daily_loss });
  });

  it("ends at the next midnight", () => {
    const state = session(500, [], [[DAY0, 1000]]);
    const at = (now_ms: number) => gate(state, rules, request({ now_ms, candle_open_ms: now_ms - TIMEFRAME_MS }));
    expect(at(DAY0 + DAY_MS - 1).decision).toBe("deny");
    expect(at(DAY0 + DAY_MS).decision).toBe("allow");
  });
});

describe("soft drawdown", () => {
  const at = (equity: number, soft_drawdown: number | null = 0.2, stake = 100) =>
    gate(session(equity, [], confirmed(DAY0, 1000)), policy({ soft_drawdown }), request({ stake, min_stake: 0 }));

  it("is off by default, and leaves stakes alone at the high-water mark and above", () => {
    expect(at(500, null).decision).toBe("allow");
    expect(at(1000).decision).toBe("allow");
    expect(at(1100).decision).toBe("allow");
  });

  it("cuts by the cushion over the floor: 5/9 left half way", () => {
    const half = at(900);
    expect(half).toMatchObject({ decision: "reduce", reason: REASON.drawdown_soft, value: 0.1, limit: 0.2 });
    expect(half.stake).toBeCloseTo((100 * 5) / 9, 12);
  });

  it("denies at the drawdown that leaves nothing, and a moment before allows a little", () => {
    expect(at(800)).toMatchObject({ decision: "deny", reason: REASON.drawdown_soft, value: 0.2, limit: 0.2 });
    const before = at(801);
    expect(before.decision).toBe("reduce");
    expect(before.stake).toBeGreaterThan(0);
    expect(before.stake).toBeLessThan(1);
  });

  it("denies an account without equity", () => {
    expect(at(0).decision).toBe("deny");
    expect(at(-1).decision).toBe("deny");
  });

  it("ends when the old mark leaves the window", () => {
    const state = session(500, [], confirmed(DAY0, 1000));
    const rules = policy({ soft_drawdown: 0.2, soft_drawdown_window_days: 1 });
    const later = DAY0 + DAY_MS + 3_600_000;
    portfolio(state, 500, [], confirmed(later - 2 * TIMEFRAME_MS, 500), later);
    expect(gate(state, rules, request({ now_ms: later, candle_open_ms: later - TIMEFRAME_MS })).decision).toBe("allow");
  });
});

describe("positions on one side", () => {
  const row = (pair: string, side: "long" | "short", state: "open" | "pending"): PositionRow => [
    pair,
    side,
    10,
    1,
    state,
  ];
  const book = [row("CCC/BBB", "long", "open"), row("DDD/BBB", "long", "pending"), row("EEE/BBB", "short", "open")];
  const at = (max_side_positions: number | null, over = {}) =>
    gate(session(1000, book), policy({ max_side_positions }), request(over));

  it("counts open positions and pending orders of the side, the new one included", () => {
    expect(at(null).decision).toBe("allow");
    expect(at(3).decision).toBe("allow");
    expect(at(2)).toMatchObject({ decision: "deny", reason: REASON.side_positions, value: 3, limit: 2 });
    expect(at(2, { side: "short" }).decision).toBe("allow");
    expect(at(1, { side: "short" }).decision).toBe("deny");
  });

  it("does not count the pair itself: adding to a position opens no new one", () => {
    expect(at(2, { pair: "CCC/BBB", kind: "scale_in" }).decision).toBe("allow");
    expect(at(1, { pair: "CCC/BBB", kind: "scale_in" }).decision).toBe("deny");
  });

  it("counts a pair once, however many orders it has", () => {
    const twice = [...book, row("CCC/BBB", "long", "pending")];
    expect(gate(session(1000, twice), policy({ max_side_positions: 3 }), request()).decision).toBe("allow");
  });
});

describe("exposure", () => {
  const open = [
    ["AAA/BBB", "long", 300, 2, "open"],
    ["CCC/BBB", "short", 900, 1, "pending"],
  ] as const;

  it("cuts the stake to the room left, pending orders and leverage counted", () => {
    const rules = policy({ max_gross_exposure: 2 });
    // 2 × 1000 − (600 + 900) = 500 of room
    expect(gate(session(1000, open), rules, request({ stake: 500 }))).toMatchObject({ decision: "allow", caps: [] });
    expect(gate(session(1000, open), rules, request({ stake: 500.5 }))).toMatchObject({
      decision: "reduce",
      stake: 500,
      reason: REASON.exposure_gross,
      value: 2.0005,
      limit: 2,
    });
    expect(gate(session(1000, open), rules, request({ stake: 200, leverage: 5 })).stake).toBe(100);
  });

  it("denies without room", () => {
    const full = [["CCC/BBB", "long", 2000, 1, "open"]] as const;
    const verdict = gate(session(1000, full), policy({ max_gross_exposure: 2 }), request());
    expect(verdict).toMatchObject({ decision: "deny", reason: REASON.exposure_gross });
  });

  it("counts one pair, both sides, for scale-ins too", () => {
    const rules = policy({ max_pair_exposure: 0.65 });
    for (const kind of ["entry", "scale_in"] as const) {
      expect(gate(session(1000, open), rules, request({ kind }))).toMatchObject({
        decision: "reduce",
        stake: 50,
        reason: REASON.exposure_pair,
      });
    }
    expect(gate(session(1000, open), rules, request({ pair: "DDD/BBB" })).decision).toBe("allow");
  });

  it.each([0, -5])("denies with an equity of %i", (equity) => {
    expect(gate(session(equity), policy({ max_gross_exposure: 2 }), request()).decision).toBe("deny");
  });
});

describe("minimum stake", () => {
  it("denies what a cut leaves below it", () => {
    const half = { candle_size: 0.5, candle_reason: REASON.jump };
    expect(gate(session(), policy(), request({ ...half, min_stake: 50 })).decision).toBe("reduce");
    const verdict = gate(session(), policy(), request({ ...half, min_stake: 50.01 }));
    expect(verdict).toMatchObject({ decision: "deny", reason: REASON.below_min_stake, value: 50, limit: 50.01 });
    expect(verdict.caps.map((cap) => cap.reason)).toEqual([REASON.jump, REASON.below_min_stake]);
  });
});

describe("order", () => {
  /** Everything is wrong at once; each step repairs the first limit, and the next one must show. */
  it("names the first limit that denies", () => {
    const state = session(
      400,
      [["AAA/BBB", "long", 5000, 1, "open"]],
      [...confirmed(NOW_MS - 2 * DAY_MS, 1000), [DAY0, 800]],
    );
    const halt = (status: SessionStatus) =>
      applyEvent(state, { type: "control", session: "s", status, until_ms: null, by: "me", why: "test" });
    halt("HALTED");
    let rules = policy({ max_drawdown: 0.5, max_daily_loss: 0.4, max_gross_exposure: 2, max_pair_exposure: 1 });
    let question = request({
      stake: Number.NaN,
      now_ms: NOW_MS + 9 * TIMEFRAME_MS,
      candle_size: 0,
      candle_reason: REASON.jump,
    });
    const reason = () => gate(state, rules, question).reason;

    expect(reason()).toBe(REASON.halted);
    halt("ACTIVE");
    expect(reason()).toBe(REASON.bad_stake);
    question = { ...question, stake: 100 };
    expect(reason()).toBe(REASON.stale);
    question = { ...question, now_ms: NOW_MS };
    expect(reason()).toBe(REASON.jump);
    question = { ...question, candle_size: 1, candle_reason: REASON.ok };
    expect(reason()).toBe(REASON.drawdown);
    rules = { ...rules, limits: { ...rules.limits, max_drawdown: null } };
    expect(reason()).toBe(REASON.daily_loss);
    rules = { ...rules, limits: { ...rules.limits, max_daily_loss: null } };
    expect(reason()).toBe(REASON.exposure_gross);
    rules = { ...rules, limits: { ...rules.limits, max_gross_exposure: null } };
    expect(reason()).toBe(REASON.exposure_pair);
    rules = { ...rules, limits: { ...rules.limits, max_pair_exposure: null } };
    expect(reason()).toBe(REASON.ok);
    question = { ...question, min_stake: 101 };
    expect(reason()).toBe(REASON.below_min_stake);
  });

  it("takes the smallest cap when none denies, and lists all", () => {
    const state = session(1000, [["AAA/BBB", "long", 940, 1, "open"]]);
    const rules = policy({ max_gross_exposure: 1, max_pair_exposure: 0.97 });
    const verdict = gate(state, rules, request({ candle_size: 0.5, candle_reason: REASON.jump, candle_value: 6 }));
    expect(verdict).toMatchObject({ decision: "reduce", stake: 30, reason: REASON.exposure_pair });
    expect(verdict.caps.map((cap) => [cap.reason, cap.stake])).toEqual([
      [REASON.jump, 50],
      [REASON.exposure_gross, 60],
      [REASON.exposure_pair, 30],
    ]);
  });
});

describe("modes", () => {
  it.each(["shadow", "off"] as const)("lets everything pass in mode %s and tells what it would have done", (mode) => {
    const rules = policy({}, { mode });
    const cut = request({ candle_size: 0.5, candle_reason: REASON.jump, candle_value: 6 });
    expect(gate(session(), rules, cut)).toMatchObject({
      decision: "allow",
      stake: 100,
      would: "reduce",
      would_stake: 50,
      reason: REASON.jump,
    });
    expect(gate(session(), rules, { ...cut, candle_size: 0 })).toMatchObject({
      decision: "allow",
      stake: 100,
      would: "deny",
      would_stake: 0,
    });
    expect(journalFailed(rules, cut)).toMatchObject({ decision: "allow", stake: 100, would: "deny" });
  });

  it("denies what cannot be journalled in mode enforce", () => {
    expect(journalFailed(policy(), request())).toMatchObject({
      decision: "deny",
      stake: 0,
      reason: REASON.journal_failed,
    });
  });
});
