/** `npm run demo` on a few days: what a newcomer sees, to the last line. */

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Type from "typebox";
import { Compile } from "typebox/compile";
import { afterAll, beforeAll, expect, it } from "vitest";
import { bridgesOf } from "./harness/bridges.js";
import { type Market, syntheticMarket } from "./harness/market.js";
import { ROOT } from "./harness/paths.js";
import { run } from "./harness/process.js";

const RUN_MS = 240_000;

const Run = Type.Object({ trades: Type.Integer(), profit_ratio: Type.Number(), max_drawdown: Type.Number() });
const Summary = Compile(
  Type.Object({
    ungated: Run,
    gated: Run,
    entries: Type.Object({
      asked: Type.Integer(),
      allowed: Type.Integer(),
      reduced: Type.Integer(),
      denied: Type.Integer(),
    }),
    reasons: Type.Record(Type.String(), Type.Integer()),
    report: Type.String(),
    seconds: Type.Object({ setup: Type.Number(), total: Type.Number() }),
  }),
);

let market: Market;
let out: string;

beforeAll(async () => {
  market = await syntheticMarket();
  out = mkdtempSync(join(tmpdir(), "tb-demo-"));
});

afterAll(() => {
  if (out !== undefined) rmSync(out, { recursive: true, force: true });
});

it(
  "two backtests, one report, one line of JSON, nothing left running",
  async () => {
    const done = await run(
      process.execPath,
      [
        join(ROOT, "scripts/demo.mjs"),
        ...["--datadir", market.datadir, "--pairs", market.pairs.join(","), "--timerange", market.timerange],
        ...["--profile", "conservative", "--out", out],
      ],
      { timeout_ms: RUN_MS },
    );
    expect(done.code, done.stderr.slice(-4000)).toBe(0);
    const summary: unknown = JSON.parse(done.stdout.trimEnd().split("\n").at(-1) ?? "");
    if (!Summary.Check(summary)) throw new Error(JSON.stringify(Summary.Errors(summary)));

    const { ungated, gated, entries, reasons } = summary;
    expect(ungated.trades).toBeGreaterThan(10);
    expect(entries.asked).toBe(entries.allowed + entries.reduced + entries.denied);
    expect(entries.denied).toBeGreaterThan(0);
    expect(entries.reduced).toBeGreaterThan(0);
    expect(gated.trades).toBeLessThanOrEqual(entries.allowed + entries.reduced);
    const explained = Object.values(reasons).reduce((sum, count) => sum + count, 0);
    expect(explained).toBe(entries.reduced + entries.denied);
    expect(reasons).not.toHaveProperty("warming_up");

    const report = readFileSync(summary.report, "utf8");
    expect(report).toContain("</html>");
    expect(report, "the report loads something from elsewhere").not.toMatch(/(src|href)=["']https?:/);
    expect(bridgesOf(out)).toEqual([]);
  },
  RUN_MS,
);
