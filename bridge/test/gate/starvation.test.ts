import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Asked, newAskedBook, remember } from "../../src/gate/asked.js";
import { atLeast, starvation } from "../../src/gate/starvation.js";
import { REASON } from "../../src/protocol/codes.js";

/** A book of candidates, oldest first; null: allowed, else the reason and measure of a denial. */
function book(answers: readonly (readonly [reason: number, value: number] | null)[]) {
  const made = newAskedBook();
  answers.forEach((answer, i) => {
    const [reason, value] = answer ?? [REASON.ok, Number.NaN];
    const candidate = { pair: `P${i % 37}/X`, side: "long", kind: "entry", candle_open_ms: i * 60_000 } as const;
    const asked: Asked = {
      candidate,
      first_stake: 1,
      ceiling: answer === null ? 1 : 0,
      denied: answer !== null,
      reason,
      value,
      limit: answer === null ? Number.NaN : 0.2,
    };
    remember(made, asked);
  });
  return made;
}
const some = (denied: number, n: number) => book(Array.from({ length: n }, (_, i) => (i < denied ? [35, 0.3] : null)));

describe("starvation", () => {
  it("has the binomial's tail", () => {
    // scipy.stats.binom.sf(k - 1, n, p).
    expect(atLeast(0, 200, 0.125)).toBe(1);
    expect(atLeast(40, 200, 0.125)).toBeCloseTo(0.0017644476377, 12);
    expect(atLeast(41, 200, 0.125)).toBeCloseTo(0.0009525966281, 12);
    expect(atLeast(20, 20, 0.21) / 2.7821843e-14).toBeCloseTo(1, 1);
  });

  it("alarms from the first number of denials that chance gives in fewer than one case in a thousand", () => {
    expect(starvation(some(40, 200), 0.125)).toBeNull();
    expect(starvation(some(41, 200), 0.125)).toMatchObject({ candidates: 200, denied: 41 });
    expect(starvation(some(19, 19), 0.125)).toBeNull();
    expect(starvation(some(20, 20), 0.125)).not.toBeNull();
  });

  it("looks at the newest 200 only", () => {
    const old = Array.from({ length: 150 }, () => [35, 0.3] as const);
    expect(starvation(book([...old, ...Array.from({ length: 200 }, () => null)]), 0.125)).toBeNull();
  });

  it("names the most frequent reasons, with the level at which half would pass", () => {
    const denied = [0.5, 0.3, 0.4, 0.21, 0.22].map((value) => [REASON.drawdown, value] as const);
    const halted = Array.from({ length: 30 }, () => [REASON.halted, Number.NaN] as const);
    expect(starvation(book([...denied, ...halted]), 0.125)?.by).toEqual([
      { reason: "halted", denied: 30, half_at: null, limit: 0.2 },
      { reason: "drawdown", denied: 5, half_at: 0.3, limit: 0.2 },
    ]);
  });

  it("does not cease for one more denial", () => {
    fc.assert(
      fc.property(fc.integer({ min: 20, max: 200 }), fc.nat(), (n, of) => {
        const denied = of % n;
        if (starvation(some(denied, n), 0.125) !== null) expect(starvation(some(denied + 1, n), 0.125)).not.toBeNull();
      }),
      { numRuns: 200, seed: 7 },
    );
  });
});
