/**
 * Was a level exceeded as often as it promised? Kupiec (1995), *Techniques for Verifying the Accuracy of Risk Measurement Models*, Journal of
 * Derivatives 3(2):73–84: likelihood ratio of the promised probability against the observed share, χ² with one degree of freedom.
 */
import { chiSquareTail } from "./chi_square.js";

export interface TestResult {
  /** Likelihood ratio. */
  readonly lr: number;
  /** Probability of one at least as large if the forecast is right. */
  readonly p_value: number;
}

/**
 * @param exceedances x of `forecasts` that were exceeded
 * @param forecasts T > 0
 * @param probability promised, in (0, 1)
 */
export function kupiec(exceedances: number, forecasts: number, probability: number): TestResult {
  const share = exceedances / forecasts;
  const kept = forecasts - exceedances;
  const promised = times(kept, 1 - probability) + times(exceedances, probability);
  const observed = times(kept, 1 - share) + times(exceedances, share);
  const lr = Math.max(0, 2 * (observed - promised));
  return { lr, p_value: chiSquareTail(lr, 1) };
}

/** n · ln p, 0 for n = 0 whatever p is: the log-likelihood of n outcomes of probability p. */
export function times(n: number, p: number): number {
  return n === 0 ? 0 : n * Math.log(p);
}
