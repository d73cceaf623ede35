import { afterEach, describe, expect, it } from "vitest";
import { type Stub, type StubOptions, startStub } from "../src/exchange-stub.js";

const MINUTE_MS = 60_000;
/** 2025-03-01 12:00:25 UTC: 25 s into a minute. */
const NOW_MS = Date.UTC(2025, 2, 1, 12, 0, 25);
const PAIRS = ["ALFA/USDT", "BRVO/USDT"];

const started: Stub[] = [];

async function stub(options: Partial<StubOptions> = {}): Promise<Stub> {
  const one = await startStub({ pairs: PAIRS, clock: () => NOW_MS, ...options });
  started.push(one);
  return one;
}

afterEach(async () => {
  await Promise.all(started.splice(0).map((one) => one.close()));
});

async function get(one: Stub, path: string): Promise<{ status: number; body: unknown }> {
  const response = await fetch(one.url + path);
  return { status: response.status, body: await response.json() };
}

/** Rows of klines, as numbers. */
async function klines(one: Stub, query: string): Promise<number[][]> {
  const { status, body } = await get(one, `/api/v3/klines?${query}`);
  expect(status).toBe(200);
  return (body as (number | string)[][]).map((row) => row.map(Number));
}

function cell(rows: readonly (readonly number[])[], row: number, column: number): number {
  const value = rows.at(row)?.[column];
  if (value === undefined) throw new Error(`no row ${row}, column ${column}`);
  return value;
}

describe("markets", () => {
  it("offers each pair with the filters freqtrade needs", async () => {
    const { body } = await get(await stub(), "/api/v3/exchangeInfo");
    const { symbols } = body as { symbols: { symbol: string; status: string; filters: { filterType: string }[] }[] };
    expect(symbols.map(({ symbol }) => symbol)).toEqual(["ALFAUSDT", "BRVOUSDT"]);
    for (const { status, filters } of symbols) {
      expect(status).toBe("TRADING");
      expect(filters.map(({ filterType }) => filterType)).toEqual(["PRICE_FILTER", "LOT_SIZE", "NOTIONAL"]);
    }
  });

  it("offers perpetuals on the futures API, spot pairs on the spot API", async () => {
    const one = await stub({ pairs: ["BTC/USDT", "BTC/USDT:USDT", "ETH/USDT:USDT"] });
    const symbols = async (path: string) => {
      const { body } = await get(one, path);
      return (body as { symbols: { symbol: string; contractType?: string }[] }).symbols.map(
        ({ symbol, contractType }) => `${symbol} ${contractType}`,
      );
    };
    expect(await symbols("/api/v3/exchangeInfo")).toEqual(["BTCUSDT undefined"]);
    expect(await symbols("/fapi/v1/exchangeInfo")).toEqual(["BTCUSDT PERPETUAL", "ETHUSDT PERPETUAL"]);
    expect(await symbols("/dapi/v1/exchangeInfo")).toEqual([]);
  });

  it("tells the funding of perpetuals, eight hours apart", async () => {
    const one = await stub({ pairs: ["BTC/USDT", "BTC/USDT:USDT"] });
    const premium = (await get(one, "/fapi/v1/premiumIndex?symbol=BTCUSDT")).body;
    expect(premium).toMatchObject({ markPrice: expect.stringMatching(/^\d+\.\d{8}$/) });
    const since = NOW_MS - 24 * 60 * MINUTE_MS;
    const rates = (await get(one, `/fapi/v1/fundingRate?symbol=BTCUSDT&startTime=${since}`)).body;
    const hours = (rates as { fundingTime: number }[]).map(({ fundingTime }) => new Date(fundingTime).getUTCHours());
    expect(hours).toEqual([16, 0, 8]);
  });

  it("has no candles of a pair before it was listed", async () => {
    const listed_ms = NOW_MS - 10 * MINUTE_MS;
    const one = await stub({ has: (pair, open_ms) => pair !== "ALFA/USDT" || open_ms >= listed_ms });
    expect(await klines(one, "symbol=ALFAUSDT&interval=1m&limit=100")).toHaveLength(10);
    expect(await klines(one, "symbol=BRVOUSDT&interval=1m&limit=100")).toHaveLength(100);
  });

  it.each([
    [["alfa/usdt"], /"alfa\/usdt" is no pair/],
    [["BTC/USDT:BTC"], /"BTC\/USDT:BTC" is no pair/],
    [[], /no pairs/],
    [["A/B", "A/B"], /named twice/],
    [Array.from({ length: 501 }, (_, i) => `C${i}/USDT`), /at most 500/],
  ])("refuses %j", async (pairs, message) => {
    await expect(startStub({ pairs })).rejects.toThrow(message);
  });
});

describe("addresses", () => {
  it.each(["0.0.0.0", "192.168.1.1", "example.org"])("refuses to bind %s", async (host) => {
    await expect(startStub({ pairs: PAIRS, host })).rejects.toThrow(/serves this machine only/);
  });

  it("says when a port is taken", async () => {
    const one = await stub();
    await expect(startStub({ pairs: PAIRS, port: one.port })).rejects.toThrow(/EADDRINUSE/);
  });
});

describe("klines", () => {
  it("end with the candle that is still open", async () => {
    const rows = await klines(await stub(), "symbol=ALFAUSDT&interval=1m&limit=10");
    const newest = NOW_MS - (NOW_MS % MINUTE_MS);
    expect(rows.map((row) => row[0])).toEqual(Array.from({ length: 10 }, (_, i) => newest - (9 - i) * MINUTE_MS));
    expect(rows.every((row) => row.length === 12)).toBe(true);
  });

  it("start at startTime, with at most limit rows", async () => {
    const from = NOW_MS - (NOW_MS % MINUTE_MS) - 100 * MINUTE_MS;
    const rows = await klines(await stub(), `symbol=ALFAUSDT&interval=1m&startTime=${from + 1}&limit=3`);
    expect(rows.map((row) => row[0])).toEqual([1, 2, 3].map((i) => from + i * MINUTE_MS));
  });

  it("stop at endTime and never reach into the future", async () => {
    const one = await stub();
    const end = NOW_MS - 50 * MINUTE_MS;
    const earlier = await klines(one, `symbol=ALFAUSDT&interval=1m&endTime=${end}&limit=2`);
    expect(cell(earlier, -1, 0)).toBe(end - (end % MINUTE_MS));
    expect(await klines(one, `symbol=ALFAUSDT&interval=1m&startTime=${NOW_MS + MINUTE_MS}`)).toEqual([]);
  });

  it("are possible candles that begin where the one before ended", async () => {
    const rows = await klines(await stub(), "symbol=BRVOUSDT&interval=5m&limit=200");
    rows.forEach((_, i) => {
      const [open, high, low, close, volume] = [1, 2, 3, 4, 5].map((column) => cell(rows, i, column));
      expect(low).toBeGreaterThan(0);
      expect(low).toBeLessThanOrEqual(Math.min(Number(open), Number(close)));
      expect(high).toBeGreaterThanOrEqual(Math.max(Number(open), Number(close)));
      if (i < rows.length - 1) expect(volume).toBeGreaterThan(0);
      if (i > 0) expect(open).toBe(cell(rows, i - 1, 4));
    });
    expect(new Set(rows.map((row) => row[4])).size).toBeGreaterThan(150);
  });

  it("are the same from another process at a later time, once closed", async () => {
    const query = "symbol=ALFAUSDT&interval=1m&limit=5";
    const first = await klines(await stub(), query);
    const later = await klines(
      await stub({ clock: () => NOW_MS + 3 * MINUTE_MS }),
      `symbol=ALFAUSDT&interval=1m&startTime=${cell(first, 0, 0)}`,
    );
    expect(later.slice(0, 4)).toEqual(first.slice(0, 4));
    expect(later.at(4)).not.toEqual(first.at(4));
  });

  it("differ by seed and by pair", async () => {
    const query = "interval=1m&limit=5";
    const base = await klines(await stub(), `symbol=ALFAUSDT&${query}`);
    expect(await klines(await stub({ seed: 2 }), `symbol=ALFAUSDT&${query}`)).not.toEqual(base);
    expect(await klines(await stub(), `symbol=BRVOUSDT&${query}`)).not.toEqual(base);
  });

  it("agree across timeframes", async () => {
    const one = await stub();
    const [five] = await klines(one, `symbol=ALFAUSDT&interval=5m&startTime=${NOW_MS - 20 * MINUTE_MS}&limit=1`);
    if (five === undefined) throw new Error("no candle");
    const minutes = await klines(one, `symbol=ALFAUSDT&interval=1m&startTime=${five[0]}&limit=5`);
    expect(five[1]).toBe(cell(minutes, 0, 1));
    expect(five[2]).toBe(Math.max(...minutes.map((row) => Number(row[2]))));
    expect(five[3]).toBe(Math.min(...minutes.map((row) => Number(row[3]))));
    expect(five[4]).toBe(cell(minutes, 4, 4));
  });

  it.each([
    ["symbol=NOPEUSDT&interval=1m", -1121],
    ["interval=1m", -1121],
    ["symbol=ALFAUSDT&interval=1w", -1120],
    ["symbol=ALFAUSDT&interval=1m&limit=1001", -1130],
    ["symbol=ALFAUSDT&interval=1m&startTime=yesterday", -1130],
  ])("answer %s with Binance's code %i", async (query, code) => {
    const { status, body } = await get(await stub(), `/api/v3/klines?${query}`);
    expect(status).toBe(400);
    expect(body).toMatchObject({ code });
  });
});

describe("quotes", () => {
  it("are one price seen from all sides", async () => {
    const one = await stub();
    const [last] = await klines(one, "symbol=ALFAUSDT&interval=1m&limit=1");
    const price = Number(last?.[4]);
    const depth = (await get(one, "/api/v3/depth?symbol=ALFAUSDT&limit=20")).body as Record<
      "bids" | "asks",
      string[][]
    >;
    expect(depth.bids).toHaveLength(20);
    expect(Number(depth.bids[0]?.[0])).toBeLessThan(price);
    expect(Number(depth.asks[0]?.[0])).toBeGreaterThan(price);
    expect(Number(depth.bids[1]?.[0])).toBeLessThan(Number(depth.bids[0]?.[0]));
    const day = (await get(one, "/api/v3/ticker/24hr?symbol=ALFAUSDT")).body as Record<string, string>;
    expect(Number(day.lastPrice)).toBe(price);
    expect(Number(day.lowPrice)).toBeLessThanOrEqual(price);
    expect(await get(one, "/api/v3/ticker/price?symbol=ALFAUSDT")).toMatchObject({ body: { price: day.lastPrice } });
  });

  it("come for one, some or all symbols", async () => {
    const one = await stub();
    expect((await get(one, "/api/v3/ticker/bookTicker")).body).toHaveLength(2);
    expect((await get(one, `/api/v3/ticker/price?symbols=${encodeURIComponent('["BRVOUSDT"]')}`)).body).toHaveLength(1);
    expect(await get(one, "/api/v3/ticker/price?symbols=x")).toMatchObject({ status: 400, body: { code: -1100 } });
  });

  it("carry the clock's time", async () => {
    expect((await get(await stub(), "/api/v3/time")).body).toEqual({ serverTime: NOW_MS });
  });
});

describe("anything else", () => {
  it("is refused, and the stub goes on", async () => {
    const one = await stub();
    expect(await get(one, "/api/v3/account")).toMatchObject({ status: 404 });
    expect((await fetch(`${one.url}/api/v3/order`, { method: "POST", body: "x" })).status).toBe(405);
    expect((await get(one, "/api/v3/ping")).status).toBe(200);
  });
});
