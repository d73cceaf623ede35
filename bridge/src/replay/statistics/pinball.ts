/** Mean pinball loss of quantile forecasts (Koenker & Bassett 1978): the proper score of a quantile, least in expectation for the true one. */

/**
 * @param losses outcomes
 * @param quantiles forecasts of the value exceeded with probability `probability`, same length
 */
export function pinball(losses: Float64Array, quantiles: Float64Array, probability: number): number {
  let sum = 0;
  for (let t = 0; t < losses.length; t++) {
    const beyond = (losses[t] ?? Number.NaN) - (quantiles[t] ?? Number.NaN);
    sum += beyond > 0 ? (1 - probability) * beyond : -probability * beyond;
  }
  return sum / losses.length;
}
