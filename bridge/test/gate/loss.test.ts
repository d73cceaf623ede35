/** Limits on what can be lost: net exposure, budgets of trade and book, liquidation, Kelly, barbell. */
import { describe, expect, it } from "vitest";
import type { PositionRow } from "../../src/gate/events.js";
import { gate } from "../../src/gate/gate.js";
import type { Facts, GateRequest, Limits } from "../../src/gate/types.js";
import { DAY_MS } from "../../src/portfolio/equity.js";
import { REASON } from "../../src/protocol/codes.js";
import { confirmed, facts, NOW_MS, policy, portfolio, request, session, TIMEFRAME_MS, trades } from "./fixture.js";

const row = (
  pair: string,
  side: "long" | "short",
  stake: number,
  leverage = 1,
  state: "open" | "pending" = "open",
  ...loss: [number?]
): PositionRow => [pair, side, stake, leverage, state, ...loss];
const judge = (
  limits: Partial<Limits>,
  book: readonly PositionRow[],
  over: Partial<GateRequest> = {},
  told: Partial<Facts> = {},
  equity = 1000,
) => gate(session(equity, book), policy(limits), request({ min_stake: 0, ...over, facts: facts(told) }));

describe("net exposure", () => {
  const book = [row("C/B", "long", 100, 3), row("D/B", "short", 50, 2, "pending")];

  it("subtracts the other side, with leverage and pending orders", () => {
    const limits = { max_net_exposure: 0.4 };
    expect(judge(limits, book, { stake: 200 })).toMatchObject({ decision: "allow" });
    expect(judge(limits, book, { stake: 200.1 })).toMatchObject({
      decision: "reduce",
      stake: 200,
      reason: REASON.exposure_net,
    });
    expect(judge(limits, book, { stake: 150, leverage: 2 }).stake).toBe(100);
    expect(judge(limits, book, { stake: 600, side: "short" }).decision).toBe("allow");
    expect(judge(limits, book, { stake: 601, side: "short" }).stake).toBe(600);
    expect(judge({ max_net_exposure: 0.2 }, book).decision).toBe("deny");
  });
});

describe("an entry order of one pair that has not filled while another is asked about", () => {
  const pending = [row("C/B", "long", 300, 2, "pending", 0.1)];
  it.each<[keyof Limits, number, Partial<Facts>]>([
    ["max_gross_exposure", 0.65, {}],
    ["max_net_exposure", 0.65, {}],
    ["max_side_positions", 1, {}],
    ["max_book_loss", 0.065, { stop: 0.1 }],
    ["barbell_loss", 0.35, {}],
  ])("counts for %s", (key, value, told) => {
    expect(judge({ [key]: value }, [], {}, told).decision).toBe("allow");
    expect(judge({ [key]: value }, pending, {}, told).decision).not.toBe("allow");
  });
});

describe("loss budget of a trade", () => {
  const limits = { max_trade_loss: 0.01, trade_loss_horizon_candles: 16 };

  it("cuts the stake to the budget over stop-loss distance and leverage", () => {
    expect(judge(limits, [], { stake: 100 }, { stop: 0.1 }).decision).toBe("allow");
    expect(judge(limits, [], { stake: 101 }, { stop: 0.1 })).toMatchObject({
      decision: "reduce",
      stake: 100,
      reason: REASON.trade_loss,
      limit: 0.01,
    });
    expect(judge(limits, [], { stake: 100, leverage: 4 }, { stop: 0.1 }).stake).toBe(25);
  });

  it("takes the expected shortfall over the horizon where it is smaller: 1 − e^(−ES·√h) of a long, e^(ES·√h) − 1 of a short", () => {
    const told = { stop: 0.5, es: 0.01, xi: 0.2 };
    expect(judge(limits, [], { stake: 1000 }, told).stake).toBeCloseTo(10 / (1 - Math.exp(-0.04)), 9);
    expect(judge(limits, [], { stake: 1000, side: "short" }, told).stake).toBeCloseTo(10 / (Math.exp(0.04) - 1), 9);
    expect(judge(limits, [], { stake: 1000 }, { ...told, xi: 0.75 }).stake).toBeCloseTo(10 / (1 - Math.exp(-0.08)), 9);
    expect(judge(limits, [], { stake: 1000 }, { ...told, stop: 0.02 }).stake).toBeCloseTo(500, 9);
  });

  it("counts what the pair holds or has ordered already, and no other pair", () => {
    const own = [row("AAA/BBB", "long", 30, 2), row("AAA/BBB", "long", 10, 1, "pending")];
    expect(judge(limits, own, { stake: 100 }, { stop: 0.1 }).stake).toBeCloseTo(30, 9);
    expect(judge(limits, [row("C/B", "long", 500)], { stake: 100 }, { stop: 0.1 }).decision).toBe("allow");
  });

  it("denies when neither is known", () => {
    expect(judge(limits, [])).toMatchObject({ decision: "deny", reason: REASON.trade_loss });
    expect(judge(limits, [], {}, { es: 0.01 }).decision).toBe("deny");
    expect(judge(limits, [], {}, { stop: 0, es: 0, xi: 0.1 }).decision).toBe("deny");
  });
});

describe("loss budget of the book", () => {
  it("adds what every stop-loss would cost, and takes a position without one whole", () => {
    const limits = { max_book_loss: 0.1 };
    const book = [row("C/B", "long", 100, 2, "open", 0.2), row("D/B", "short", 50, 1, "pending", 0.4)];
    expect(judge(limits, book, { stake: 200 }, { stop: 0.2 }).decision).toBe("allow");
    expect(judge(limits, book, { stake: 250 }, { stop: 0.2 })).toMatchObject({ stake: 200, reason: REASON.book_loss });
    expect(judge(limits, book, { stake: 250 }).stake).toBe(40);
    expect(judge(limits, [row("C/B", "long", 100)], {}, { stop: 0.2 }).decision).toBe("deny");
  });
});

describe("liquidation guard", () => {
  const margin = { mm_rate: 0.01, mm_amount: 0, liquidation_buffer: 0.05 };
  // Long at 10×: (0.1 − 0.01) / 0.99 · 0.95 = 0.0863636….
  const distance = ((0.1 - 0.01) / 0.99) * 0.95;
  const guarded = (adverse: number, over: Partial<GateRequest> = {}, guard = 1) =>
    judge({ liquidation_guard: guard }, [], { leverage: 10, ...over }, { ...margin, adverse });

  it("allows while the liquidation price is at least as far as the adverse move, and denies below", () => {
    expect(guarded(-Math.log1p(-distance + 1e-9)).decision).toBe("allow");
    const near = guarded(-Math.log1p(-distance - 1e-9));
    expect(near).toMatchObject({ decision: "deny", reason: REASON.liquidation });
    expect(near.value).toBeCloseTo(distance, 12);
    expect(guarded(-Math.log1p(-distance / 2 + 1e-9), {}, 2).decision).toBe("allow");
    expect(guarded(-Math.log1p(-distance / 2 - 1e-9), {}, 2).decision).toBe("deny");
  });

  it("judges a short by the rise", () => {
    const rise = ((0.1 - 0.01) / 1.01) * 0.95;
    expect(guarded(Math.log1p(rise - 1e-9), { side: "short" }).decision).toBe("allow");
    expect(guarded(Math.log1p(rise + 1e-9), { side: "short" }).decision).toBe("deny");
  });

  it("lists a leverage that was cut before the question, with the distance it would have had, and takes nothing for it", () => {
    const told = { ...margin, adverse: -Math.log1p(-distance * 2), wanted_leverage: 10 };
    const cut = judge({ liquidation_guard: 1 }, [], { leverage: 4 }, told);
    expect(cut).toMatchObject({ decision: "allow", stake: 100, reason: REASON.ok });
    expect(cut.caps).toEqual([
      { reason: REASON.liquidation, stake: 100, value: expect.any(Number), limit: expect.any(Number) },
    ]);
    expect(cut.caps[0]?.value).toBeCloseTo(distance, 12);
    expect(cut.caps[0]?.limit).toBeCloseTo(2 * distance, 12);
    expect(judge({ liquidation_guard: 1 }, [], { leverage: 1 }, told).caps).toHaveLength(1);
    expect(judge({ liquidation_guard: 1 }, [], { leverage: 10 }, { ...told, adverse: 0.01 }).caps).toEqual([]);
    expect(judge({}, [], { leverage: 4 }, told).caps).toEqual([]);
    // What was cut and is still too near is denied.
    expect(judge({ liquidation_guard: 1 }, [], { leverage: 9 }, told)).toMatchObject({
      decision: "deny",
      reason: REASON.liquidation,
    });
  });

  it("denies when a number is not known, and leaves a long without leverage alone", () => {
    expect(guarded(Number.NaN).decision).toBe("deny");
    expect(judge({ liquidation_guard: 1 }, [], { leverage: 2 }, { adverse: 0.01 }).decision).toBe("deny");
    expect(judge({ liquidation_guard: 1 }, []).decision).toBe("allow");
  });
});

describe("Kelly", () => {
  const after = (
    profits: readonly number[],
    limits: Partial<Limits>,
    stake = 100,
    book: readonly PositionRow[] = [],
  ) => {
    const state = session(1000, book);
    trades(state, profits);
    return gate(
      state,
      policy({ kelly_fraction: 0.5, kelly_min_stake: 0.02, ...limits }),
      request({ stake, min_stake: 0 }),
    );
  };
  const losers = (n: number) => Array.from({ length: n }, () => -0.05);
  const mixed = (n: number) => Array.from({ length: n }, (_, i) => (i % 5 < 3 ? 0.1 : -0.1));

  it("is silent below 30 closed trades, and cuts to its least stake where there is no edge", () => {
    expect(after(losers(29), {}).decision).toBe("allow");
    expect(after(losers(30), {})).toMatchObject({ decision: "reduce", stake: 20, reason: REASON.kelly, limit: 0.02 });
    expect(after(losers(30), { kelly_fraction: null }).decision).toBe("allow");
  });

  it("never denies a new entry, and counts what the pair has staked", () => {
    expect(after(losers(100), {}, 20).decision).toBe("allow");
    expect(after(losers(100), {}, 20, [row("AAA/BBB", "long", 15)]).stake).toBe(5);
    expect(after(losers(100), {}, 20, [row("C/B", "long", 500)]).decision).toBe("allow");
  });

  it("allows more to a proven edge, and less under a drawdown constraint", () => {
    expect(after(mixed(300), {}, 400).decision).toBe("allow");
    const bound = after(mixed(300), { kelly_drawdown: 0.3 }, 1000);
    expect(bound.decision).toBe("reduce");
    // Two outcomes, p = 0.6: 0.0542572855 of a stake lost whole, ten times that where a tenth is lost; less for the doubt.
    expect(bound.stake / 1000).toBeLessThanOrEqual(0.542572855);
    expect(bound.stake / 1000).toBeGreaterThan(0.3);
  });
});

describe("barbell", () => {
  const limits = { barbell_loss: 0.1, barbell_worst_loss: 1 };
  const held = (
    equity: number,
    stake: number,
    over: Partial<Limits> = {},
    book: readonly PositionRow[] = [],
    leverage = 1,
  ) =>
    gate(
      session(equity, book, confirmed(NOW_MS - DAY_MS, 1000)),
      policy({ ...limits, ...over }),
      request({ stake, leverage, min_stake: 0 }),
    );

  it("lets at risk what stands above the floor: 90/10 at the mark, nothing at the floor", () => {
    expect(held(1000, 100).decision).toBe("allow");
    expect(held(1000, 101)).toMatchObject({ stake: 100, reason: REASON.barbell });
    expect(held(950, 101).stake).toBeCloseTo(50, 9);
    expect(held(900, 10).decision).toBe("deny");
    expect(held(800, 10).decision).toBe("deny");
  });

  it("counts what is at risk already, and rises with a new high", () => {
    expect(held(1000, 100, {}, [row("C/B", "long", 40), row("D/B", "short", 20, 5, "pending")]).stake).toBeCloseTo(
      40,
      9,
    );
    expect(held(2000, 500).stake).toBeCloseTo(200, 9);
  });

  it("takes less of a stake where the worst move does not cost all of it, leverage counted", () => {
    expect(held(1000, 1000, { barbell_worst_loss: 0.5 }).stake).toBeCloseTo(200, 9);
    expect(held(1000, 1000, { barbell_worst_loss: 0.5 }, [], 2).stake).toBeCloseTo(100, 9);
    expect(held(1000, 1000, { barbell_worst_loss: 0.5 }, [], 20).stake).toBeCloseTo(100, 9);
  });

  it("ends when the old mark leaves its window", () => {
    const state = session(500, [], confirmed(NOW_MS - 60_000, 1000));
    const rules = policy({ ...limits, barbell_window_days: 3 });
    const at = (now_ms: number) =>
      gate(state, rules, request({ now_ms, candle_open_ms: now_ms - TIMEFRAME_MS, stake: 50 }));
    portfolio(state, 500, [], confirmed(NOW_MS + 60_000, 500), NOW_MS + 120_000);
    expect(at(NOW_MS + 3 * DAY_MS).reason).toBe(REASON.barbell);
    expect(at(NOW_MS + 3 * DAY_MS + 1).decision).toBe("allow");
  });
});
