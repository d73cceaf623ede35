/** How a session is said to stand, and when a denial is said to end, must be what the gate decides: held against gate() itself. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { gate } from "../../src/gate/gate.js";
import type { SessionState } from "../../src/gate/session.js";
import { standing } from "../../src/gate/standing.js";
import type { Policy } from "../../src/gate/types.js";
import { addEntry } from "../../src/portfolio/entry_rate.js";
import { DAY_MS } from "../../src/portfolio/equity.js";
import { REASON } from "../../src/protocol/codes.js";
import { NOW_MS, policy, request, session, TIMEFRAME_MS, trades } from "./fixture.js";

const ACCOUNT = {
  drawdown: REASON.drawdown,
  drawdown_soft: REASON.drawdown_soft,
  daily_loss: REASON.daily_loss,
  weekly_loss: REASON.weekly_loss,
  loss_streak: REASON.loss_streak,
  entry_rate: REASON.entry_rate,
  barbell: REASON.barbell,
};
const OFF = {
  max_drawdown: null,
  max_daily_loss: null,
  max_weekly_loss: null,
  soft_drawdown: null,
  loss_streak_trades: null,
  max_entries: null,
  barbell_loss: null,
};
const WINDOWS = { drawdown_window_days: 5, soft_drawdown_window_days: 4, barbell_window_days: 3 };

const KEYS = {
  drawdown: "max_drawdown",
  drawdown_soft: "soft_drawdown",
  daily_loss: "max_daily_loss",
  weekly_loss: "max_weekly_loss",
  loss_streak: "loss_streak_trades",
  entry_rate: "max_entries",
  barbell: "barbell_loss",
} as const satisfies Record<keyof typeof ACCOUNT, keyof typeof OFF>;

/** What the gate says of an entry at a time, on a candle that has just closed. */
function reasonAt(state: SessionState, rules: Policy, now_ms: number): number {
  const verdict = gate(
    state,
    rules,
    request({ now_ms, candle_open_ms: now_ms - TIMEFRAME_MS, stake: 1e-9, min_stake: 0 }),
  );
  return verdict.would === "deny" ? verdict.reason : REASON.ok;
}

/** Hourly equity of up to forty days before now, ending with the newest. */
const histories = fc
  .array(fc.double({ min: 500, max: 1500, noNaN: true }), { minLength: 2, maxLength: 40 })
  .chain((equities) =>
    fc.integer({ min: 1, max: 24 }).map((hours) => {
      const first_ms = NOW_MS - (equities.length - 1) * hours * 3_600_000;
      return equities.map((equity, at) => [first_ms + at * hours * 3_600_000, equity] as const);
    }),
  );
const share = fc.option(fc.double({ min: 0.01, max: 0.9, noNaN: true }), { nil: null });

describe("standing", () => {
  it("denies when the gate does, and each denial ends when it says and not before", () => {
    const shares = fc.record({
      max_drawdown: share,
      max_daily_loss: share,
      max_weekly_loss: share,
      soft_drawdown: share,
      barbell_loss: share,
      loss_streak_trades: fc.option(fc.integer({ min: 2, max: 4 })),
      max_entries: fc.option(fc.integer({ min: 1, max: 4 })),
    });
    const hours = fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 6 });
    const profits = fc.array(fc.constantFrom(-0.1, -0.1, -0.1, 0.1), { maxLength: 6 });
    fc.assert(
      fc.property(histories, shares, hours, profits, (samples, limits, entered, closed) => {
        const equity = samples.at(-1)?.[1] ?? 0;
        const state = session(equity, [], samples);
        trades(state, closed);
        for (const ago of entered) {
          const at_ms = NOW_MS - ago * 3_600_000;
          addEntry(state.entries, { pair: "X/Y", side: "long", candle_open_ms: at_ms, at_ms });
        }
        const { denied } = standing(state, policy({ ...limits, ...WINDOWS }), NOW_MS);
        const first = reasonAt(state, policy({ ...limits, ...WINDOWS }), NOW_MS);
        expect(denied.length > 0).toBe(Object.values<number>(ACCOUNT).includes(first));
        for (const { reason, until_ms } of denied) {
          const key = KEYS[reason as keyof typeof ACCOUNT];
          const alone = policy({ ...OFF, [key]: limits[key], ...WINDOWS });
          expect(until_ms).not.toBeNull();
          expect(reasonAt(state, alone, (until_ms ?? 0) - 1)).toBe(ACCOUNT[reason as keyof typeof ACCOUNT]);
          expect(reasonAt(state, alone, until_ms ?? 0)).toBe(REASON.ok);
        }
      }),
      { numRuns: 1000 },
    );
  });

  it("gives the numbers the limits are held against", () => {
    const samples = [
      [NOW_MS - 2 * DAY_MS, 1000],
      [NOW_MS - 2 * DAY_MS + 1, 1000],
      [NOW_MS - DAY_MS, 950],
      [NOW_MS, 900],
    ] as const;
    const state = session(900, [["AAA/BBB", "long", 300, 2, "open"]], samples);
    const stands = standing(state, policy({ max_drawdown: 0.2, max_daily_loss: 0.1, max_gross_exposure: 5 }), NOW_MS);
    expect(stands).toMatchObject({
      status: "ACTIVE",
      equity: 900,
      drawdown: { value: 0.1, limit: 0.2 },
      high_water_mark: 1000,
      exposure: { value: 600 / 900, limit: 5 },
      denied: [],
    });
    expect(stands.daily_loss.value).toBeCloseTo(50 / 950, 12);
  });

  it("knows the switch but no limits of a session nobody has connected to, and none in analysis", () => {
    const state = session(
      500,
      [],
      [
        [NOW_MS - 1000, 1000],
        [NOW_MS - 500, 1000],
        [NOW_MS, 500],
      ],
    );
    state.manual = { status: "HALTED", until_ms: NOW_MS + 1, by: "me", why: "test" };
    expect(standing(state, null, NOW_MS)).toMatchObject({
      by: "me",
      drawdown: { value: null, limit: null },
      denied: [{ reason: "halted", until_ms: NOW_MS + 1 }],
    });
    const rules = policy({ max_drawdown: 0.1 }, { portfolio_limits: false });
    expect(standing(state, rules, NOW_MS + 1)).toMatchObject({ status: "ACTIVE", by: "", why: "", denied: [] });
  });
});
