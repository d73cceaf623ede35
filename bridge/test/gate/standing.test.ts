/** How a session is said to stand, and when a denial is said to end, must be what the gate decides: held against gate() itself. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { gate } from "../../src/gate/gate.js";
import type { SessionState } from "../../src/gate/session.js";
import { standing } from "../../src/gate/standing.js";
import type { Policy } from "../../src/gate/types.js";
import { DAY_MS } from "../../src/portfolio/equity.js";
import { REASON } from "../../src/protocol/codes.js";
import { NOW_MS, policy, request, session, TIMEFRAME_MS } from "./fixture.js";

const ACCOUNT = { drawdown: REASON.drawdown, drawdown_soft: REASON.drawdown_soft, daily_loss: REASON.daily_loss };

/** What the gate says of an entry at a time, on a candle that has just closed. */
function reasonAt(state: SessionState, rules: Policy, now_ms: number): number {
  const verdict = gate(state, rules, request({ now_ms, candle_open_ms: now_ms - TIMEFRAME_MS, min_stake: 0 }));
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
    fc.assert(
      fc.property(histories, share, share, share, (samples, max_drawdown, max_daily_loss, soft_drawdown) => {
        const equity = samples.at(-1)?.[1] ?? 0;
        const state = session(equity, [], samples);
        const all = policy({ max_drawdown, max_daily_loss, soft_drawdown, drawdown_window_days: 5 });
        const { denied } = standing(state, all, NOW_MS);
        const first = reasonAt(state, all, NOW_MS);
        expect(denied.length > 0).toBe(Object.values<number>(ACCOUNT).includes(first));
        for (const { reason, until_ms } of denied) {
          const code = ACCOUNT[reason as keyof typeof ACCOUNT];
          const off = { max_drawdown: null, max_daily_loss: null, soft_drawdown: null };
          const limit = {
            drawdown: { max_drawdown },
            daily_loss: { max_daily_loss },
            drawdown_soft: { soft_drawdown },
          };
          const alone = policy({ ...off, ...limit[reason as keyof typeof limit], drawdown_window_days: 5 });
          expect(until_ms).not.toBeNull();
          expect(reasonAt(state, alone, (until_ms ?? 0) - 1)).toBe(code);
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
