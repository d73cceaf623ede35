/** The markets a stub exchange offers. */

/** One spot market. Sizes are decimal strings, as exchanges send them. */
export interface Market {
  /** As freqtrade writes it, e.g. `ALFA/USDT`. */
  readonly pair: string;
  /** As the exchange writes it, e.g. `ALFAUSDT`. */
  readonly symbol: string;
  readonly base: string;
  readonly quote: string;
  /** Price step, quote per base. */
  readonly tick_size: string;
  /** Amount step, base. */
  readonly step_size: string;
  /** Smallest order value, quote. */
  readonly min_notional: string;
}

/** An option the stub cannot start with; the message names it. */
export class BadOption extends Error {}

const PAIR = /^([A-Z0-9]{1,16})\/([A-Z0-9]{1,16})$/;
/** More than any demo or test needs; a bound on what one request can return. */
export const MAX_MARKETS = 500;

/**
 * @param pair e.g. `ALFA/USDT`
 * @param tick_size price step; the default is fine enough for any pair, so that backtests on real candles are not rounded
 * @throws BadOption when it is not a spot pair
 */
export function market(pair: string, tick_size = "0.00000001"): Market {
  const match = PAIR.exec(pair);
  const base = match?.[1];
  const quote = match?.[2];
  if (base === undefined || quote === undefined)
    throw new BadOption(`"${pair}" is not a spot pair: write BASE/QUOTE in capitals, e.g. BTC/USDT`);
  return { pair, symbol: base + quote, base, quote, tick_size, step_size: "0.00000001", min_notional: "5" };
}

/** @throws BadOption on no pairs, too many, or one twice */
export function marketsOf(pairs: readonly string[]): readonly Market[] {
  if (pairs.length === 0) throw new BadOption("no pairs: name at least one, e.g. --pairs ALFA/USDT");
  if (pairs.length > MAX_MARKETS) throw new BadOption(`${pairs.length} pairs: at most ${MAX_MARKETS} are offered`);
  const markets = pairs.map((pair) => market(pair));
  const symbols = new Set<string>();
  for (const { symbol, pair } of markets) {
    if (symbols.has(symbol)) throw new BadOption(`pair ${pair} is named twice`);
    symbols.add(symbol);
  }
  return markets;
}
