/** A calibration of many pairs keeps of each what it counts by, and lets go of what the engine and the file gave. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, it } from "vitest";
import type { Engine } from "../../src/engine/types.js";
import { calibrationMarket } from "../../src/replay/calibrate/market.js";
import { timerange } from "../../src/replay/calibrate/timerange.js";
import { resolveGiven } from "../../src/replay/settings.js";
import { DATADIR, engine } from "./fixture.js";

setFlagsFromString("--expose-gc");
const collect: () => void = runInNewContext("gc");

it("lets go of the engine's columns", async () => {
  const blocks: WeakRef<ArrayBufferLike>[] = [];
  const watched: Engine = Object.create(engine, {
    annotate: {
      value: async (...args: Parameters<Engine["annotate"]>) => {
        const found = await engine.annotate(...args);
        if (found.ok) blocks.push(new WeakRef(found.block.buffer));
        return found;
      },
    },
  });
  const resolved = resolveGiven({ profile: "aggressive", window_set: "compact" }, 300, engine);
  if (!resolved.ok) throw new Error("settings that do not resolve");
  const source = { datadir: DATADIR, trading_mode: "spot", timeframe: "5m", timeframe_ms: 300_000 } as const;
  const market = await calibrationMarket("ALFA/USDT", source, timerange("-"), resolved, watched, ["long"]);
  collect();
  await new Promise(setImmediate);
  collect();
  expect(blocks).toHaveLength(1);
  expect(blocks[0]?.deref()).toBeUndefined();
  expect(market.jumpsIn(timerange("-")).length).toBe(market.source.judged);
});
