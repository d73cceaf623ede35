/** The `exchange` block that makes un-patched freqtrade talk to the loopback stub, and to nothing else. */

/**
 * @param url base of the stub, e.g. `http://127.0.0.1:4000`
 * @param pairs what the bot may trade: all spot, or all perpetuals
 */
export function loopbackExchange(url: string, pairs: readonly string[]): Record<string, unknown> {
  const types = [pairs.some((pair) => pair.includes(":")) ? "linear" : "spot"];
  return {
    name: "binance",
    key: "",
    secret: "",
    enable_ws: false,
    pair_whitelist: pairs,
    ccxt_config: {
      enableRateLimit: false,
      options: { fetchMarkets: { types }, fetchCurrencies: false, adjustForTimeDifference: false },
      urls: {
        api: {
          public: `${url}/api/v3`,
          private: `${url}/api/v3`,
          fapiPublic: `${url}/fapi/v1`,
          fapiPublicV2: `${url}/fapi/v1`,
          fapiPrivate: `${url}/fapi/v1`,
          dapiPublic: `${url}/dapi/v1`,
        },
      },
    },
  };
}
