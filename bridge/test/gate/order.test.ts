/** The list of limits: its order, and that no two read one setting. */
import { describe, expect, it } from "vitest";
import { LIMIT_DEFAULTS, LimitsSchema } from "../../src/config/limits_schema.js";
import { gate } from "../../src/gate/gate.js";
import { LIMITS } from "../../src/gate/limits/order.js";
import { applyEvent } from "../../src/gate/session.js";
import type { Limits, Policy } from "../../src/gate/types.js";
import { REASON } from "../../src/protocol/codes.js";
import { ask, confirmed, DAY0, NOW_MS, policy, request, session, trades } from "./fixture.js";

/** Every limit on, and every one of them denies: reasons in order. */
const ALL: Limits = {
  ...LIMIT_DEFAULTS,
  max_drawdown: 0.1,
  max_daily_loss: 0.1,
  max_weekly_loss: 0.1,
  loss_streak_trades: 2,
  max_entries: 1,
  max_rate_deviation: 0.1,
  soft_drawdown: 0.1,
  max_gross_exposure: 0.1,
  max_net_exposure: 0.1,
  max_pair_exposure: 0.1,
  max_side_positions: 1,
  max_cluster_exposure: 0.1,
  max_trade_loss: 0.1,
  max_book_loss: 0.1,
  max_book_es: 0.1,
  liquidation_guard: 1,
  kelly_fraction: 0.5,
  kelly_drawdown: 0.5,
  barbell_loss: 0.1,
};
const IN_ORDER = [
  ["max_drawdown", REASON.drawdown],
  ["max_daily_loss", REASON.daily_loss],
  ["max_weekly_loss", REASON.weekly_loss],
  ["loss_streak_trades", REASON.loss_streak],
  ["max_entries", REASON.entry_rate],
  ["max_rate_deviation", REASON.price_collar],
  ["soft_drawdown", REASON.drawdown_soft],
  ["max_gross_exposure", REASON.exposure_gross],
  ["max_net_exposure", REASON.exposure_net],
  ["max_pair_exposure", REASON.exposure_pair],
  ["max_side_positions", REASON.side_positions],
  ["max_cluster_exposure", REASON.exposure_cluster],
  ["max_trade_loss", REASON.trade_loss],
  ["max_book_loss", REASON.book_loss],
  ["max_book_es", REASON.book_es],
  ["liquidation_guard", REASON.liquidation],
  ["kelly_fraction", REASON.kelly],
  ["barbell_loss", REASON.barbell],
] as const;

function worst() {
  const state = session(1000, [], []);
  ask(state, policy(), request({ pair: "X/Y", stage: "final" }));
  applyEvent(state, {
    type: "portfolio",
    session: "s",
    snapshot_seq: 9,
    at_ms: NOW_MS,
    equity: 500,
    samples: [...confirmed(DAY0, 1000)],
    positions: [
      ["AAA/BBB", "long", 500, 3, "open"],
      ["C/D", "long", 500, 3, "pending"],
    ],
  });
  trades(
    state,
    Array.from({ length: 40 }, () => -0.5),
  );
  return state;
}

describe("the limits", () => {
  it("bind in their order: of all that deny the first is told, and without it the next", () => {
    const state = worst();
    const asked = request({ leverage: 3, rate: Number.NaN });
    const limits: Record<string, number | null> = { ...ALL };
    for (const [key, reason] of IN_ORDER) {
      expect(gate(state, policy(limits as unknown as Limits), asked)).toMatchObject({ decision: "deny", reason });
      limits[key] = null;
    }
    expect(gate(state, policy(limits as unknown as Limits), asked).decision).toBe("allow");
  });

  it("come after the manual switch, the numbers, the age and the candle's verdict", () => {
    const state = worst();
    applyEvent(state, { type: "control", session: "s", status: "HALTED", until_ms: null, by: "me", why: "test" });
    const bad = request({ stake: Number.NaN, candle_open_ms: 0, candle_size: 0, candle_reason: REASON.jump });
    expect(gate(state, policy(ALL), bad).reason).toBe(REASON.halted);
    expect(gate(worst(), policy(ALL), bad).reason).toBe(REASON.bad_stake);
    expect(gate(worst(), policy(ALL), { ...bad, stake: 1 }).reason).toBe(REASON.stale);
    const fresh = request({ candle_size: 0, candle_reason: REASON.jump });
    expect(gate(worst(), policy(ALL), fresh).reason).toBe(REASON.jump);
  });

  it("are all in the table above, every setting is read, and none by two limits", () => {
    const readers = new Map<string, number[]>();
    LIMITS.forEach((limit, index) => {
      const read = new Set<string>();
      const limits = new Proxy(ALL, {
        get: (target, key, receiver) => {
          read.add(String(key));
          return Reflect.get(target, key, receiver);
        },
      });
      const spied: Policy = { ...policy(ALL), limits };
      limit(worst(), spied, request({ leverage: 3 }), 100, null);
      for (const key of read) readers.set(key, [...(readers.get(key) ?? []), index]);
    });
    expect([...readers].filter(([, by]) => by.length > 1)).toEqual([]);
    expect([...readers.keys()].sort()).toEqual(Object.keys(LimitsSchema.properties).sort());
    expect(IN_ORDER).toHaveLength(LIMITS.length - 7);
  });
});
