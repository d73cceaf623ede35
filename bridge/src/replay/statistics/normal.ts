/** The standard normal distribution. */
import { chiSquareTail } from "./chi_square.js";

/** P(Z ≤ x). By way of χ² with one degree of freedom, which Z² has, so that both tails keep their relative precision. */
export function normalCdf(x: number): number {
  const tail = chiSquareTail(x * x, 1) / 2;
  return x < 0 ? tail : 1 - tail;
}

/** The x with P(Z ≤ x) = p, for p in (0, 1), by bisection: slow, exact to rounding, and asked for a few times per report. */
export function normalQuantile(p: number): number {
  if (p > 0.5) return -normalQuantile(1 - p);
  let [low, high] = [-38, 0];
  for (let step = 0; step < 70; step++) {
    const middle = (low + high) / 2;
    if (normalCdf(middle) < p) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
