import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, describe, expect, it } from "vitest";
import { readFeather } from "../../src/replay/read/arrow.js";
import { type Candles, candleFiles, readCandles, toBlock } from "../../src/replay/read/candles.js";
import { timeframeMs } from "../../src/replay/read/timeframe.js";
import { DATADIR, expected, fixture } from "./fixture.js";

const M5 = 300_000;
const spot = { datadir: DATADIR, trading_mode: "spot", timeframe: "5m", timeframe_ms: M5 } as const;

function rows(candles: Candles): number[][] {
  return Array.from({ length: candles.rows }, (_, row) =>
    [candles.t_ms, candles.open, candles.high, candles.low, candles.close, candles.volume].map(
      (column) => column[row] ?? Number.NaN,
    ),
  );
}

let folders: string[] = [];
afterEach(() => {
  for (const path of folders) rmSync(path, { recursive: true, force: true });
  folders = [];
});

function folder(name: string, content: string | Uint8Array): string {
  const made = mkdtempSync(join(tmpdir(), "talebridge-candles-"));
  folders.push(made);
  writeFileSync(join(made, name), content);
  return made;
}

it("names the compression that is read where a file has another", async () => {
  const zstd = { ...spot, datadir: fixture("zstd") };
  await expect(readCandles("ALFA/USDT", zstd)).rejects.toThrow(
    "feather is compressed, and not with LZ4: write it as freqtrade does",
  );
  await expect(readCandles("BRVO/USDT", zstd)).rejects.toThrow(
    "parquet is compressed, and not with snappy: write it as freqtrade does",
  );
});

describe("parquet files", () => {
  it.each(["ALFA/USDT", "BRVO/USDT"])("of %s hold what the feather files hold", async (pair) => {
    const parquet = await readCandles(pair, { ...spot, datadir: fixture("parquet") });
    expect(rows(parquet)).toEqual(rows(await readCandles(pair, spot)));
    expect(parquet.rows).toBe(1400);
  });

  it("are refused when they are something else, cut short, or lack a column", async () => {
    const whole = readFileSync(join(fixture("parquet"), "ALFA_USDT-5m.parquet"));
    const renamed = Buffer.from(whole.toString("latin1").replaceAll("volume", "amount"), "latin1");
    for (const content of ["not a parquet file", whole.subarray(0, 30_000), renamed]) {
      const datadir = folder("ALFA_USDT-5m.parquet", content);
      await expect(readCandles("ALFA/USDT", { ...spot, datadir })).rejects.toThrow(
        "ALFA_USDT-5m.parquet cannot be read as a parquet file",
      );
    }
  });
});

describe("feather files", () => {
  it.each(Object.entries(expected.candles))("%s reads as pandas reads it", (file, facts) => {
    const feather = readFeather(readFileSync(join(DATADIR, file)), file);
    const times = feather.times_ms("date");
    expect(feather.rows).toBe(facts.rows);
    expect([times[0], times.at(-1)]).toEqual([facts.first_ms, facts.last_ms]);
    expect(["open", "high", "low", "close", "volume"].map((name) => feather.numbers(name).at(-1))).toEqual(facts.last);
    const sum = feather.numbers("close").reduce((total, value) => total + value, 0);
    expect(sum).toBeCloseTo(facts.close_sum, 4);
  });

  it("come in all the time units freqtrade has written", () => {
    expect(new Set(Object.values(expected.candles).map((facts) => facts.unit))).toEqual(new Set(["ns", "us", "ms"]));
  });

  it("are refused when they are something else", async () => {
    const datadir = folder("ALFA_USDT-5m.feather", "not a feather file");
    await expect(readCandles("ALFA/USDT", { ...spot, datadir })).rejects.toThrow(
      "ALFA_USDT-5m.feather cannot be read as a feather file",
    );
  });

  it("are refused without the columns", () => {
    const bytes = readFileSync(join(DATADIR, "ALFA_USDT-5m.feather"));
    expect(() => readFeather(bytes, "x").numbers("bid")).toThrow('no column "bid"');
    expect(() => readFeather(bytes, "x").times_ms("open")).toThrow("expected timestamps");
  });
});

describe("candles", () => {
  it("are completed as freqtrade completes them", async () => {
    const datadir = folder("ALFA_USDT-5m.json", JSON.stringify(expected.cleaning.raw));
    const candles = await readCandles("ALFA/USDT", { ...spot, datadir });
    expect(rows(candles)).toEqual(expected.cleaning.clean);
  });

  it("may come in any order and zipped", async () => {
    const shuffled = [...expected.cleaning.raw].sort((a, b) => (a[1] ?? 0) - (b[1] ?? 0));
    const once = shuffled.filter((row) => shuffled.filter((other) => other[0] === row[0]).length === 1);
    const sorted = [...once].sort((a, b) => (a[0] ?? 0) - (b[0] ?? 0));
    const read = async (given: number[][]): Promise<number[][]> => {
      const datadir = folder("ALFA_USDT-5m.json.gz", gzipSync(JSON.stringify(given)));
      return rows(await readCandles("ALFA/USDT", { ...spot, datadir }));
    };
    expect(await read(once)).toEqual(await read(sorted));
  });

  it("name the file that is missing", async () => {
    await expect(readCandles("ZULU/USDT", spot)).rejects.toThrow("expected ZULU_USDT-5m.feather");
    expect(candleFiles("BTC/USDT:USDT", { trading_mode: "futures", timeframe: "1h" })[0]).toBe(
      join("futures", "BTC_USDT_USDT-1h-futures.feather"),
    );
  });

  it("are refused when a gap is absurd", async () => {
    const datadir = folder(
      "ALFA_USDT-5m.json",
      JSON.stringify([
        [0, 1, 1, 1, 1, 1],
        [8e15, 1, 1, 1, 1, 1],
      ]),
    );
    await expect(readCandles("ALFA/USDT", { ...spot, datadir })).rejects.toThrow("gaps too large");
  });

  it("are handed to the engine column by column", async () => {
    const candles = await readCandles("ALFA/USDT", spot);
    const view = new DataView(toBlock(candles).buffer);
    expect(view.byteLength).toBe(candles.rows * 48);
    expect(view.getFloat64((4 * candles.rows + 7) * 8, true)).toBe(candles.close[7]);
  });
});

it("knows freqtrade's timeframes", () => {
  expect(["1m", "5m", "4h", "1d", "1w"].map(timeframeMs)).toEqual([60_000, M5, 14_400_000, 86_400_000, 604_800_000]);
  expect(() => timeframeMs("1M")).toThrow("not supported");
  expect(() => timeframeMs("0m")).toThrow("not supported");
});
