/** How good are forecast probabilities of an event? Brier (1950), *Verification of Forecasts Expressed in Terms of Probability*, and the reliability line. */

export interface Reliability {
  readonly forecasts: number;
  /** Share of forecasts whose event came. */
  readonly base_rate: number;
  readonly mean_forecast: number;
  /** Mean squared error of the probabilities. */
  readonly brier: number;
  /** 1 − Brier score over that of the constant `base_rate`: above 0 the forecasts beat a climatology that knows the whole span; null if the event came always or never. */
  readonly skill: number | null;
  /** Slope of the outcomes on the forecasts by least squares: 1 is reliable, below 1 the forecasts differ more than what comes; null for constant forecasts. */
  readonly slope: number | null;
}

/**
 * @param forecasts probabilities in [0, 1]
 * @param happened 1 where the event came, else 0; same length, not empty
 */
export function reliability(forecasts: Float64Array, happened: Uint8Array): Reliability {
  const n = forecasts.length;
  let [sumP, sumY, sumPP, sumPY] = [0, 0, 0, 0];
  for (let t = 0; t < n; t++) {
    const p = forecasts[t] ?? Number.NaN;
    const y = happened[t] ?? 0;
    sumP += p;
    sumY += y;
    sumPP += p * p;
    sumPY += p * y;
  }
  const [meanP, base] = [sumP / n, sumY / n];
  const brier = (sumPP - 2 * sumPY + sumY) / n;
  const uncertainty = base * (1 - base);
  const variance = sumPP / n - meanP * meanP;
  return {
    forecasts: n,
    base_rate: base,
    mean_forecast: meanP,
    brier,
    skill: uncertainty > 0 ? 1 - brier / uncertainty : null,
    slope: variance > 1e-15 ? (sumPY / n - meanP * base) / variance : null,
  };
}
