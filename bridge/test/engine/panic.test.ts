/** A defect of the engine must cost one answer, not the process: the addon built with injected faults (engine-rs/src/fault.rs) really panics. */
import { execFileSync } from "node:child_process";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { type LoadedEngine, loadEngine } from "../../src/engine/engine.js";
import type { EngineParams } from "../../src/engine/types.js";

const BUILD = fileURLToPath(new URL("../../../scripts/build-faults.mjs", import.meta.url));
/** `PANIC_VOLUME` of engine-rs/src/fault.rs. */
const PANIC_VOLUME = 6.02214076e23;
const INPUT_COLUMNS = 6;
/** Long enough to be cut into several segments, so that the panic happens on a thread of the engine's own pool. */
const MANY_ROWS = 40_000;
const PARAMS: EngineParams = { profile: "aggressive", window_set: "compact", timeframe_s: 300 };
const BUILD_LIMIT_MS = 600_000;

let addon: string;
let engine: LoadedEngine;

beforeAll(() => {
  const stdout = execFileSync(process.execPath, [BUILD], { encoding: "utf8", timeout: BUILD_LIMIT_MS });
  addon = stdout.trim().split("\n").at(-1) ?? "";
  engine = loadEngine(addon);
}, BUILD_LIMIT_MS);

/** Candles that rise and fall by turns; the one at `panic_row` has the volume that panics. */
function block(rows: number, panic_row?: number): Uint8Array {
  const values = new Float64Array(rows * INPUT_COLUMNS);
  for (let row = 0; row < rows; row++) {
    const close = row % 2 === 0 ? 100 : 101 + (row % 7) / 10;
    const candle = [row * 300_000, 100, 102, 99, close, row === panic_row ? PANIC_VOLUME : 1];
    for (const [column, value] of candle.entries()) values[column * rows + row] = value;
  }
  return new Uint8Array(values.buffer);
}

async function annotated(rows: number): Promise<Buffer> {
  const answer = await engine.annotate(PARAMS, block(rows), rows);
  if (!answer.ok) throw new Error(answer.message);
  return answer.block;
}

describe("a panic of the engine", () => {
  it.each([
    ["on the thread of the call", 700],
    ["on a thread of the engine's pool", MANY_ROWS],
  ])("%s is one answer `internal`; the process lives and the next call is answered", async (_where, rows) => {
    const before = await annotated(rows);
    const [broken, beside] = await Promise.all([engine.annotate(PARAMS, block(rows, rows - 1), rows), annotated(rows)]);
    const after = await annotated(rows);

    expect(broken).toEqual({
      ok: false,
      code: "internal",
      row: -1,
      column: "",
      message: "the engine panicked: injected fault",
    });
    expect(beside.equals(before)).toBe(true);
    expect(after.equals(before)).toBe(true);
  });

  it("happens a hundred times without wearing anything out", async () => {
    const answers = await Promise.all(
      Array.from({ length: 100 }, () => engine.annotate(PARAMS, block(650, 10), 650).then((answer) => answer.ok)),
    );
    expect(answers).toEqual(Array.from({ length: 100 }, () => false));
    expect((await engine.annotate(PARAMS, block(650), 650)).ok).toBe(true);
  });

  it("in a synchronous export is an exception", () => {
    const faulty: { panicNow(): void } = createRequire(import.meta.url)(addon);
    expect(() => faulty.panicNow()).toThrow("injected fault");
  });
});

describe("the shipped addon", () => {
  it("has no injected faults", async () => {
    const shipped: object = createRequire(import.meta.url)("../../native/engine.node");
    expect(Object.keys(shipped)).not.toContain("panicNow");
    expect((await loadEngine().annotate(PARAMS, block(700, 699), 700)).ok).toBe(true);
  });
});
