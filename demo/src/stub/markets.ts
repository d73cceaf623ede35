/** The markets a stub exchange offers. */

/** One spot or perpetual market. Sizes are decimal strings, as exchanges send them. */
export interface Market {
  /** As freqtrade writes it, e.g. `ALFA/USDT`, or `BTC/USDT:USDT` for a perpetual. */
  readonly pair: string;
  /** As the exchange writes it, e.g. `ALFAUSDT`. */
  readonly symbol: string;
  readonly base: string;
  readonly quote: string;
  readonly perpetual: boolean;
  /** Price step, quote per base. */
  readonly tick_size: string;
  /** Amount step, base. */
  readonly step_size: string;
  /** Smallest order value, quote. */
  readonly min_notional: string;
}

/** An option the stub cannot start with; the message names it. */
export class BadOption extends Error {}

const PAIR = /^([A-Z0-9]{1,16})\/([A-Z0-9]{1,16})(:\2)?$/;
/** More than any demo or test needs; a bound on what one request can return. */
export const MAX_MARKETS = 500;

/**
 * @param pair e.g. `ALFA/USDT`
 * @param tick_size price step; the default is fine enough for any pair, so that backtests on real candles are not rounded
 * @throws BadOption when it is neither a spot pair nor a perpetual
 */
export function market(pair: string, tick_size = "0.00000001"): Market {
  const match = PAIR.exec(pair);
  const base = match?.[1];
  const quote = match?.[2];
  if (base === undefined || quote === undefined)
    throw new BadOption(
      `"${pair}" is no pair: write BASE/QUOTE in capitals, e.g. BTC/USDT, or BASE/QUOTE:QUOTE for a perpetual`,
    );
  const perpetual = match?.[3] !== undefined;
  return { pair, symbol: base + quote, base, quote, perpetual, tick_size, step_size: "0.00000001", min_notional: "5" };
}

/** @throws BadOption on no pairs, too many, or one twice */
export function marketsOf(pairs: readonly string[]): readonly Market[] {
  if (pairs.length === 0) throw new BadOption("no pairs: name at least one, e.g. --pairs ALFA/USDT");
  if (pairs.length > MAX_MARKETS) throw new BadOption(`${pairs.length} pairs: at most ${MAX_MARKETS} are offered`);
  const markets = pairs.map((pair) => market(pair));
  const seen = new Set<string>();
  for (const { symbol, perpetual, pair } of markets) {
    const key = `${symbol} ${perpetual}`;
    if (seen.has(key)) throw new BadOption(`pair ${pair} is named twice`);
    seen.add(key);
  }
  return markets;
}
