import { describe, expect, it } from "vitest";
import { ledgerCsv } from "../../src/replay/report/csv.js";
import { plots } from "../../src/replay/report/plots/plots.js";
import { ticks } from "../../src/replay/report/plots/ticks.js";
import { CASES, replayCase } from "./fixture.js";
import { comparedPlacebo } from "./large.js";

describe("the ledger as CSV", () => {
  it("quotes what has to be quoted and lets no text be a formula", async () => {
    const [entry] = (await replayCase(CASES[0])).entries;
    if (entry === undefined) throw new Error("the fixture has no entry");
    const csv = ledgerCsv([{ ...entry, enter_tag: '=HYPERLINK("x","y")', exit_reason: "a\nb", value: null }]);
    expect(csv).toContain(`"'=HYPERLINK(""x"",""y"")","a\nb"\r\n`);
    expect(csv.split("\r\n")[0]).toMatch(/^trade,leg,pair,.*,enter_tag,exit_reason$/);
    expect(csv).toContain(new Date(entry.at_ms).toISOString());
  });
});

describe("the pictures", () => {
  it("draw every point of both accounts, and escape what names them", async () => {
    const result = await replayCase(CASES[0]);
    const evil = { ...result, source: { ...result.source, strategy: "<script>&" }, placebo: comparedPlacebo(0.5) };
    const [equity, drawdown, chance] = plots(evil);
    for (const plot of [equity, drawdown]) {
      const lines = [...(plot?.svg ?? "").matchAll(/points="([^"]*)"/g)].map((match) => match[1]?.split(" ").length);
      expect(lines).toEqual([result.equity.t_ms.length, result.equity.t_ms.length]);
      expect(plot?.svg).toContain("&lt;script&gt;&amp;");
      expect(plot?.svg).not.toMatch(/NaN|Infinity|<script/);
    }
    const { placebo } = evil;
    const measures = placebo.status === "compared" ? placebo.measures.length : 0;
    expect(measures).toBeGreaterThan(3);
    expect(chance?.svg.match(/<circle/g)).toHaveLength(measures);
    const heights = [...(chance?.svg ?? "").matchAll(/ y="([\d.]+)"/g)].map((match) => Number(match[1]));
    expect(Math.max(...heights)).toBeLessThan(630);
    expect(chance?.svg).toContain("cannot be told from chance");
  });
});

it("puts round numbers on an axis", () => {
  expect(ticks(0, 10, 5)).toEqual([0, 2, 4, 6, 8, 10]);
  expect(ticks(9312, 10_080, 6)).toEqual([9400, 9600, 9800, 10_000]);
  expect(ticks(-0.099, 0, 6).map((value) => value.toFixed(2))).toEqual(["-0.08", "-0.06", "-0.04", "-0.02", "0.00"]);
  expect(ticks(5, 5, 6)).toEqual([5]);
});
