import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MAX_PRICE_POINTS, reportPage } from "../../../src/replay/report/page.js";
import type { Entry, ReplayResult } from "../../../src/replay/run/result.js";
import { CASES, replayCase } from "../fixture.js";
import { largeResult, largeSeries } from "../large.js";
import { cells, EXECUTABLE, Reports } from "./page.js";

const [ENTRIES, PAIRS, PAGE_ROWS] = [5000, 20, 25];
const ROWS = "#ledger-table tbody tr.entry";
const COLUMNS: readonly (readonly [label: string, key: (entry: Entry) => number | string])[] = [
  ["Time (UTC)", (entry) => entry.at_ms],
  ["Pair", (entry) => entry.pair],
  ["Order", (entry) => entry.side],
  ["Decision", (entry) => entry.decision],
  ["Reason", (entry) => entry.reason],
  ["Stake", (entry) => entry.stake],
  ["Let through", (entry) => entry.stake_allowed / entry.stake],
  ["As run", (entry) => entry.profit_abs ?? 0],
  ["Change", (entry) => (entry.profit_with ?? 0) - (entry.profit_abs ?? 0)],
];

describe.skipIf(EXECUTABLE === null)("a report of 5,000 trades over 20 pairs", () => {
  let reports: Reports;
  let result: ReplayResult;
  let page: Page;

  beforeAll(async () => {
    reports = await Reports.start();
    result = largeResult(await replayCase(CASES[0]), ENTRIES, PAIRS);
    const html = reportPage(result, largeSeries(PAIRS, MAX_PRICE_POINTS / PAIRS));
    expect(html.length).toBeLessThan(3_000_000);
    page = await reports.open(reports.write("large", html));
    const ready = await page.evaluate(() => document.documentElement.dataset.ready);
    process.stderr.write(
      `report of 5,000 trades: ${html.length} bytes, interactive ${ready} ms after navigation began\n`,
    );
  }, 60_000);
  afterAll(async () => {
    expect(reports.complaints).toEqual([]);
    await reports.stop();
  });

  it("keeps only the rows that are shown", async () => {
    await page.selectOption("#filter-decision", "");
    expect(await page.locator(ROWS).count()).toBe(PAGE_ROWS);
    expect(await page.locator("#ledger-shown").textContent()).toBe("1–25 of 5,000 entries");
    await page.locator("#ledger-next").focus();
    await page.keyboard.press("Enter");
    expect(await page.locator("#ledger-shown").textContent()).toBe("26–50 of 5,000 entries");
    expect(await page.locator(ROWS).count()).toBe(PAGE_ROWS);
    await page.click("#ledger-previous");
  });

  it.each(COLUMNS)("sorts by %s, both ways", async (label, key) => {
    const heading = page.locator("#ledger-table thead th", { hasText: label });
    const sorted = (sign: number): string[] =>
      [...result.entries]
        .sort((a, b) => sign * compare(key(a), key(b)) || a.at_ms - b.at_ms)
        .slice(0, PAGE_ROWS)
        .map((entry) => `entry-${entry.trade}-${entry.leg}`);
    const shown = () => page.locator(ROWS).evaluateAll((rows) => rows.map(({ id }) => id));
    // Time is what it is sorted by at first.
    if (label !== "Time (UTC)") await heading.getByRole("button").click();
    expect(await heading.getAttribute("aria-sort")).toBe("ascending");
    expect(await shown()).toEqual(sorted(1));
    await heading.getByRole("button").click();
    expect(await heading.getAttribute("aria-sort")).toBe("descending");
    expect(await shown()).toEqual(sorted(-1));
  });

  it.each([
    ["decision", "stopped or cut", (entry: Entry) => entry.decision !== "allow"],
    ["decision", "deny", (entry: Entry) => entry.decision === "deny"],
    ["pair", "COIN7/USDT", (entry: Entry) => entry.pair === "COIN7/USDT"],
    ["side", "short", (entry: Entry) => entry.side === "short"],
    ["reason", "drawdown", (entry: Entry) => entry.reason === "drawdown"],
    ["month", "2025-10", (entry: Entry) => new Date(entry.at_ms).toISOString().startsWith("2025-10")],
  ] as const)("filters by %s: %s", async (filter, value, fits) => {
    await page.selectOption("#filter-decision", "");
    await page.selectOption(`#filter-${filter}`, value);
    const count = result.entries.filter(fits).length;
    expect(count).toBeGreaterThan(PAGE_ROWS);
    expect(await page.locator("#ledger-shown").textContent()).toBe(
      `1–25 of ${count.toLocaleString("en-US")} entries (5,000 in all)`,
    );
    await page.selectOption(`#filter-${filter}`, "");
  });

  it("searches tags and exit reasons, together with a filter, and says when nothing fits", async () => {
    await page.fill("#filter-search", "TAG 3");
    await page.selectOption("#filter-side", "long");
    const count = result.entries.filter(({ enter_tag, side }) => enter_tag === "tag 3" && side === "long").length;
    expect(await page.locator("#ledger-shown").textContent()).toContain(`of ${count} entries`);
    await page.fill("#filter-search", "no such tag");
    expect(await page.locator("#ledger-shown").textContent()).toBe("No entry fits, of 5,000");
    expect(await cells(page, ROWS)).toEqual([]);
  });

  it("draws the prices of any pair", async () => {
    const pictures = new Set<string>();
    for (const pair of ["COIN0/USDT", "COIN19/USDT"]) {
      await page.selectOption("#prices-pair", pair);
      pictures.add(
        await page.locator("#prices-chart canvas").evaluate((canvas) => (canvas as HTMLCanvasElement).toDataURL()),
      );
    }
    expect(pictures.size).toBe(2);
  });
});

function compare(a: number | string, b: number | string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
