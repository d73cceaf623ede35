/** Held against freqtrade's own numbers (protocol/make-liquidation.py). */
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Side } from "../../src/gate/types.js";
import { largestLeverage, liquidationDistance, liquidationPrice } from "../../src/portfolio/liquidation.js";

interface Golden {
  readonly exchange: string;
  readonly side: Side;
  readonly entry: number;
  readonly stake: number;
  readonly leverage: number;
  readonly mm_rate: number;
  readonly mm_amount: number;
  readonly liquidation_buffer: number;
  readonly price: number;
  readonly distance: number;
}
const goldens: Golden[] = JSON.parse(
  readFileSync(new URL("../../../protocol/vectors/liquidation.json", import.meta.url), "utf8"),
);

describe("liquidation", () => {
  it.each(goldens)("$exchange $side at leverage $leverage, rate $mm_rate, amount $mm_amount", (golden) => {
    const { side, entry, stake, leverage, liquidation_buffer: buffer } = golden;
    const maintenance = { rate: golden.mm_rate, amount: golden.mm_amount };
    expect(liquidationPrice(side, entry, stake, leverage, maintenance)).toBeCloseTo(golden.price, 6);
    expect(liquidationDistance(side, stake, leverage, maintenance, buffer)).toBeCloseTo(golden.distance, 12);
    expect(largestLeverage(side, stake, golden.distance, maintenance, buffer)).toBeCloseTo(leverage, 9);
  });

  it("is as far as asked at the largest leverage, nearer above, and never farther with more leverage", () => {
    const share = (min: number, max: number) => fc.double({ min, max, noNaN: true });
    fc.assert(
      fc.property(
        fc.constantFrom<Side>("long", "short"),
        share(1, 1e6),
        share(0.001, 0.9),
        share(0, 0.1),
        share(0, 100),
        share(0, 0.5),
        (side, stake, distance, rate, amount, buffer) => {
          const maintenance = { rate, amount };
          const most = largestLeverage(side, stake, distance, maintenance, buffer);
          const at = (leverage: number) => liquidationDistance(side, stake, leverage, maintenance, buffer);
          expect(at(most)).toBeCloseTo(distance, 9);
          expect(at(most * 1.01)).toBeLessThan(distance);
          expect(at(most * 0.99)).toBeGreaterThan(distance);
        },
      ),
      { numRuns: 1000, seed: 7 },
    );
  });
});
