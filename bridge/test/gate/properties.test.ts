import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { PositionRow } from "../../src/gate/events.js";
import { FINAL_TOLERANCE, gate } from "../../src/gate/gate.js";
import { applyEvent, newSession } from "../../src/gate/session.js";
import type { GateRequest, Policy } from "../../src/gate/types.js";
import { DAY_MS } from "../../src/portfolio/equity.js";
import { REASON } from "../../src/protocol/codes.js";
import { ask, confirmed, DAY0, NOW_MS, policy, portfolio, request, session, TIMEFRAME_MS } from "./fixture.js";

const RUNS = { numRuns: 1000, seed: 20_251_122 };

const sizes = fc.integer({ min: 0, max: 1024 }).map((n) => n / 1024);
const reasons = fc.constantFrom(REASON.jump, REASON.tail, REASON.volatility);
const stakes = fc.double({ min: 0.01, max: 1e6, noNaN: true });
const money = fc.double({ min: -10, max: 1e6, noNaN: true });
const ratios = fc.double({ min: 0.01, max: 1, noNaN: true });
const positions: fc.Arbitrary<PositionRow> = fc.tuple(
  fc.constantFrom("AAA/BBB", "CCC/BBB"),
  fc.constantFrom("long" as const, "short" as const),
  fc.double({ min: 0, max: 1e5, noNaN: true }),
  fc.double({ min: 1, max: 20, noNaN: true }),
  fc.constantFrom("open" as const, "pending" as const),
);
const books = fc.array(positions, { maxLength: 5 });
const limits = fc.record({
  max_drawdown: fc.option(ratios),
  max_daily_loss: fc.option(ratios),
  max_gross_exposure: fc.option(fc.double({ min: 0.1, max: 10, noNaN: true })),
  max_pair_exposure: fc.option(fc.double({ min: 0.1, max: 10, noNaN: true })),
  soft_drawdown: fc.option(ratios),
  max_side_positions: fc.option(fc.integer({ min: 1, max: 6 })),
});
const policies: fc.Arbitrary<Policy> = limits.map((some) => policy(some));
const questions: fc.Arbitrary<GateRequest> = fc
  .record({
    candle_size: sizes,
    candle_reason: reasons,
    stake: stakes,
    min_stake: fc.double({ min: 0, max: 100, noNaN: true }),
    leverage: fc.double({ min: 1, max: 20, noNaN: true }),
  })
  .map(request);
const wild = fc.oneof(
  fc.double(),
  fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, -1),
);

/** Days of equity before now, at odd times. */
const histories = fc
  .array(fc.tuple(fc.integer({ min: 1, max: 60 * 24 * 60 }), money), { maxLength: 30 })
  .map((raw) =>
    [...new Map(raw.map(([minutes, equity]) => [NOW_MS - minutes * 60_000, equity])).entries()].sort(
      (a, b) => a[0] - b[0],
    ),
  );

describe("any verdict", () => {
  it("allows at most the proposed stake and explains what it does not allow", () => {
    fc.assert(
      fc.property(money, books, histories, policies, questions, (equity, book, history, rules, question) => {
        const verdict = gate(session(equity, book, history), rules, question);
        expect(verdict.stake).toBeLessThanOrEqual(question.stake);
        expect(verdict.stake).toBeGreaterThanOrEqual(0);
        expect(verdict.decision).toBe(
          verdict.stake === 0 ? "deny" : verdict.stake < question.stake ? "reduce" : "allow",
        );
        if (verdict.decision !== "allow") expect(verdict.reason).not.toBe(REASON.ok);
        if (verdict.decision === "reduce") expect(verdict.stake).toBeGreaterThanOrEqual(question.min_stake);
        expect(verdict.ceiling).toBe(verdict.stake);
      }),
      RUNS,
    );
  });

  it("holds for any numbers at all: never a stake that is not one", () => {
    const any = fc.record({
      candle_open_ms: wild,
      now_ms: wild,
      candle_size: wild,
      candle_reason: fc.integer({ min: 0, max: 80 }),
      candle_value: wild,
      stake: wild,
      min_stake: wild,
      leverage: wild,
      rate: wild,
    });
    fc.assert(
      fc.property(any, wild, policies, fc.boolean(), (over, equity, rules, sane_time) => {
        const time = sane_time ? { candle_open_ms: request().candle_open_ms, now_ms: NOW_MS } : {};
        const state = newSession();
        applyEvent(state, {
          type: "portfolio",
          session: "s",
          snapshot_seq: 1,
          at_ms: NOW_MS,
          equity,
          samples: [],
          positions: [],
        });
        const question = request({ ...over, ...time });
        const verdict = gate(state, rules, question);
        if (verdict.decision === "deny") expect(verdict.stake).toBe(0);
        else {
          expect(Number.isFinite(verdict.stake)).toBe(true);
          expect(verdict.stake).toBeGreaterThan(0);
          expect(verdict.stake).toBeLessThanOrEqual(question.stake);
        }
      }),
      RUNS,
    );
  });
});

describe("a worse input never gets a larger stake", () => {
  const stakeOf = (
    equity: number,
    book: readonly PositionRow[],
    rules: Policy,
    question: GateRequest,
    history: [number, number][] = [],
  ) => gate(session(equity, book, history), rules, question).stake;

  it("smaller candle size", () => {
    fc.assert(
      fc.property(money, books, policies, questions, sizes, (equity, book, rules, question, other) => {
        const [low, high] = [Math.min(other, question.candle_size), Math.max(other, question.candle_size)];
        const at = (candle_size: number) => stakeOf(equity, book, rules, { ...question, candle_size });
        expect(at(low)).toBeLessThanOrEqual(at(high));
      }),
      RUNS,
    );
  });

  it("lower equity", () => {
    fc.assert(
      fc.property(money, money, books, histories, policies, questions, (a, b, book, history, rules, question) => {
        const at = (equity: number) => stakeOf(equity, book, rules, question, history);
        expect(at(Math.min(a, b))).toBeLessThanOrEqual(at(Math.max(a, b)));
      }),
      RUNS,
    );
  });

  it("one more position", () => {
    fc.assert(
      fc.property(money, books, positions, policies, questions, (equity, book, more, rules, question) => {
        const with_more = stakeOf(equity, [...book, more], rules, question);
        expect(with_more).toBeLessThanOrEqual(stakeOf(equity, book, rules, question));
      }),
      RUNS,
    );
  });

  it("more leverage, a larger minimum stake, an older verdict", () => {
    fc.assert(
      fc.property(
        money,
        books,
        policies,
        questions,
        fc.double({ min: 1, max: 5, noNaN: true }),
        (equity, book, rules, question, factor) => {
          const base = stakeOf(equity, book, rules, question);
          expect(
            stakeOf(equity, book, rules, { ...question, leverage: question.leverage * factor }),
          ).toBeLessThanOrEqual(base);
          expect(
            stakeOf(equity, book, rules, { ...question, min_stake: question.min_stake * factor }),
          ).toBeLessThanOrEqual(base);
          const later = question.now_ms + Math.round(factor * TIMEFRAME_MS);
          const aged = gate(
            session(equity, book),
            { ...rules, limits: { ...rules.limits, max_daily_loss: null } },
            { ...question, now_ms: later },
          );
          if (later - NOW_MS > 2 * TIMEFRAME_MS) expect(aged.decision).toBe("deny");
        },
      ),
      RUNS,
    );
  });

  it("a stricter limit", () => {
    const keys = [
      ...(["max_drawdown", "max_daily_loss", "max_gross_exposure", "max_pair_exposure"] as const),
      ...(["soft_drawdown", "max_side_positions"] as const),
    ];
    fc.assert(
      fc.property(
        money,
        books,
        histories,
        policies,
        questions,
        fc.constantFrom(...keys),
        ratios,
        (equity, book, history, rules, question, key, share) => {
          const now = rules.limits[key];
          const stricter = { ...rules, limits: { ...rules.limits, [key]: now === null ? share : now * share } };
          expect(stakeOf(equity, book, stricter, question, history)).toBeLessThanOrEqual(
            stakeOf(equity, book, rules, question, history),
          );
        },
      ),
      RUNS,
    );
  });
});

describe("a candidate's answers only tighten", () => {
  it("whatever changes between the questions", () => {
    const step = fc.record({
      equity: money,
      book: books,
      stake: stakes,
      candle_size: sizes,
      stage: fc.constantFrom("size" as const, "final" as const),
    });
    fc.assert(
      fc.property(policies, fc.array(step, { minLength: 2, maxLength: 8 }), (rules, steps) => {
        const state = newSession("backtest");
        let ceiling = Number.POSITIVE_INFINITY;
        let at_ms = NOW_MS;
        for (const { equity, book, stake, candle_size, stage } of steps) {
          portfolio(state, equity, book, [], at_ms++);
          const reason = candle_size < 1 ? REASON.jump : REASON.ok;
          const verdict = ask(
            state,
            rules,
            request({ stake, candle_size, candle_reason: reason, stage, min_stake: 0 }),
          );
          expect(verdict.ceiling).toBeLessThanOrEqual(ceiling);
          expect(verdict.stake).toBeLessThanOrEqual(ceiling * FINAL_TOLERANCE);
          if (stage === "size") expect(verdict.stake).toBeLessThanOrEqual(ceiling);
          ceiling = verdict.ceiling;
        }
        const { asked, allowed, reduced, denied, by_reason } = state.tally;
        expect([asked, allowed + reduced + denied]).toEqual([1, 1]);
        expect([...by_reason.values()].reduce((sum, n) => sum + n, 0)).toBe(reduced + denied);
      }),
      RUNS,
    );
  });
});

describe("no deadlock", () => {
  it("from any state without open positions entries resume within the drawdown window", () => {
    fc.assert(
      fc.property(
        histories,
        fc.double({ min: 0.01, max: 1e6, noNaN: true }),
        limits,
        fc.integer({ min: 1, max: 40 }),
        (history, equity, some, days) => {
          const rules = policy({ ...some, drawdown_window_days: days });
          const state = session(equity, [], history);
          const later = NOW_MS + days * DAY_MS + 1;
          const question = request({
            now_ms: later,
            candle_open_ms: later - TIMEFRAME_MS,
            stake: equity / 1000,
            min_stake: 0,
          });
          // With samples still coming in (the account is flat), and with the client gone silent.
          const silent = gate(state, rules, question);
          expect(silent.decision).toBe("allow");
          for (let t = NOW_MS + 3_600_000; t < later; t += DAY_MS / 4) portfolio(state, equity, [], [[t, equity]], t);
          expect(gate(state, rules, question).decision).toBe("allow");
        },
      ),
      { ...RUNS, numRuns: 200 },
    );
  });

  it("denials by drawdown and daily loss do happen in the states tried above", () => {
    const state = session(500, [], confirmed(DAY0, 1000));
    expect(gate(state, policy({ max_drawdown: 0.2 }), request()).reason).toBe(REASON.drawdown);
    expect(gate(state, policy({ max_daily_loss: 0.2 }), request()).reason).toBe(REASON.daily_loss);
  });
});
