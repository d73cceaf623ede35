import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { readFeather } from "../../src/replay/read/arrow.js";
import { readCandles, toBlock } from "../../src/replay/read/candles.js";
import { engine } from "./fixture.js";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const datadir = resolve(root, process.env.TALEBRIDGE_DATADIR ?? "../shared/data/binance");
const absent = !existsSync(join(datadir, "SUI_USDT-5m.feather"));

it.skipIf(absent)(`reads real candles (skipped unless TALEBRIDGE_DATADIR has them: ${datadir})`, async () => {
  const source = { datadir, trading_mode: "spot", timeframe: "5m", timeframe_ms: 300_000 } as const;
  const candles = await readCandles("SUI/USDT", source);
  const crash = candles.t_ms.indexOf(Date.UTC(2025, 9, 10, 21, 15));
  // SUI lost most of its price within this candle.
  expect((candles.low[crash] ?? 1) / (candles.open[crash] ?? 1)).toBeLessThan(0.5);
  const raw = readFeather(readFileSync(join(datadir, "SUI_USDT-5m.feather")), "SUI");
  expect(candles.rows).toBeGreaterThanOrEqual(raw.rows);
  const params = { profile: "aggressive", window_set: "standard", timeframe_s: 300 } as const;
  expect(await engine.annotate(params, toBlock(candles), candles.rows)).toMatchObject({ ok: true });
});
