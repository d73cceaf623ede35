import { describe, expect, it } from "vitest";
import { gate } from "../../src/gate/gate.js";
import type { Limits } from "../../src/gate/types.js";
import { DAY_MS } from "../../src/portfolio/equity.js";
import { addOutcome, MAX_OUTCOMES, type Outcome } from "../../src/portfolio/outcomes.js";
import { REASON } from "../../src/protocol/codes.js";
import { ask, DAY0, facts, NOW_MS, policy, portfolio, request, session, TIMEFRAME_MS, trades } from "./fixture.js";

const HOUR_MS = 3_600_000;
const at = (now_ms: number) => request({ now_ms, candle_open_ms: now_ms - TIMEFRAME_MS });
/** The Monday before DAY0. */
const MONDAY = DAY0 - ((new Date(DAY0).getUTCDay() + 6) % 7) * DAY_MS;

describe("weekly loss", () => {
  const rules = policy({ max_weekly_loss: 0.1 });
  const after = (equity: number, samples: readonly (readonly [number, number])[], now_ms = MONDAY + 2 * DAY_MS) =>
    gate(session(equity, [], samples, now_ms), rules, at(now_ms));

  it("begins on Monday 00:00 UTC", () => {
    expect(new Date(MONDAY).toUTCString()).toMatch(/^Mon, .* 00:00:00 GMT$/);
  });

  it("is measured from the sample at the week's start: at the limit allowed, below it denied", () => {
    const samples = [
      [MONDAY - 1, 2000],
      [MONDAY, 1000],
      [MONDAY + 1, 3000],
    ] as const;
    expect(after(900.001, samples).decision).toBe("allow");
    expect(after(900, samples).decision).toBe("allow");
    expect(after(899.999, samples)).toMatchObject({ decision: "deny", reason: REASON.weekly_loss, limit: 0.1 });
  });

  it("falls back to the sample before the week, if the bot was on, then to the week's first", () => {
    expect(after(800, [[MONDAY - 25 * HOUR_MS, 1000]]).decision).toBe("deny");
    expect(after(800, [[MONDAY - 25 * HOUR_MS - 1, 1000]]).decision).toBe("allow");
    expect(after(800, [[MONDAY + DAY_MS, 1000]]).decision).toBe("deny");
    expect(after(800, []).decision).toBe("allow");
  });

  it("counts the loss of days ago, and ends on the next Monday to the millisecond", () => {
    const state = session(850, [], [[MONDAY, 1000]], MONDAY + DAY_MS);
    portfolio(state, 850, [], [[MONDAY + 6 * DAY_MS, 850]], MONDAY + 6 * DAY_MS);
    expect(gate(state, rules, at(MONDAY + 7 * DAY_MS - 1)).reason).toBe(REASON.weekly_loss);
    expect(gate(state, rules, at(MONDAY + 7 * DAY_MS)).decision).toBe("allow");
  });
});

describe("loss streak", () => {
  const rules = policy({ loss_streak_trades: 3, loss_streak_pause_hours: 12 });
  const after = (profits: readonly number[], now_ms = NOW_MS) => {
    const state = session();
    trades(state, profits);
    return gate(state, rules, at(now_ms));
  };

  it("pauses from its number of losses on, not below, and a trade without a loss breaks it", () => {
    expect(after([-0.1, -0.1]).decision).toBe("allow");
    expect(after([-0.1, -0.1, -0.1])).toMatchObject({ decision: "deny", reason: REASON.loss_streak, limit: 3 });
    expect(after([0.1, -0.1, -0.1, -0.1, -0.1]).decision).toBe("deny");
    expect(after([-0.1, -0.1, 0, -0.1, -0.1]).decision).toBe("allow");
    expect(after([-0.1, -0.1, -0.1, 0]).decision).toBe("allow");
  });

  it("ends after its time, and one more loss begins it anew", () => {
    expect(after([-1, -1, -1], NOW_MS + 12 * HOUR_MS - 1).decision).toBe("deny");
    expect(after([-1, -1, -1], NOW_MS + 12 * HOUR_MS).decision).toBe("allow");
    const state = session();
    trades(state, [-1, -1, -1]);
    trades(state, [-0.01], NOW_MS + 13 * HOUR_MS);
    expect(gate(state, rules, at(NOW_MS + 14 * HOUR_MS)).reason).toBe(REASON.loss_streak);
  });

  it("counts a trade once however often it is told, two of one moment twice, and forgets beyond its bound", () => {
    const known: Outcome[] = [];
    const one = { trade: 1, close_ms: 5, profit: -0.1 };
    for (const outcome of [one, one, { ...one, trade: 2 }, { ...one, trade: 3, close_ms: 4 }])
      addOutcome(known, outcome);
    expect(known.map(({ trade }) => trade)).toEqual([1, 2]);
    addOutcome(known, { trade: 4, close_ms: 9, profit: Number.NaN });
    for (let i = 0; i < 2 * MAX_OUTCOMES; i++) addOutcome(known, { trade: i, close_ms: 10 + i, profit: 0 });
    expect(known).toHaveLength(MAX_OUTCOMES);
  });
});

describe("entry rate", () => {
  const rules = policy({ max_entries: 2, max_entries_hours: 6 });
  const enter = (state: ReturnType<typeof session>, pair: string, now_ms: number) => {
    const question = { ...at(now_ms), pair };
    ask(state, rules, question);
    return ask(state, rules, { ...question, stage: "final" });
  };

  it("counts confirmed entries: below the number allowed, at it denied, until the oldest leaves", () => {
    const state = session();
    expect(enter(state, "A/B", NOW_MS).decision).toBe("allow");
    expect(enter(state, "C/B", NOW_MS + HOUR_MS).decision).toBe("allow");
    const third = ask(state, rules, { ...at(NOW_MS + 2 * HOUR_MS), pair: "D/B" });
    expect(third).toMatchObject({ decision: "deny", reason: REASON.entry_rate, value: 3, limit: 2 });
    expect(gate(state, rules, at(NOW_MS + 6 * HOUR_MS - 1)).decision).toBe("deny");
    expect(gate(state, rules, at(NOW_MS + 6 * HOUR_MS)).decision).toBe("allow");
  });

  it("counts a candidate once, however often it is confirmed, and never against itself", () => {
    const state = session();
    enter(state, "A/B", NOW_MS);
    enter(state, "A/B", NOW_MS);
    expect(state.entries).toHaveLength(1);
    enter(state, "C/B", NOW_MS);
    expect(enter(state, "A/B", NOW_MS).decision).toBe("allow");
    expect(enter(state, "D/B", NOW_MS).decision).toBe("deny");
  });

  it("counts neither questions about the size, nor denials, nor additions, nor replaced orders", () => {
    const state = session();
    ask(state, rules, at(NOW_MS));
    ask(state, rules, { ...at(NOW_MS), pair: "C/B", stage: "final", candle_size: 0, candle_reason: REASON.jump });
    ask(state, rules, { ...at(NOW_MS), pair: "D/B", stage: "final", kind: "scale_in" });
    ask(state, rules, { ...at(NOW_MS), pair: "E/B", stage: "final", kind: "replace" });
    expect(state.entries).toEqual([]);
    enter(state, "F/B", NOW_MS);
    enter(state, "G/B", NOW_MS);
    expect(gate(state, rules, { ...at(NOW_MS), kind: "scale_in" }).decision).toBe("allow");
  });
});

describe("price collar", () => {
  const away = (rate: number, close: number, over: Partial<Limits> = { max_rate_deviation: 0.25 }) =>
    gate(session(), policy(over), request({ rate, facts: facts({ close }) }));

  it("allows up to its share above and below the close, and denies beyond", () => {
    expect(away(125, 100).decision).toBe("allow");
    expect(away(75, 100).decision).toBe("allow");
    expect(away(125.01, 100)).toMatchObject({ decision: "deny", reason: REASON.price_collar, limit: 0.25 });
    expect(away(74.99, 100).decision).toBe("deny");
  });

  it.each([Number.NaN, 0, -1, Number.POSITIVE_INFINITY])("denies when the rate or the close is %s", (price) => {
    expect(away(price, 100).reason).toBe(REASON.price_collar);
    expect(away(100, price).reason).toBe(REASON.price_collar);
    expect(away(price, price, {}).decision).toBe("allow");
  });
});
