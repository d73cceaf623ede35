import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { unzipSync, zipSync } from "fflate";
import { afterEach, describe, expect, it } from "vitest";
import { readBacktest } from "../../src/replay/read/backtest.js";
import { ReplayInputError } from "../../src/replay/read/error.js";
import { FUTURES, SPOT } from "./fixture.js";

const utf8 = new TextEncoder();

let made: string[] = [];
afterEach(() => {
  for (const folder of made) rmSync(folder, { recursive: true, force: true });
  made = [];
});

function saved(name: string, content: Uint8Array | string): string {
  const folder = mkdtempSync(join(tmpdir(), "talebridge-backtest-"));
  made.push(folder);
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

type Json = Record<string, unknown>;

/** The JSON inside an export, open to changes. */
function exported(path: string): { strategy: Record<string, Json & { trades: Json[] }> } {
  const members = unzipSync(readFileSync(path));
  const name = Object.keys(members).find((member) => /\d\.json$/.test(member)) ?? "";
  return JSON.parse(new TextDecoder().decode(members[name]));
}

function only(change: (strategy: Json & { trades: Json[] }) => void): string {
  const { strategy } = exported(FUTURES);
  for (const result of Object.values(strategy)) change(result);
  return saved("result.json", JSON.stringify({ strategy }));
}

describe("an export", () => {
  it("is read with its trades, totals, settings and wallet", async () => {
    const read = await readBacktest(SPOT, { strategy: "FixtureDca" });
    const raw = exported(SPOT).strategy.FixtureDca;
    expect(read.trades.length).toBe(raw?.trades.length);
    expect(read.trades.reduce((sum, trade) => sum + trade.profit_abs, 0)).toBeCloseTo(Number(raw?.profit_total_abs), 6);
    expect(read).toMatchObject({
      strategy: "FixtureDca",
      timeframe: "5m",
      starting_balance: 1000,
      stake_currency: "USDT",
      trading_mode: "spot",
      exchange: "binance",
      max_open_trades: 2,
      risk_bridge: { profile: "conservative", window_set: "compact" },
    });
    expect(read.wallet?.equity.length).toBeGreaterThan(700);
    expect(read.trades.some((trade) => trade.entries.length > 1 && trade.exits.length > 1)).toBe(true);
  });

  it("tells longs from shorts", async () => {
    const { trades } = await readBacktest(FUTURES);
    expect(new Set(trades.map((trade) => trade.side))).toEqual(new Set(["long", "short"]));
    expect(trades.every((trade) => trade.leverage === 3)).toBe(true);
    for (const trade of trades) expect(trade.entries[0]?.stake).toBeCloseTo(trade.stake, 6);
  });

  it("may be the bare JSON", async () => {
    const read = await readBacktest(only(() => {}));
    expect(read.trades.length).toBe((await readBacktest(FUTURES)).trades.length);
    expect([read.wallet, read.risk_bridge]).toEqual([null, null]);
  });

  it("may be old: no orders, no sides, dates only, floats for times", async () => {
    const path = only((strategy) => {
      for (const trade of strategy.trades) {
        trade.orders = null;
        delete trade.open_timestamp;
        trade.close_timestamp = Number(trade.close_timestamp) + 0.25;
        delete trade.is_short;
        delete trade.funding_fees;
      }
    });
    const [old, now] = [await readBacktest(path), await readBacktest(FUTURES)];
    expect(old.trades.map((trade) => [trade.open_ms, trade.close_ms])).toEqual(
      now.trades.map((trade) => [trade.open_ms, trade.close_ms]),
    );
    expect(old.trades[0]).toMatchObject({ side: "long", has_orders: false, funding_fees: 0 });
    expect(old.trades[0]?.entries).toHaveLength(1);
  });
});

describe("a file that cannot be used", () => {
  const refused = async (path: string, message: string | RegExp, strategy?: string): Promise<void> => {
    const reading = readBacktest(path, { strategy });
    await expect(reading).rejects.toBeInstanceOf(ReplayInputError);
    await expect(reading).rejects.toThrow(message);
  };

  it.each([
    [Date.UTC(2020, 5, 1), "2023.12"],
    [Date.UTC(2024, 2, 1), "2024.10"],
    [Date.UTC(2025, 11, 31), "2025.12"],
    [Date.UTC(2031, 0, 1), "2026.9"],
    [null, "2026.9"],
  ])("is answered with the nearest release that was tried: made at %s, %s", async (made_ms, release) => {
    const unknown = only((strategy) => {
      if (made_ms === null) delete strategy.backtest_run_start_ts;
      else strategy.backtest_run_start_ts = made_ms / 1000;
      strategy.starting_balance = "a lot";
    });
    await refused(
      unknown,
      `starting_balance must be number). Run the backtest again with --export trades and freqtrade ${release}, the nearest`,
    );
  });

  it("may record the remainder that rounding left of a large position, instead of the position", async () => {
    const orders = [
      { amount: 6e7, safe_price: 1.04e-5, ft_is_entry: true, order_filled_timestamp: 1 },
      { amount: 7e7, safe_price: 1.0e-5, ft_is_entry: true, order_filled_timestamp: 2 },
      { amount: 1.3e8, safe_price: 1.02e-5, ft_is_entry: false, order_filled_timestamp: 3 },
    ];
    const read = await readBacktest(
      only((strategy) => {
        const [first = {}] = strategy.trades;
        strategy.trades = [{ ...first, leverage: 1, stake_amount: 0, amount: 1e-8, open_rate: 0.0025, orders }];
      }),
    );
    expect(read.trades[0]?.stake).toBeCloseTo(6e7 * 1.04e-5 + 7e7 * 1.0e-5, 9);
    expect(read.trades[0]?.open_rate).toBeCloseTo((6 * 1.04e-5 + 7 * 1.0e-5) / 13, 15);
    const nothing = only((strategy) => {
      const [first = {}] = strategy.trades;
      strategy.trades = [{ ...first, stake_amount: 0, orders: null }];
    });
    await expect(readBacktest(nothing)).rejects.toThrow("trades[0] has neither a stake nor filled entry orders");
  });

  it("names the strategies to choose from", async () => {
    await refused(SPOT, 'holds 2 strategies ("FixtureDip", "FixtureDca"); choose one with --strategy NAME');
    await refused(SPOT, 'holds no strategy "Other"', "Other");
  });

  it("is told from its neighbours", async () => {
    await refused(saved(".last_result.json", '{"latest_backtest":"x.zip"}'), "pointer to the last result");
    await refused(saved("x.meta.json", '{"S":{"run_id":"1"}}'), ".meta.json beside the result");
    await refused(saved("old.json", "[]"), "very old freqtrade");
    await refused(saved("other.json", "{}"), "layout is not known");
    await refused(saved("text.json", "no json"), "not valid JSON");
    await refused(join(tmpdir(), "talebridge-none.zip"), "does not exist");
    await refused(tmpdir(), "is not a file");
  });

  it("names what is not as expected", async () => {
    await refused(
      only((strategy) => {
        const [, second] = strategy.trades;
        if (second) second.profit_abs = "much";
      }),
      /trades\.1\.profit_abs/,
    );
    await refused(
      only((strategy) => strategy.trades.splice(0)),
      "has no trades",
    );
    await refused(
      only((strategy) => {
        const [first] = strategy.trades;
        if (first) first.close_timestamp = 1;
      }),
      "trades[0] closes before it opens",
    );
  });

  it("is a zip without a result", async () => {
    await refused(saved("x.zip", zipSync({ "readme.txt": utf8.encode("hello") })), "holds no backtest result");
  });

  it("is a damaged, a doubled, a ZIP64 or an oversized zip", async () => {
    const good = zipSync({ "backtest-result-1.json": utf8.encode("{}") });
    await refused(saved("cut.zip", good.subarray(0, good.length - 30)), /not a complete zip|cannot be unpacked/);
    const twice = good.slice();
    const bomb = good.slice();
    const directory = directoryOf(bomb);
    directory.setUint32(24, 0x7fffffff, true); // Claims to unpack to 2 GiB.
    await refused(saved("bomb.zip", bomb), "at most 268435456 are read");
    const end = directoryOf(twice);
    end.setUint32(24, 7, true); // Claims another size than it has.
    await refused(saved("liar.zip", twice), /damaged|cannot be unpacked|not valid JSON/);
    const zip64 = new Uint8Array(good.length + 20);
    const tail = good.length - 22;
    zip64.set(good.subarray(0, tail));
    zip64.set([0x50, 0x4b, 0x06, 0x07], tail);
    zip64.set(good.subarray(tail), tail + 20);
    await refused(saved("zip64.zip", zip64), "ZIP64");
  });
});

/** The first record of a small archive's directory. */
function directoryOf(zip: Uint8Array): DataView {
  const view = new DataView(zip.buffer, zip.byteOffset, zip.byteLength);
  const at = view.getUint32(zip.length - 22 + 16, true);
  return new DataView(zip.buffer, zip.byteOffset + at);
}
