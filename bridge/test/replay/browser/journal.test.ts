/** The page of a bot's journal, with entries of which nobody knows what became of them, in a real browser. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { reportPage } from "../../../src/replay/report/page.js";
import type { ReplayResult } from "../../../src/replay/run/result.js";
import { CASES, replayCase } from "../fixture.js";
import { cells, EXECUTABLE, Reports } from "./page.js";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const ROWS = "#ledger-table tbody tr.entry";

/** Every third outcome taken away, and the candles. */
function asJournal(result: ReplayResult): ReplayResult {
  const entries = result.entries.map((entry, index) =>
    index % 3 === 0 ? { ...entry, profit_abs: null, profit_with: null, close_ms: null, exit_reason: "" } : entry,
  );
  const outcome_unknown = entries.filter(({ profit_abs }) => profit_abs === null).length;
  const source = { ...result.source, kind: "journal" as const, strategy: "a bot", candles: [] };
  return {
    ...result,
    source,
    entries,
    counts: { ...result.counts, outcome_unknown },
    notes: ["A note."],
    crises: [],
    depth: null,
    calibration: [],
  };
}

describe.skipIf(EXECUTABLE === null)("a journal's page in Chromium", () => {
  let reports: Reports;
  let result: ReplayResult;
  let page: Page;

  beforeAll(async () => {
    reports = await Reports.start();
    result = asJournal(await replayCase(CASES[0]));
    page = await reports.open(reports.write("journal", reportPage(result)));
  }, 60_000);
  afterAll(async () => {
    expect(reports.complaints).toEqual([]);
    await reports.stop();
  });

  it("calls itself a journal and says of how many entries the outcome is known", async () => {
    expect(await page.title()).toBe("Risk journal: a bot");
    const known = result.counts.entries - result.counts.outcome_unknown;
    expect(await page.locator("#answer .answer").textContent()).toContain(`The outcome is known of ${known} of them.`);
    expect(await page.locator("#comparison .cautions").textContent()).toContain("A note.");
  });

  it("lists entries without an outcome, sorts by what is known, and explains them", async () => {
    const unknown = result.entries.filter(({ profit_abs }) => profit_abs === null);
    await page.selectOption("#filter-decision", "");
    const leading: number[] = [];
    for (let click = 0; click < 2; click++) {
      await page.getByRole("button", { name: "As run" }).click();
      const column = (await cells(page, ROWS)).map((row) => row.at(-2));
      const known = column.findIndex((text) => text !== "–");
      leading.push(known);
      // Together: none of them among those that are known.
      expect(column.slice(known).findLastIndex((text) => text !== "–")).toBe(
        column.slice(known).filter((text) => text !== "–").length - 1,
      );
    }
    expect(leading.sort((x, y) => x - y)).toEqual([0, unknown.length]);
    const [first] = unknown;
    await page.locator(`#entry-${first?.trade}-${first?.leg} button`).first().click();
    const detail = await page.locator(`#entry-${first?.trade}-${first?.leg}-why`).textContent();
    expect(detail).toContain("Resultnot known");
    expect(detail).toContain("Closednot known");
  });

  it("is accessible as far as axe can tell", async () => {
    await page.evaluate(AXE);
    const violations = await page.evaluate(async () => {
      const { violations: found } = await Reflect.get(globalThis, "axe").run();
      return found.map(({ id }: { id: string }) => id);
    });
    expect(violations).toEqual([]);
  });
});
