import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { PositionRow } from "../../src/gate/events.js";
import { FINAL_TOLERANCE, gate } from "../../src/gate/gate.js";
import { loosens, OVERRIDABLE } from "../../src/gate/overrides.js";
import { applyEvent, newSession, type SessionState } from "../../src/gate/session.js";
import type { GateRequest, GroupSummary, Policy } from "../../src/gate/types.js";
import { addEntry } from "../../src/portfolio/entry_rate.js";
import { DAY_MS } from "../../src/portfolio/equity.js";
import { REASON } from "../../src/protocol/codes.js";
import {
  ask,
  confirmed,
  DAY0,
  facts,
  NOW_MS,
  OPEN_MS,
  policy,
  portfolio,
  request,
  session,
  TIMEFRAME_MS,
  tellReturns,
  trades,
  waves,
} from "./fixture.js";

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
  fc.double({ min: 0, max: 1, noNaN: true }),
);
const told = fc
  .record({
    close: fc.double({ min: 1, max: 2, noNaN: true }),
    stop: fc.double({ min: 0.001, max: 1, noNaN: true }),
    es: fc.double({ min: 0.001, max: 0.5, noNaN: true }),
    xi: fc.double({ min: 0.1, max: 0.95, noNaN: true }),
    adverse: fc.double({ min: 0.001, max: 0.5, noNaN: true }),
    mm_rate: fc.double({ min: 0.001, max: 0.05, noNaN: true }),
    mm_amount: fc.double({ min: 0, max: 10, noNaN: true }),
  })
  .map((some) => facts({ ...some, liquidation_buffer: 0.05 }));
const books = fc.array(positions, { maxLength: 5 });
const limits = fc.record({
  max_drawdown: fc.option(ratios),
  max_daily_loss: fc.option(ratios),
  max_gross_exposure: fc.option(fc.double({ min: 0.1, max: 10, noNaN: true })),
  max_pair_exposure: fc.option(fc.double({ min: 0.1, max: 10, noNaN: true })),
  soft_drawdown: fc.option(ratios),
  max_side_positions: fc.option(fc.integer({ min: 1, max: 6 })),
  max_weekly_loss: fc.option(ratios),
  max_rate_deviation: fc.option(ratios),
  max_trade_loss: fc.option(ratios),
  max_cluster_exposure: fc.option(fc.double({ min: 0.1, max: 10, noNaN: true })),
  cluster_correlation: fc.double({ min: 0, max: 0.99, noNaN: true }),
  max_book_es: fc.option(ratios),
  book_es_hours: fc.integer({ min: 1, max: 240 }),
  max_book_loss: fc.option(ratios),
  liquidation_guard: fc.option(fc.double({ min: 1, max: 3, noNaN: true })),
  kelly_fraction: fc.option(ratios),
  kelly_drawdown: fc.option(fc.double({ min: 0.1, max: 0.9, noNaN: true })),
  barbell_loss: fc.option(ratios),
  barbell_worst_loss: ratios,
});
/** With the limit that a position on the other side loosens. */
const netted = fc
  .tuple(limits, fc.option(fc.double({ min: 0.1, max: 10, noNaN: true })))
  .map(([some, max_net_exposure]) => policy({ ...some, max_net_exposure }));
const policies: fc.Arbitrary<Policy> = limits.map((some) => policy(some));
const questions: fc.Arbitrary<GateRequest> = fc
  .record({
    candle_size: sizes,
    candle_reason: reasons,
    stake: stakes,
    min_stake: fc.double({ min: 0, max: 100, noNaN: true }),
    leverage: fc.double({ min: 1, max: 20, noNaN: true }),
    facts: told,
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

/** With closes of the pairs in the books above: two that move together more often than not. */
function known(state: SessionState, until_ms = OPEN_MS): SessionState {
  const other = waves(1).map((one, at) => (at % 5 === 0 ? -one : one));
  tellReturns(state, { "AAA/BBB": waves(1), "CCC/BBB": other }, until_ms);
  return state;
}

const stakeOf = (
  equity: number,
  book: readonly PositionRow[],
  rules: Policy,
  question: GateRequest,
  history: [number, number][] = [],
) => gate(known(session(equity, book, history)), rules, question).stake;

describe("a worse input never gets a larger stake", () => {
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
      ...(["soft_drawdown", "max_side_positions", "max_weekly_loss", "max_rate_deviation", "max_trade_loss"] as const),
      ...(["max_book_loss", "kelly_fraction", "barbell_loss", "max_net_exposure"] as const),
      ...(["max_cluster_exposure", "cluster_correlation", "max_book_es"] as const),
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

/** Values of any limit: shares for those that are shares, whole numbers for those that count or last. */
const override = fc.constantFrom(...OVERRIDABLE).chain((key) => {
  const counted = /days|hours|candles|trades|entries|positions|guard/.test(key);
  const value = counted ? fc.integer({ min: 1, max: 12 }) : fc.double({ min: 0.01, max: 1, noNaN: true });
  const off = policy().limits[key] === null || key.startsWith("max_");
  return fc.record({
    key: fc.constant(key),
    before: off ? fc.option(value) : value,
    after: off ? fc.option(value) : value,
  });
});

it("an override that is said to loosen nothing never gets a larger stake", () => {
  const profits = fc.array(fc.double({ min: -0.5, max: 0.5, noNaN: true }), { minLength: 28, maxLength: 40 });
  let tightened = 0;
  fc.assert(
    fc.property(
      money,
      books,
      histories,
      policies,
      questions,
      profits,
      override,
      (equity, book, history, rules, question, closed, { key, before, after }) => {
        const settled: Policy = { ...rules, limits: { ...rules.limits, [key]: before } };
        if (loosens(settled.limits, { ...settled.limits, [key]: after })) return;
        tightened += 1;
        const stake = (state: SessionState) => gate(state, settled, question).stake;
        const plain = session(equity, book, history);
        trades(plain, closed);
        const overridden = session(equity, book, history);
        trades(overridden, closed);
        const audit = { until_ms: NOW_MS + 1, by: "me", why: "test" };
        applyEvent(overridden, { type: "override", session: "s", limits: { [key]: after }, ...audit });
        expect(stake(overridden)).toBeLessThanOrEqual(stake(plain));
      },
    ),
    { ...RUNS, numRuns: 4000 },
  );
  expect(tightened).toBeGreaterThan(1000);
});

it("a group that holds more, owns less or has lost more never lets a larger stake through", () => {
  const share = fc.double({ min: 0, max: 1, noNaN: true });
  const groups = fc.record({
    equity: money,
    exposure: fc.double({ min: 0, max: 1e6, noNaN: true }),
    worth: fc.option(fc.double({ min: 0.1, max: 1.2, noNaN: true })),
    max_gross_exposure: fc.option(fc.double({ min: 0.1, max: 10, noNaN: true })),
    max_drawdown: fc.option(ratios),
  });
  fc.assert(
    fc.property(policies, questions, groups, share, share, share, (rules, question, group, more, less, lost) => {
      const summary = (over: Partial<typeof group> = {}): GroupSummary => {
        const { max_gross_exposure, max_drawdown, ...rest } = { ...group, ...over };
        const limits = { max_gross_exposure, max_drawdown, drawdown_window_days: 30, silent_hours: 1 };
        return { group: "g", limits, marks: { peaks: [{ t_ms: NOW_MS, equity: 1 }] }, ...rest };
      };
      const stake = (given: GroupSummary | null) => gate(session(), rules, question, given).stake;
      const { exposure, equity, worth } = group;
      const worse = {
        exposure: exposure + more * 1000,
        equity: equity - less * 1000,
        worth: worth === null ? null : worth * (1 - lost),
      };
      expect(stake(summary(worse))).toBeLessThanOrEqual(stake(summary()));
      expect(stake(summary())).toBeLessThanOrEqual(stake(null));
    }),
    RUNS,
  );
});

describe("what else is worse never gets a larger stake", () => {
  it("no closes of the pairs", () => {
    fc.assert(
      fc.property(money, books, netted, questions, (equity, book, rules, question) => {
        const untold = gate(session(equity, book), rules, question).stake;
        expect(untold).toBeLessThanOrEqual(stakeOf(equity, book, rules, question));
      }),
      RUNS,
    );
  });

  it("one more position on the same side, netted", () => {
    fc.assert(
      fc.property(money, books, positions, netted, questions, (equity, book, more, rules, question) => {
        const [pair, , ...rest] = more;
        const with_more = stakeOf(equity, [...book, [pair, question.side, ...rest]], rules, question);
        expect(with_more).toBeLessThanOrEqual(stakeOf(equity, book, rules, question));
      }),
      RUNS,
    );
  });

  it("a farther stop-loss, a heavier tail, a worse excursion, more margin to keep, a rate farther off", () => {
    const factor = fc.double({ min: 1, max: 4, noNaN: true });
    const names = fc.constantFrom("stop", "es", "xi", "adverse", "mm_rate");
    fc.assert(
      fc.property(money, books, netted, questions, names, factor, (equity, book, rules, question, name, by) => {
        const base = stakeOf(equity, book, rules, question);
        const worse = { ...question.facts, [name]: question.facts[name] * by };
        expect(stakeOf(equity, book, rules, { ...question, facts: worse })).toBeLessThanOrEqual(base);
        const unknown = { ...question, facts: { ...question.facts, close: Number.NaN, adverse: Number.NaN } };
        expect(stakeOf(equity, book, rules, unknown)).toBeLessThanOrEqual(base);
        const { close } = question.facts;
        const farther = { ...question, rate: close + (question.rate - close) * by };
        expect(stakeOf(equity, book, rules, farther)).toBeLessThanOrEqual(base);
      }),
      RUNS,
    );
  });

  it("a closed trade that ended worse, and one more entry confirmed", () => {
    const profits = fc.array(
      fc.integer({ min: -1000, max: 2000 }).map((n) => n / 1000),
      { minLength: 1, maxLength: 50 },
    );
    const streaks = fc.record({
      loss_streak_trades: fc.option(fc.integer({ min: 2, max: 5 })),
      max_entries: fc.option(fc.integer({ min: 1, max: 5 })),
      kelly_fraction: fc.option(ratios),
      kelly_drawdown: fc.option(fc.double({ min: 0.1, max: 0.9, noNaN: true })),
    });
    fc.assert(
      fc.property(profits, fc.nat(), ratios, streaks, fc.nat({ max: 5 }), (closed, at, by, some, entered) => {
        const judged = (outcomes: readonly number[], entries: number) => {
          const state = session(1000);
          trades(state, outcomes);
          for (let i = 0; i < entries; i++) {
            addEntry(state.entries, { pair: `X${i}/Y`, side: "long", candle_open_ms: 0, at_ms: NOW_MS - i });
          }
          return gate(state, policy(some), request({ stake: 1e6, min_stake: 0 })).stake;
        };
        const before = judged(closed, entered);
        const worse = closed.map((profit, i) => (i === at % closed.length ? Math.max(-1, profit - by) : profit));
        expect(judged(worse, entered)).toBeLessThanOrEqual(before * (1 + 1e-9));
        expect(judged(closed, entered + 1)).toBeLessThanOrEqual(before);
      }),
      { ...RUNS, numRuns: 200 },
    );
  });
});

it("a win never re-arms a breaker: who may enter may enter with more equity, whatever mark that makes", () => {
  const breakers = fc
    .record({
      max_drawdown: fc.option(ratios),
      soft_drawdown: fc.option(ratios),
      max_daily_loss: fc.option(ratios),
      max_weekly_loss: fc.option(ratios),
      drawdown_window_days: fc.integer({ min: 1, max: 40 }),
    })
    .map((some) => policy(some));
  const wins = fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(money, histories, breakers, questions, wins, (equity, history, rules, question, won) => {
      const state = session(equity, [], [...history, [NOW_MS - 60_000, equity]], NOW_MS);
      let allowed = gate(state, rules, question).stake;
      let risen = equity;
      won.forEach((win, i) => {
        risen += win;
        const at_ms = NOW_MS - 59_000 + i * 1000;
        portfolio(state, risen, [], [[at_ms, risen]]);
        const { stake } = gate(state, rules, question);
        expect(stake).toBeGreaterThanOrEqual(allowed);
        allowed = stake;
      });
    }),
    RUNS,
  );
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
  it("from any state without open positions entries resume within the longest time that a limit states", () => {
    const days = fc.integer({ min: 1, max: 40 });
    const windows = fc.record({
      drawdown_window_days: days,
      soft_drawdown_window_days: days,
      barbell_window_days: days,
      loss_streak_trades: fc.option(fc.integer({ min: 2, max: 4 })),
      loss_streak_pause_hours: fc.integer({ min: 1, max: 24 * 31 }),
      max_entries: fc.option(fc.integer({ min: 1, max: 4 })),
      max_entries_hours: fc.integer({ min: 1, max: 24 * 31 }),
    });
    const equities = fc.double({ min: 0.01, max: 1e6, noNaN: true });
    const profits = fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { maxLength: 40 });
    fc.assert(
      fc.property(histories, equities, limits, windows, profits, (history, equity, some, times, closed) => {
        const rules = policy({ ...some, ...times });
        const state = session(equity, [], history);
        trades(state, closed);
        for (let i = 0; i < 6; i++) {
          addEntry(state.entries, { pair: `X${i}/Y`, side: "long", candle_open_ms: 0, at_ms: NOW_MS });
        }
        const { drawdown_window_days, soft_drawdown_window_days, barbell_window_days } = times;
        const { loss_streak_pause_hours, max_entries_hours } = times;
        const stated_days = Math.max(
          drawdown_window_days,
          soft_drawdown_window_days,
          barbell_window_days,
          some.max_weekly_loss === null ? 1 : 7,
          loss_streak_pause_hours / 24,
          max_entries_hours / 24,
        );
        const later = NOW_MS + stated_days * DAY_MS + 1;
        const question = request({
          now_ms: later,
          candle_open_ms: later - TIMEFRAME_MS,
          stake: equity / 1000,
          min_stake: 0,
          facts: facts({ close: 1.5, stop: 0.1 }),
        });
        // Closes of the pair come with the question.
        known(state, Math.floor(later / 3_600_000) * 3_600_000);
        // With samples still coming in (the account is flat), and with the client gone silent.
        const silent = gate(state, rules, question);
        expect(silent.decision).toBe("allow");
        for (let t = NOW_MS + 3_600_000; t < later; t += DAY_MS / 4) portfolio(state, equity, [], [[t, equity]], t);
        expect(gate(state, rules, question).decision).toBe("allow");
      }),
      { ...RUNS, numRuns: 200 },
    );
  });

  it("denials by drawdown and daily loss do happen in the states tried above", () => {
    const state = session(500, [], confirmed(DAY0, 1000));
    expect(gate(state, policy({ max_drawdown: 0.2 }), request()).reason).toBe(REASON.drawdown);
    expect(gate(state, policy({ max_daily_loss: 0.2 }), request()).reason).toBe(REASON.daily_loss);
  });
});
