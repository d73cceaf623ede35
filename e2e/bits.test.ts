/** Finite memory through the socket, on real candles: batch, prefix, any start and a live window agree bit for bit. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Daemon, startDaemon } from "./harness/daemon.js";
import { PYTHON, ROOT, realCandles } from "./harness/paths.js";
import { run } from "./harness/process.js";

const RUN_MS = 120_000;
const candles = realCandles();

describe.skipIf(candles === null)("real candles (TALEBRIDGE_DATADIR; skipped where there are none)", () => {
  let scratch: string;
  let daemon: Daemon;

  beforeAll(async () => {
    scratch = mkdtempSync(join(tmpdir(), "tb-bits-"));
    daemon = await startDaemon(join(scratch, "run"), join(scratch, "journal"));
  });

  afterAll(async () => {
    await daemon?.stop();
    rmSync(scratch, { recursive: true, force: true });
  });

  it.each(["BTC_USDT", "SUI_USDT"])(
    "%s, around the crash of 2025-10-10: every cut gives the same bytes",
    async (pair) => {
      const done = await run(
        PYTHON,
        [
          join(ROOT, "e2e/harness/bits.py"),
          ...[
            "--dir",
            daemon.dir,
            "--candles",
            join(candles ?? "", `${pair}-5m.feather`),
            "--around",
            "2025-10-10 21:15",
          ],
        ],
        { timeout_ms: RUN_MS },
      );
      expect(done.code, done.stderr).toBe(0);
      const found: unknown = JSON.parse(done.stdout);
      expect(found).toMatchObject({ differences: [] });
      const { compared, cut, warming_rows, memory_rows } = found as Record<string, number>;
      expect(compared).toBeGreaterThan(100_000);
      expect(cut, "no candle was cut: nothing but zeros and ones was compared").toBeGreaterThan(0);
      expect(warming_rows).toBeGreaterThan(0);
      expect(warming_rows).toBeLessThanOrEqual(memory_rows ?? 0);
    },
    RUN_MS,
  );
});
