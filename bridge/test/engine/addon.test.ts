/** The addon's edge to JavaScript: what a caller may do to its buffers, and what comes back for bad ones. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { loadEngine } from "../../src/engine/engine.js";
import type { EngineParams } from "../../src/engine/types.js";

const ADDON = fileURLToPath(new URL("../../native/engine.node", import.meta.url));
const ROWS = 1200;
const INPUT_COLUMNS = 6;
const PARAMS: EngineParams = { profile: "aggressive", window_set: "compact", timeframe_s: 300 };
const engine = loadEngine();

const dir = mkdtempSync(join(tmpdir(), "talebridge-addon-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** A walk with a linear congruential generator: the same candles every time. */
function candles(rows: number): Float64Array<ArrayBuffer> {
  const block = new Float64Array(rows * INPUT_COLUMNS);
  let seed = 12345;
  const uniform = () => {
    seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff;
    return seed / 0x7fffffff;
  };
  let price = 100;
  for (let row = 0; row < rows; row++) {
    const open = price;
    price *= 1 + (uniform() - 0.5) * 0.01;
    const values = [
      1_700_000_000_000 + row * 300_000,
      open,
      Math.max(open, price) * (1 + uniform() * 0.002),
      Math.min(open, price) * (1 - uniform() * 0.002),
      price,
      uniform() * 1000,
    ];
    for (const [column, value] of values.entries()) block[column * rows + row] = value;
  }
  return block;
}

function bytes(block: Float64Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return new Uint8Array(block.buffer);
}

async function annotated(block: Uint8Array, rows = ROWS): Promise<Buffer> {
  const result = await engine.annotate(PARAMS, block, rows);
  if (!result.ok) throw new Error(result.message);
  return result.block;
}

describe("annotate", () => {
  it("gives the same bits for a block at an odd address", async () => {
    const straight = bytes(candles(ROWS));
    const odd = new Uint8Array(straight.byteLength + 1).subarray(1);
    odd.set(straight);
    expect((await annotated(odd)).equals(await annotated(straight))).toBe(true);
  });

  it("is not disturbed by a caller who overwrites or detaches the block meanwhile", async () => {
    const expected = await annotated(bytes(candles(ROWS)));
    const overwritten = bytes(candles(ROWS));
    const first = annotated(overwritten);
    overwritten.fill(0xff);
    expect((await first).equals(expected)).toBe(true);

    const detached = bytes(candles(ROWS));
    const second = annotated(detached);
    structuredClone(detached, { transfer: [detached.buffer] });
    expect(detached.byteLength).toBe(0);
    expect((await second).equals(expected)).toBe(true);
  });

  it("says how long the engine took", async () => {
    const result = await engine.annotate(PARAMS, bytes(candles(ROWS)), ROWS);
    expect(result).toMatchObject({ ok: true, engine_us: expect.any(Number) });
    if (result.ok) expect(result.engine_us).toBeGreaterThan(0);
  });

  it("answers no rows with no rows", async () => {
    expect((await annotated(new Uint8Array(0), 0)).byteLength).toBe(0);
  });

  it.each([
    ["a byte short", ROWS * INPUT_COLUMNS * 8 - 1],
    ["a row long", (ROWS + 1) * INPUT_COLUMNS * 8],
    ["empty", 0],
  ])("refuses a block that is %s", async (_what, length) => {
    const result = await engine.annotate(PARAMS, new Uint8Array(length), ROWS);
    expect(result).toMatchObject({ ok: false, code: "bad_input", row: -1 });
  });

  it("names row and column of a bad candle", async () => {
    const block = candles(ROWS);
    block[2 * ROWS + 700] = Number.NaN;
    const result = await engine.annotate(PARAMS, bytes(block), ROWS);
    expect(result).toMatchObject({ ok: false, code: "bad_input", row: 700, column: "high" });
  });

  it("answers with the wanted columns alone, the bits they have among all", async () => {
    const whole = await annotated(bytes(candles(ROWS)));
    const column = (at: number) => whole.subarray(at * ROWS * 8, (at + 1) * ROWS * 8);
    const subsets = fc.subarray([...engine.columns.keys()], { minLength: 1 });
    await fc.assert(
      fc.asyncProperty(subsets, async (wanted) => {
        const result = await engine.annotate(PARAMS, bytes(candles(ROWS)), ROWS, wanted);
        if (!result.ok) throw new Error(result.message);
        expect(result.block.equals(Buffer.concat(wanted.map(column)))).toBe(true);
      }),
      { numRuns: 25 },
    );
    for (const all of [undefined, null]) {
      const result = await engine.annotate(PARAMS, bytes(candles(ROWS)), ROWS, all);
      expect(result.ok && result.block.equals(whole)).toBe(true);
    }
  });

  it.each([
    ["no columns", [], /is empty/],
    ["a column twice", [1, 1], /must ascend/],
    ["columns that descend", [2, 1], /must ascend/],
    ["a column beyond the last", [0, engine.columns.length], /there is no column 62: they are numbered 0 to 61/],
  ])("refuses %s", async (_what, wanted, message) => {
    const result = await engine.annotate(PARAMS, bytes(candles(ROWS)), ROWS, wanted);
    expect(result).toMatchObject({ ok: false, code: "params", row: -1, message: expect.stringMatching(message) });
  });

  it("refuses parameters it does not know", async () => {
    const result = await engine.annotate({ ...PARAMS, timeframe_s: 0 }, bytes(candles(ROWS)), ROWS);
    expect(result).toMatchObject({ ok: false, code: "params" });
  });
});

describe("file lock", () => {
  /** Whether another process gets the lock. */
  function otherProcessGets(file: string): boolean {
    const script = `process.exit(require(${JSON.stringify(ADDON)}).FileLock.tryLock(process.argv[1]) === null ? 1 : 0)`;
    const run = spawnSync(process.execPath, ["-e", script, file], { timeout: 10_000 });
    expect([0, 1]).toContain(run.status);
    return run.status === 0;
  }

  it("excludes other processes until it is released", () => {
    const file = join(dir, "lock");
    const lock = engine.tryLock(file);
    expect(lock).not.toBeNull();
    expect(otherProcessGets(file)).toBe(false);
    lock?.release();
    expect(otherProcessGets(file)).toBe(true);
  });

  it("says which file cannot be opened", () => {
    expect(() => engine.tryLock(join(dir, "absent", "lock"))).toThrow(/absent/);
  });
});

describe("loadEngine", () => {
  it("names the file and the fix when there is no addon", () => {
    expect(() => loadEngine(join(dir, "nothing.node"))).toThrow(/nothing\.node.*npm run build/);
  });
});
