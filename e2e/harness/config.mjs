/** freqtrade's configuration for runs without a network: the loopback exchange, a dry wallet, the bridge's block. */

import { loopbackExchange } from "../../demo/dist/loopback-exchange.js";

/**
 * @typedef {object} ConfigOptions
 * @property {string} user_data_dir
 * @property {readonly string[]} pairs
 * @property {string} exchange base URL of the loopback exchange, e.g. `http://127.0.0.1:4000`
 * @property {Readonly<Record<string, unknown>>} risk_bridge
 */

/**
 * @param {ConfigOptions} options
 * @returns {Record<string, unknown>} what belongs into config.json
 */
export function freqtradeConfig(options) {
  const { exchange, pairs } = options;
  return {
    max_open_trades: pairs.length,
    stake_currency: "USDT",
    stake_amount: 1000,
    tradable_balance_ratio: 0.99,
    dry_run: true,
    dry_run_wallet: 10_000,
    ...tradingMode(pairs),
    user_data_dir: options.user_data_dir,
    entry_pricing: { price_side: "other", use_order_book: true, order_book_top: 1 },
    exit_pricing: { price_side: "other", use_order_book: true, order_book_top: 1 },
    exchange: loopbackExchange(exchange, pairs),
    pairlists: [{ method: "StaticPairList" }],
    initial_state: "running",
    internals: { process_throttle_secs: 1 },
    risk_bridge: options.risk_bridge,
  };
}

/** Perpetuals (`BTC/USDT:USDT`) are traded with isolated margin. @param {readonly string[]} pairs */
function tradingMode(pairs) {
  return pairs.some((pair) => pair.includes(":"))
    ? { trading_mode: "futures", margin_mode: "isolated" }
    : { trading_mode: "spot" };
}
