/** The quantum diagnostic from the addon's edge and from the command line. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { run } from "../../src/cli/quantum.js";
import { UsageError } from "../../src/cli/usage.js";
import { loadEngine } from "../../src/engine/engine.js";
import type { EngineParams } from "../../src/engine/types.js";
import { readCandles, toBlock } from "../../src/replay/read/candles.js";
import { DATADIR } from "../replay/fixture.js";

const ARGS = ["--datadir", DATADIR, "--pair", "ALFA/USDT", "--timeframe", "5m", "--window-set", "compact"];
const PARAMS: EngineParams = { profile: "aggressive", window_set: "compact", timeframe_s: 300 };
const engine = loadEngine();
let stdout: string[];

beforeEach(() => {
  stdout = [];
  vi.spyOn(process.stdout, "write").mockImplementation((text) => stdout.push(String(text)) > 0);
});
afterEach(() => {
  vi.restoreAllMocks();
});

function candles() {
  return readCandles("ALFA/USDT", { datadir: DATADIR, trading_mode: "spot", timeframe: "5m", timeframe_ms: 300_000 });
}

describe("talebridge quantum", () => {
  it("prints classical and estimated values side by side", async () => {
    expect(await run(ARGS)).toBe(0);
    const lines = stdout.join("").trimEnd().split("\n");
    expect(lines[0]).toMatch(/^ALFA\/USDT 5m, last candle 20.*: 500 residuals, sigma 0\.\d+/);
    expect(lines.filter((line) => /^(long|short) (VaR|ES|convexity)/.test(line))).toHaveLength(10);
    expect(lines.at(-1)).toContain("slower than the classical values");
  });

  it("prints one JSON object whose binned values are the classical ones to half a bin", async () => {
    expect(await run([...ARGS, "--json", "--seed", "7"])).toBe(0);
    const report = JSON.parse(stdout.join(""));
    expect(report).toMatchObject({ pair: "ALFA/USDT", window_set: "compact", bin_width: 1 / 16 });
    for (const side of [report.long, report.short]) {
      expect(side.losses).toBe(500);
      for (const { classical, binned } of side.tails) {
        expect(Math.abs(classical.var - binned.var)).toBeLessThanOrEqual(1 / 32);
        if (side.clipped_share === 0) expect(Math.abs(classical.es - binned.es)).toBeLessThanOrEqual(1 / 32);
      }
    }
    const first = stdout.splice(0).join("");
    expect(await run([...ARGS, "--json", "--seed", "7"])).toBe(0);
    expect(stdout.join("")).toBe(first);
  });

  it.each([
    [["--datadir", DATADIR, "--pair", "ALFA/USDT"], /--timeframe/],
    [["--datadir", `${DATADIR}/no-folder`, "--pair", "A/B", "--timeframe", "5m"], /not a directory/],
    [[...ARGS, "--epsilon", "2"], /epsilon.*0\.0005 to 0\.5/],
    [[...ARGS, "--seed", "x"], /--seed x/],
    [[...ARGS, "--window-set", "wide"], /standard and compact/],
  ])("refuses %j", async (args, message) => {
    const refusal = run(args);
    await expect(refusal).rejects.toThrow(UsageError);
    await expect(refusal).rejects.toThrow(message);
  });
});

describe("the addon's diagnostic", () => {
  it("says how many candles it needs", async () => {
    const all = await candles();
    const needed = engine.validateParams(PARAMS);
    if (!needed.ok) throw new Error("valid parameters");
    const rows = needed.memory_rows;
    const short = { ...all, rows };
    for (const key of ["t_ms", "open", "high", "low", "close", "volume"] as const)
      short[key] = all[key].subarray(0, rows);
    expect(await engine.quantumDiagnostic(PARAMS, {}, toBlock(short), rows)).toMatchObject({
      ok: false,
      code: "bad_input",
      message: expect.stringContaining(`needs ${rows + 1}`),
    });
  });

  it("names a bad candle, wherever it is, and unknown parameters", async () => {
    const all = await candles();
    const block = toBlock(all);
    new DataView(block.buffer).setFloat64((4 * all.rows + 3) * 8, Number.NaN, true);
    expect(await engine.quantumDiagnostic(PARAMS, {}, block, all.rows)).toMatchObject({ row: 3, column: "close" });
    const wrong = { ...PARAMS, timeframe_s: 0 };
    expect(await engine.quantumDiagnostic(wrong, {}, toBlock(all), all.rows)).toMatchObject({ code: "params" });
  });
});
