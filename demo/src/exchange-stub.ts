/**
 * A loopback stand-in for Binance's public REST API, spot and perpetual futures, so that un-patched freqtrade runs without a network.
 * Backtests only ask for the markets; `freqtrade trade` in dry-run also for the time, candles, the order book, tickers and funding.
 */

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { candleAt, INTERVALS, type KlineQuery, klineRow, MAX_CANDLES, openTimes } from "./stub/candles.js";
import { BadOption, type Market, marketsOf } from "./stub/markets.js";
import { pairSeed, priceAt, STEP_MS } from "./stub/price.js";

export interface StubOptions {
  readonly pairs: readonly string[];
  /** Of the live candles. */
  readonly seed?: number;
  /** Loopback address to bind. */
  readonly host?: string;
  /** 0: any free one. */
  readonly port?: number;
  /** ms since 1970. */
  readonly clock?: () => number;
  /** Which candles a pair has, by opening time in ms; default: every one. For pairs listed lately, and for outages. */
  readonly has?: (pair: string, open_ms: number) => boolean;
}

export interface Stub {
  readonly port: number;
  /** e.g. `http://127.0.0.1:40123` */
  readonly url: string;
  close(): Promise<void>;
}

const LOOPBACK = new Set(["127.0.0.1", "::1", "localhost"]);
const MAX_CONNECTIONS = 128;
const DAY_MS = 86_400_000;
const BOOK_LEVELS = [5, 10, 20, 50, 100, 500, 1000, 5000];
/** Half the bid–ask spread, relative: one basis point in all. */
const HALF_SPREAD = 0.00005;
/** How often, and how much, longs pay shorts. */
const FUNDING_MS = 8 * 3_600_000;
const FUNDING_RATE = "0.00010000";

/** An answer other than 200, in Binance's form. */
class ApiError extends Error {
  constructor(
    readonly http_status: number,
    readonly code: number,
    message: string,
  ) {
    super(message);
  }
}

/**
 * Starts the stub.
 * @throws BadOption on an address that is not this machine's own or on bad pairs; the system's error when the port is taken
 */
export async function startStub(options: StubOptions): Promise<Stub> {
  const host = options.host ?? "127.0.0.1";
  if (!LOOPBACK.has(host))
    throw new BadOption(`the exchange stub serves this machine only: host ${host} is not 127.0.0.1, ::1 or localhost`);
  const exchange = new Exchange(marketsOf(options.pairs), { seed: 1, clock: Date.now, has: () => true, ...options });
  const server = createServer((request, response) => {
    answer(exchange, request, response);
  });
  server.maxConnections = MAX_CONNECTIONS;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port ?? 0, host, resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: `http://${host.includes(":") ? `[${host}]` : host}:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function answer(exchange: Exchange, request: IncomingMessage, response: ServerResponse): void {
  let status = 200;
  let body: unknown;
  try {
    if (request.method !== "GET") throw new ApiError(405, -1000, `${request.method} is not offered: GET only`);
    const url = new URL(request.url ?? "/", "http://stub");
    body = exchange.get(url.pathname, url.searchParams);
  } catch (error) {
    status = error instanceof ApiError ? error.http_status : 500;
    const code = error instanceof ApiError ? error.code : -1000;
    body = { code, msg: error instanceof Error ? error.message : String(error) };
  }
  const text = JSON.stringify(body);
  response.writeHead(status, { "content-type": "application/json", "content-length": Buffer.byteLength(text) });
  response.end(text);
}

type Query = URLSearchParams;
type Settings = Required<Pick<StubOptions, "seed" | "clock" | "has">>;

/** The answers, without HTTP. */
class Exchange {
  private readonly spot: Desk;
  private readonly futures: Desk;

  constructor(
    markets: readonly Market[],
    private readonly settings: Settings,
  ) {
    const of = (wanted: boolean) => markets.filter(({ perpetual }) => perpetual === wanted);
    this.spot = new Desk(of(false), settings);
    this.futures = new Desk(of(true), settings);
  }

  /** @throws ApiError */
  get(path: string, query: Query): unknown {
    const { desk, name } = /^\/(?<desk>api\/v3|fapi\/v1|dapi\/v1)\/(?<name>.+)$/.exec(path)?.groups ?? {};
    if (desk === "dapi/v1" && name === "exchangeInfo") return exchangeInfo([], this.settings.clock());
    const one = desk === "api/v3" ? this.spot : desk === "fapi/v1" ? this.futures : undefined;
    const answer = one?.get(name ?? "", query);
    if (answer === undefined) throw new ApiError(404, -1000, `the exchange stub does not offer ${path}`);
    return answer;
  }
}

/** What is asked under one base path: spot pairs or perpetuals. */
class Desk {
  private readonly bySymbol: ReadonlyMap<string, Market>;
  private readonly seed: number;
  private readonly clock: Settings["clock"];
  private readonly has: Settings["has"];

  constructor(
    private readonly markets: readonly Market[],
    { seed, clock, has }: Settings,
  ) {
    this.bySymbol = new Map(markets.map((market) => [market.symbol, market]));
    this.seed = seed;
    this.clock = clock;
    this.has = has;
  }

  /** @returns undefined where nothing of that name is offered. @throws ApiError */
  get(name: string, query: Query): unknown {
    switch (name) {
      case "ping":
        return {};
      case "time":
        return { serverTime: this.clock() };
      case "exchangeInfo":
        return exchangeInfo(
          this.markets.map((market) => (market.perpetual ? perpetualSymbol(market) : spotSymbol(market))),
          this.clock(),
        );
      case "klines":
      case "markPriceKlines":
        return this.klines(query);
      case "fundingRate":
        return this.fundingRates(query);
      case "premiumIndex":
        return this.tickers(query, (market) => this.premium(market));
      case "depth":
        return this.depth(query);
      case "ticker/24hr":
        return this.tickers(query, (market) => this.dayTicker(market));
      case "ticker/bookTicker":
        return this.tickers(query, (market) => this.bookTicker(market));
      case "ticker/price":
        return this.tickers(query, (market) => ({ symbol: market.symbol, price: decimal(this.price(market)) }));
      default:
        return undefined;
    }
  }

  private klines(query: Query): unknown {
    const market = this.market(query.get("symbol"));
    const interval_ms = INTERVALS.get(query.get("interval") ?? "");
    if (interval_ms === undefined)
      throw new ApiError(400, -1120, `Invalid interval. The exchange stub offers ${[...INTERVALS.keys()].join(", ")}.`);
    const asked: KlineQuery = {
      interval_ms,
      start_ms: integer(query, "startTime", 0, Number.MAX_SAFE_INTEGER),
      end_ms: integer(query, "endTime", 0, Number.MAX_SAFE_INTEGER),
      limit: integer(query, "limit", 1, MAX_CANDLES),
    };
    const now_ms = this.clock();
    return openTimes(asked, now_ms)
      .filter((open_ms) => this.has(market.pair, open_ms))
      .map((open_ms) => klineRow(candleAt(this.seed, market.pair, open_ms, interval_ms, now_ms), interval_ms));
  }

  private fundingRates(query: Query): unknown {
    const market = this.market(query.get("symbol"));
    const now_ms = this.clock();
    const start_ms = integer(query, "startTime", 0, Number.MAX_SAFE_INTEGER) ?? now_ms - DAY_MS;
    const limit = integer(query, "limit", 1, MAX_CANDLES) ?? 100;
    const first_ms = Math.ceil(start_ms / FUNDING_MS) * FUNDING_MS;
    const count = Math.min(limit, Math.max(0, Math.floor((now_ms - first_ms) / FUNDING_MS) + 1));
    return Array.from({ length: count }, (_, i) => ({
      symbol: market.symbol,
      fundingTime: first_ms + i * FUNDING_MS,
      fundingRate: FUNDING_RATE,
      markPrice: decimal(this.price(market)),
    }));
  }

  private premium(market: Market): unknown {
    const price = decimal(this.price(market));
    return {
      symbol: market.symbol,
      markPrice: price,
      indexPrice: price,
      lastFundingRate: FUNDING_RATE,
      nextFundingTime: (Math.floor(this.clock() / FUNDING_MS) + 1) * FUNDING_MS,
      time: this.clock(),
    };
  }

  private depth(query: Query): unknown {
    const market = this.market(query.get("symbol"));
    const limit = integer(query, "limit", 1, 5000) ?? 100;
    const levels = BOOK_LEVELS.find((size) => size >= limit) ?? limit;
    const mid = this.price(market);
    const side = (direction: 1 | -1): string[][] =>
      Array.from({ length: levels }, (_, level) => {
        const price = mid * (1 + direction * HALF_SPREAD * (1 + level / 5));
        return [decimal(price), decimal((1_000 * (1 + level)) / price)];
      });
    return { lastUpdateId: Math.floor(this.clock() / STEP_MS), bids: side(-1), asks: side(1) };
  }

  private tickers(query: Query, one: (market: Market) => unknown): unknown {
    const symbol = query.get("symbol");
    if (symbol !== null) return one(this.market(symbol));
    const wanted = query.get("symbols");
    if (wanted === null) return this.markets.map(one);
    return symbolList(wanted).map((name) => one(this.market(name)));
  }

  private bookTicker(market: Market): Record<string, string> {
    const mid = this.price(market);
    const [bid, ask] = [mid * (1 - HALF_SPREAD), mid * (1 + HALF_SPREAD)];
    return {
      symbol: market.symbol,
      bidPrice: decimal(bid),
      bidQty: decimal(1_000 / bid),
      askPrice: decimal(ask),
      askQty: decimal(1_000 / ask),
    };
  }

  private dayTicker(market: Market): Record<string, unknown> {
    const now_ms = this.clock();
    const hour_ms = 3_600_000;
    const closed = Math.floor(now_ms / hour_ms) * hour_ms;
    const day = Array.from({ length: 24 }, (_, i) =>
      candleAt(this.seed, market.pair, closed - (23 - i) * hour_ms, hour_ms, now_ms),
    );
    const last = this.price(market);
    const open = day[0]?.open ?? last;
    const volume = day.reduce((sum, candle) => sum + candle.volume, 0);
    return {
      ...this.bookTicker(market),
      priceChange: decimal(last - open),
      priceChangePercent: (100 * (last / open - 1)).toFixed(3),
      weightedAvgPrice: decimal(last),
      prevClosePrice: decimal(open),
      lastPrice: decimal(last),
      lastQty: decimal(100 / last),
      openPrice: decimal(open),
      highPrice: decimal(Math.max(...day.map((candle) => candle.high))),
      lowPrice: decimal(Math.min(...day.map((candle) => candle.low))),
      volume: decimal(volume),
      quoteVolume: decimal(volume * last),
      openTime: now_ms - DAY_MS,
      closeTime: now_ms,
      firstId: 0,
      lastId: 1,
      count: 1,
    };
  }

  private price(market: Market): number {
    return priceAt(pairSeed(this.seed, market.pair), Math.floor(this.clock() / STEP_MS));
  }

  private market(symbol: string | null): Market {
    const market = symbol === null ? undefined : this.bySymbol.get(symbol);
    if (market === undefined) throw new ApiError(400, -1121, "Invalid symbol.");
    return market;
  }
}

function decimal(value: number): string {
  return value.toFixed(8);
}

/** @throws ApiError when it is not a JSON list of names */
function symbolList(text: string): readonly string[] {
  try {
    const names: unknown = JSON.parse(text);
    if (Array.isArray(names) && names.every((name) => typeof name === "string")) return names;
  } catch {
    // Falls through to the one error there is for it.
  }
  throw new ApiError(400, -1100, 'Illegal characters found in parameter "symbols": a JSON list of names is wanted.');
}

/** @returns an integer query parameter, or undefined when it is not given. @throws ApiError when it is not in range */
function integer(query: Query, name: string, least: number, most: number): number | undefined {
  const text = query.get(name);
  if (text === null) return undefined;
  const value = Number(text);
  if (!Number.isInteger(value) || value < least || value > most)
    throw new ApiError(
      400,
      -1130,
      `Data sent for parameter '${name}' is not valid: an integer ${least}…${most} is wanted.`,
    );
  return value;
}

function exchangeInfo(symbols: readonly object[], now_ms: number): unknown {
  return { timezone: "UTC", serverTime: now_ms, rateLimits: [], exchangeFilters: [], assets: [], symbols };
}

function spotSymbol(market: Market): object {
  return {
    ...commonSymbol(market),
    baseAssetPrecision: 8,
    quotePrecision: 8,
    quoteAssetPrecision: 8,
    icebergAllowed: true,
    ocoAllowed: true,
    quoteOrderQtyMarketAllowed: true,
    isSpotTradingAllowed: true,
    isMarginTradingAllowed: false,
    permissions: ["SPOT"],
    permissionSets: [["SPOT"]],
  };
}

function perpetualSymbol(market: Market): object {
  return {
    ...commonSymbol(market),
    pair: market.symbol,
    contractType: "PERPETUAL",
    deliveryDate: 4_133_404_800_000,
    marginAsset: market.quote,
    pricePrecision: 8,
    quantityPrecision: 8,
  };
}

function commonSymbol(market: Market): object {
  return {
    symbol: market.symbol,
    status: "TRADING",
    baseAsset: market.base,
    quoteAsset: market.quote,
    orderTypes: ["LIMIT", "LIMIT_MAKER", "MARKET", "STOP_LOSS", "STOP_LOSS_LIMIT", "TAKE_PROFIT", "TAKE_PROFIT_LIMIT"],
    filters: [
      { filterType: "PRICE_FILTER", minPrice: market.tick_size, maxPrice: "1000000", tickSize: market.tick_size },
      { filterType: "LOT_SIZE", minQty: market.step_size, maxQty: "1000000000000", stepSize: market.step_size },
      {
        filterType: "NOTIONAL",
        minNotional: market.min_notional,
        applyMinToMarket: true,
        maxNotional: "9000000000",
        applyMaxToMarket: false,
        avgPriceMins: 5,
      },
    ],
  };
}
