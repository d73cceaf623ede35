/** Finite memory seen through the socket, on real candles: whatever is sent around a row, its bits are the same from M rows on. */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { OP, STATUS } from "../../src/protocol/codes.js";
import { type Candles, readCandles, slice, toBlock } from "../../src/replay/read/candles.js";
import { Client, withDaemon } from "./harness.js";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const DATADIR = resolve(ROOT, process.env.TALEBRIDGE_DATADIR ?? "../shared/data/binance");
const SERIES = [
  { pair: "BTC/USDT", timeframe: "5m", timeframe_ms: 300_000 },
  { pair: "DOGE/USDT", timeframe: "5m", timeframe_ms: 300_000 },
  // SUI lost 64 % in one candle on 2025-10-10: among the rows taken.
  { pair: "SUI/USDT", timeframe: "5m", timeframe_ms: 300_000, until: "2025-10-25" },
  { pair: "PEPE/USDT", timeframe: "1h", timeframe_ms: 3_600_000 },
] as const;
const ROWS = 9_900;

const present = SERIES.every(({ pair, timeframe }) =>
  existsSync(join(DATADIR, `${pair.replace("/", "_")}-${timeframe}.feather`)),
);
if (!present) process.stderr.write(`skipped: no candles in ${DATADIR}; set TALEBRIDGE_DATADIR\n`);

/** Columns of a frame with a market pair's closes. */
const COLUMNS = 7;

/** The frame with its own opens for a market pair: prices that move with it and are not its closes. */
function frameOf(part: Candles): Buffer {
  const block = Buffer.from(toBlock(part));
  return Buffer.concat([block, block.subarray(part.rows * 8, 2 * part.rows * 8)]);
}

/** Rows `from` to `to` of every column, as bytes. */
function rowsOf(block: Buffer, rows: number, columns: number, from: number, to: number): Buffer {
  const parts = Array.from({ length: columns }, (_, j) => block.subarray((j * rows + from) * 8, (j * rows + to) * 8));
  return Buffer.concat(parts);
}

describe.skipIf(!present)("annotate on real candles", { timeout: 60_000 }, () => {
  it.each(SERIES)(
    "gives $pair $timeframe the same bits for any start, any end, and one candle at a time",
    async (series) => {
      const all = await readCandles(series.pair, { datadir: DATADIR, trading_mode: "spot", ...series });
      const after = "until" in series ? all.t_ms.findIndex((t_ms) => t_ms >= Date.parse(series.until)) : all.rows;
      const candles = slice(all, after - ROWS, after);
      expect(candles.rows).toBe(ROWS);
      await withDaemon(async (dir) => {
        const client = new Client(dir, "batch");
        const timeframe_s = series.timeframe_ms / 1000;
        const [, hello] = await client.hello("x", { timeframe_s });
        const { columns, memory_rows: M } = Object(hello);
        const params = { profile: "conservative", window_set: "standard", timeframe_s };
        const annotate = async (part: Candles): Promise<Buffer> => {
          const { reply, block } = await client.raw(
            client.frame(OP.annotate, part.rows, COLUMNS, params),
            frameOf(part),
          );
          expect(reply[2]).toBe(STATUS.ok);
          if (block === undefined) throw new Error("no block");
          return block;
        };
        const whole = await annotate(candles);
        const last = rowsOf(whole, ROWS, columns.length, ROWS - 1, ROWS);
        expect(
          Array.from({ length: columns.length }, (_, j) => Number.isFinite(last.readDoubleLE(j * 8)) || j === 2),
        ).not.toContain(false);

        const cuts = [
          [0, ROWS - 1],
          [1, ROWS],
          [7, 5000],
          [1234, 1234 + M + 100],
          [ROWS - M - 2, ROWS],
          [3001, 8888],
        ] as const;
        for (const [from, to] of cuts) {
          const part = await annotate(slice(candles, from, to));
          const got = rowsOf(part, to - from, columns.length, M, to - from);
          const want = rowsOf(whole, ROWS, columns.length, from + M, to);
          expect(got.equals(want), `rows ${from} to ${to}`).toBe(true);
        }
        // What a live bot sends: the newest candle after M others, each time one closes.
        for (let end = ROWS - 40; end <= ROWS; end++) {
          const live = await annotate(slice(candles, end - M - 1, end));
          const got = rowsOf(live, M + 1, columns.length, M, M + 1);
          expect(got.equals(rowsOf(whole, ROWS, columns.length, end - 1, end)), `candle ${end}`).toBe(true);
        }
        client.close();
      });
    },
  );
});
