/** Candles of independent normal returns: what a jump, a quantile and a share are on them is known from theory. */
import { uniform } from "../../src/replay/statistics/random.js";

const STEPS = 16;
const SIGMA = 0.004;

/** @returns rows [ms, open, high, low, close, volume] of 5 minutes each, each walked in steps so that highs and lows are a walk's */
export function calmMarket(seed: number, rows: number, from_ms: number): number[][] {
  const random = uniform(seed);
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  let price = 100;
  return Array.from({ length: rows }, (_, row) => {
    const open = price;
    let [high, low] = [open, open];
    for (let step = 0; step < STEPS; step++) {
      price *= Math.exp((SIGMA / Math.sqrt(STEPS)) * normal());
      high = Math.max(high, price);
      low = Math.min(low, price);
    }
    return [from_ms + row * 300_000, open, high, low, price, 1000 + 100 * random()];
  });
}
