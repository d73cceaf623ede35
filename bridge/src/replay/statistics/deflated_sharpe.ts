/**
 * What is a Sharpe ratio worth that was picked as the best of several? Bailey & López de Prado (2014), *The Deflated Sharpe Ratio*, Journal of
 * Portfolio Management 40(5):94–107. All ratios per observation, not annualised.
 */
import { normalCdf, normalQuantile } from "./normal.js";

const EULER_MASCHERONI = 0.5772156649015329;

export interface Moments {
  readonly observations: number;
  readonly sharpe: number;
  readonly skewness: number;
  /** 3 for a normal distribution. */
  readonly kurtosis: number;
}

/** Moments of a series of returns; null when it has fewer than three values or does not vary. */
export function moments(returns: Float64Array): Moments | null {
  const n = returns.length;
  const mean = returns.reduce((sum, value) => sum + value, 0) / n;
  let [m2, m3, m4] = [0, 0, 0];
  for (const value of returns) {
    const d = value - mean;
    m2 += d * d;
    m3 += d ** 3;
    m4 += d ** 4;
  }
  if (n < 3 || !(m2 > 0)) return null;
  const variance = m2 / n;
  return {
    observations: n,
    sharpe: mean / Math.sqrt(variance),
    skewness: m3 / n / variance ** 1.5,
    kurtosis: m4 / n / variance ** 2,
  };
}

/**
 * The Sharpe ratio that the best of so many trials is expected to show though none has any worth.
 * @param variance of the Sharpe ratios of the trials
 */
export function expectedBestSharpe(trials: number, variance: number): number {
  if (trials <= 1) return 0;
  const at = normalQuantile(1 - 1 / trials);
  const beyond = normalQuantile(1 - 1 / (trials * Math.E));
  return Math.sqrt(variance) * ((1 - EULER_MASCHERONI) * at + EULER_MASCHERONI * beyond);
}

/** Probability that the true Sharpe ratio is above `threshold`, for the observed length, skewness and kurtosis. */
export function probabilisticSharpe(observed: Moments, threshold: number): number {
  const { observations, sharpe, skewness, kurtosis } = observed;
  const spread = 1 - skewness * sharpe + ((kurtosis - 1) / 4) * sharpe * sharpe;
  return normalCdf(((sharpe - threshold) * Math.sqrt(observations - 1)) / Math.sqrt(Math.max(spread, Number.EPSILON)));
}
