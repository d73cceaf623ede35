/** Limits on what moves together: exposure of the entry's cluster, expected shortfall of the book. */
import { describe, expect, it } from "vitest";
import { describeTogether } from "../../src/cli/explain_text.js";
import type { PositionRow } from "../../src/gate/events.js";
import { gate } from "../../src/gate/gate.js";
import { newSession, type SessionState } from "../../src/gate/session.js";
import { exportSession, importSession } from "../../src/gate/snapshot.js";
import { standing } from "../../src/gate/standing.js";
import type { GateRequest, Limits } from "../../src/gate/types.js";
import { ES_PER_SIGMA } from "../../src/portfolio/book_es.js";
import { correlation, dependenceAt } from "../../src/portfolio/dependence.js";
import { REASON } from "../../src/protocol/codes.js";
import { ask, NOW_MS, OPEN_MS, policy, portfolio, request, session, tellReturns, waves } from "./fixture.js";

const HOUR_MS = 3_600_000;
/** Shortfall of a stake over 24 hours, per unit: returns of ±1 % have a volatility of 1 %. */
const ES_24H = ES_PER_SIGMA * 0.01 * Math.sqrt(24);

const row = (pair: string, side: "long" | "short", stake: number, leverage = 1, state: "open" | "pending" = "open") =>
  [pair, side, stake, leverage, state] as PositionRow;
/** AAA, the pair asked about, with a twin, a stranger and one that does the opposite. */
const RETURNS = {
  "AAA/BBB": waves(1),
  "TWIN/BBB": waves(1),
  "OTHER/BBB": waves(2),
  "OPPOSITE/BBB": waves(1).map((one) => -one),
};
function told(
  book: readonly PositionRow[],
  returns: Readonly<Record<string, readonly number[]>> = RETURNS,
): SessionState {
  const state = session(1000, book);
  tellReturns(state, returns);
  return state;
}
const judge = (limits: Partial<Limits>, state: SessionState, over: Partial<GateRequest> = {}) =>
  gate(state, policy(limits), request({ min_stake: 0, ...over }));

describe("exposure of a cluster", () => {
  const limits = { max_cluster_exposure: 0.5 };

  it("is cut to what positions on the side in pairs that move along leave, leverage and orders included", () => {
    const state = told([row("TWIN/BBB", "long", 50, 2), row("TWIN/BBB", "long", 40, 5, "pending")]);
    expect(judge(limits, state, { stake: 200 })).toMatchObject({ decision: "allow" });
    expect(judge(limits, state, { stake: 200.1 })).toMatchObject({
      decision: "reduce",
      stake: 200,
      reason: REASON.exposure_cluster,
      limit: 0.5,
    });
    expect(judge(limits, state, { stake: 150, leverage: 4 }).stake).toBe(50);
    expect(judge({ max_cluster_exposure: 0.3 }, state)).toMatchObject({ decision: "deny", value: 0.4 });
  });

  it("counts neither the other side, nor pairs that move by themselves or the other way", () => {
    const book = [row("TWIN/BBB", "short", 400), row("OTHER/BBB", "long", 400), row("OPPOSITE/BBB", "long", 400)];
    expect(judge(limits, told(book), { stake: 500 }).decision).toBe("allow");
    expect(judge(limits, told(book), { stake: 500.1 }).stake).toBe(500);
    expect(judge(limits, told(book), { side: "short" }).stake).toBe(100);
  });

  it("counts what the pair itself holds, known or not", () => {
    const book = [row("AAA/BBB", "long", 450)];
    for (const state of [told(book), session(1000, book)]) expect(judge(limits, state).stake).toBe(50);
  });

  it("joins pairs above the correlation, not at it, and through a third", () => {
    const mixed = waves(1).map((one, at) => (at % 5 === 0 ? -one : one));
    const state = told([row("MIXED/BBB", "long", 500)], { ...RETURNS, "MIXED/BBB": mixed });
    const dependence = dependenceAt(state.closes, NOW_MS);
    const place = (pair: string) => dependence.places.get(pair) ?? Number.NaN;
    const rho = correlation(dependence, place("AAA/BBB"), place("MIXED/BBB"));
    expect(rho).toBeGreaterThan(0.3);
    expect(rho).toBeLessThan(0.7);
    expect(judge({ ...limits, cluster_correlation: rho }, state).decision).toBe("allow");
    expect(judge({ ...limits, cluster_correlation: rho * (1 - 1e-9) }, state).decision).toBe("deny");
    // A third between the two, closer to either than they are to each other.
    const between = waves(1).map((one, at) => (at % 10 === 0 ? -one : one));
    const chained = { ...RETURNS, "MIXED/BBB": mixed, "BETWEEN/BBB": between };
    const book = [row("MIXED/BBB", "long", 500)];
    const apart = { ...limits, cluster_correlation: 0.6 };
    expect(judge(apart, told(book, chained)).decision).toBe("allow");
    expect(judge(apart, told([...book, row("BETWEEN/BBB", "long", 1e-9)], chained)).decision).toBe("deny");
  });

  it("counts whole what too little is known of, whichever its side", () => {
    const short = { ...RETURNS, "NEW/BBB": waves(1, 29) };
    const known = { ...RETURNS, "NEW/BBB": waves(2, 30) };
    const book = [row("NEW/BBB", "short", 450)];
    expect(judge(limits, told(book, short)).stake).toBe(50);
    expect(judge(limits, told(book, known)).decision).toBe("allow");
    expect(judge(limits, session(1000, [row("OTHER/BBB", "short", 450)])).stake).toBe(50);
    expect(judge(limits, told([row("OTHER/BBB", "short", 450)]), { pair: "NEVER/BBB" }).stake).toBe(50);
  });
});

describe("expected shortfall of the book", () => {
  const limits = { max_book_es: 0.1 };

  it("is kept within its share of equity: an empty book", () => {
    const room = 100 / ES_24H;
    expect(judge(limits, told([]), { stake: room * (1 - 1e-9) }).decision).toBe("allow");
    const cut = judge(limits, told([]), { stake: room * 1.5 });
    expect(cut).toMatchObject({ decision: "reduce", reason: REASON.book_es, limit: 0.1 });
    expect(cut.stake).toBeCloseTo(room, 9);
    expect(cut.value).toBeCloseTo(0.15, 12);
    expect(cut.caps[0]?.added).toBeCloseTo(0.15, 12);
    expect(judge(limits, told([]), { stake: room, leverage: 4 }).stake).toBeCloseTo(room / 4, 9);
  });

  it("adds up for pairs that move as one, and less for others; orders count, and leverage", () => {
    const room = 100 / ES_24H;
    const at = (pair: string, stake: number, leverage: number, state: "open" | "pending" = "open") =>
      judge(limits, told([row(pair, "long", stake, leverage, state)]), { stake: 1e4 }).stake;
    // Shrinkage takes a fifth off towards the mean, so even twins do not quite add up.
    expect(at("TWIN/BBB", 100, 2)).toBeGreaterThan(room - 200);
    expect(at("TWIN/BBB", 100, 2)).toBeLessThan(room - 150);
    expect(at("OTHER/BBB", 100, 2)).toBeGreaterThan(at("TWIN/BBB", 100, 2));
    expect(at("AAA/BBB", 100, 2, "pending")).toBeCloseTo(room - 200, 9);
    expect(at("OTHER/BBB", 100, 2, "pending")).toBe(at("OTHER/BBB", 100, 2));
  });

  it("tells what the entry adds: less than its own shortfall, which the book shares", () => {
    const [cap] = judge(limits, told([row("OTHER/BBB", "long", 300)]), { stake: 500 }).caps;
    const alone = (500 * ES_24H) / 1000;
    expect(cap?.added).toBeGreaterThan(0.5 * alone);
    expect(cap?.added).toBeLessThan(0.9 * alone);
    const before = standing(told([row("OTHER/BBB", "long", 300)]), policy(limits), NOW_MS).book_es.value ?? Number.NaN;
    expect((cap?.value ?? Number.NaN) - (cap?.added ?? Number.NaN)).toBeCloseTo(before, 12);
    // Of a pair that is not known neither number is: the journal has null.
    const unknown = judge(limits, told([]), { pair: "NEVER/BBB" }).caps[0];
    expect([unknown?.value, unknown?.added]).toEqual([Number.NaN, Number.NaN]);
  });

  it("is not lowered by a hedge, and grows with the horizon", () => {
    const held = [row("OTHER/BBB", "long", 100)];
    const hedged = [...held, row("TWIN/BBB", "short", 100)];
    const at = (book: PositionRow[], book_es_hours = 24) =>
      judge({ ...limits, book_es_hours }, told(book), { stake: 1e4 }).stake;
    expect(at(hedged)).toBeLessThan(at(held));
    expect(at([], 6)).toBeCloseTo(2 * at([], 24), 6);
  });

  it("denies when the book alone is at its budget, and not a little below", () => {
    const room = 100 / ES_24H;
    expect(judge(limits, told([row("AAA/BBB", "long", room * (1 + 1e-12))])).decision).toBe("deny");
    expect(judge(limits, told([row("AAA/BBB", "long", room * (1 - 1e-6))])).decision).toBe("reduce");
  });

  it("denies without a number when the pair's closes are not known, or too few of them", () => {
    for (const state of [
      session(1000),
      told([], { "AAA/BBB": waves(1, 29) }),
      told([], { "AAA/BBB": Array(81).fill(0) }),
    ]) {
      expect(judge(limits, state)).toMatchObject({ decision: "deny", reason: REASON.book_es, value: Number.NaN });
    }
    expect(judge(limits, told([], { "AAA/BBB": waves(1, 30) })).decision).toBe("allow");
  });

  it("counts a position in a pair without closes as lost whole", () => {
    const room = (100 - 60) / ES_24H;
    expect(judge(limits, told([row("NEVER/BBB", "short", 30, 2)]), { stake: 1e4 }).stake).toBeCloseTo(room, 9);
    expect(judge(limits, told([row("NEVER/BBB", "short", 50, 2)])).decision).toBe("deny");
  });

  it("denies once all closes are more than a day old", () => {
    const late = (after_ms: number) => {
      const now_ms = OPEN_MS + 24 * HOUR_MS + after_ms;
      return judge(limits, told([]), { now_ms, candle_open_ms: now_ms - 300_000 }).decision;
    };
    expect([late(0), late(1)]).toEqual(["allow", "deny"]);
  });
});

describe("both", () => {
  const limits = { max_cluster_exposure: 0.5, max_book_es: 0.1 };

  it("are asked before the closes arrive and after: the first answer stands for its candle, the next pair's is free", () => {
    const state = newSession();
    portfolio(state, 1000);
    const rules = policy(limits);
    expect(ask(state, rules, request()).reason).toBe(REASON.book_es);
    tellReturns(state, RETURNS);
    expect(ask(state, rules, request())).toMatchObject({ decision: "deny", reask: true });
    expect(ask(state, rules, request({ pair: "OTHER/BBB" })).decision).toBe("allow");
  });

  it("know the closes after portfolios without any, and after a restart from the journal's snapshot", () => {
    const state = told([row("TWIN/BBB", "long", 450)]);
    portfolio(state, 1000, [row("TWIN/BBB", "long", 450)]);
    const again = importSession(JSON.parse(JSON.stringify(exportSession("s", state))));
    expect(again).toEqual(state);
    for (const one of [state, again]) expect(judge(limits, one).stake).toBe(50);
  });

  it("do not apply where the account does not count", () => {
    const off = policy(limits, { portfolio_limits: false });
    expect(gate(newSession(), off, request()).decision).toBe("allow");
  });
});

describe("how a session stands", () => {
  const stands = (book: readonly PositionRow[], limits: Partial<Limits> = {}) =>
    standing(told(book), policy(limits), NOW_MS);

  it("tells the expected shortfall that the gate decides by, and its limit", () => {
    const room = 100 / ES_24H;
    const { book_es } = stands([row("AAA/BBB", "long", room / 2)], { max_book_es: 0.1 });
    expect(book_es.value).toBeCloseTo(0.05, 12);
    expect(book_es.limit).toBe(0.1);
    expect(stands([], { max_book_es: 0.1 }).book_es.value).toBe(0);
  });

  it("tells how many bets the pairs held are: of twins about one, of two strangers about two", () => {
    const twins = stands([row("AAA/BBB", "long", 100), row("TWIN/BBB", "long", 100)]).effective_bets;
    expect(twins?.pairs).toBe(2);
    for (const bets of [twins?.entropy, twins?.participation, twins?.by_variance]) {
      expect(bets).toBeGreaterThan(1);
      expect(bets).toBeLessThan(1.5);
    }
    const strangers = stands([row("AAA/BBB", "long", 100), row("OTHER/BBB", "long", 100)]).effective_bets;
    expect(strangers?.participation).toBeGreaterThan(1.9);
    expect(stands([row("AAA/BBB", "long", 50), row("AAA/BBB", "short", 50)]).effective_bets).toMatchObject({
      pairs: 1,
      by_variance: null,
    });
  });

  it("says so in words, and nothing where no closes are told", () => {
    const book = [row("AAA/BBB", "long", 100), row("OTHER/BBB", "long", 100)];
    const report = stands(book, { max_book_es: 0.1 });
    expect(describeTogether({ ...report, denied: [...report.denied], overrides: [] })).toEqual([
      `expected shortfall of the book ${(ES_24H * Math.SQRT2 * 10).toFixed(1)} % of 10.0 %`,
      "2 pairs held are 2 bets (2 by entropy)",
    ]);
    const single = stands([row("AAA/BBB", "long", 100)]);
    expect(describeTogether({ ...single, denied: [], overrides: [] })[1]).toBe("1 pair held is 1 bet");
    const silent = standing(session(1000, book), policy({ max_book_es: 0.1 }), NOW_MS);
    expect(silent).toMatchObject({ book_es: { value: null, limit: 0.1 }, effective_bets: null });
    expect(describeTogether({ ...silent, denied: [...silent.denied], overrides: [] })).toEqual([]);
  });
});
