/**
 * Is the mean loss beyond VaR what the expected shortfall promised? Acerbi & Szekely (2014), *Backtesting Expected Shortfall*, Risk 27(11), second test:
 * Z₂ = 1 − Σ Lₜ·[Lₜ > VaRₜ] / (T·p·ESₜ). 0 is expected; below it losses were larger or more frequent than promised.
 */

/** Z₂ below which the forecast is doubtful at about 5 %, whatever the tail (T = 250, p = 2.5 %; the more forecasts, the stricter it could be). */
export const Z2_DOUBTFUL = -0.7;

/**
 * @param losses of each forecast's candle, same length as the others
 * @param vars VaR forecasts
 * @param shortfalls ES forecasts, above 0
 * @param probability of exceeding VaR, in (0, 1)
 */
export function z2(losses: Float64Array, vars: Float64Array, shortfalls: Float64Array, probability: number): number {
  let sum = 0;
  for (let t = 0; t < losses.length; t++) {
    const loss = losses[t] ?? Number.NaN;
    if (loss > (vars[t] ?? Number.NaN)) sum += loss / (shortfalls[t] ?? Number.NaN);
  }
  return 1 - sum / (losses.length * probability);
}
