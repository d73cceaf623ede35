import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readBacktest } from "../../../src/replay/read/backtest.js";
import { measure, moneyIn, percent, time } from "../../../src/replay/report/format.js";
import { reportPage } from "../../../src/replay/report/page.js";
import { explain, verdict } from "../../../src/replay/report/words.js";
import type { Entry, ReplayResult } from "../../../src/replay/run/result.js";
import type { PairSeries } from "../../../src/replay/run/series.js";
import { CASES, DATADIR, replayOf } from "../fixture.js";
import { comparedPlacebo } from "../large.js";
import { cells, EXECUTABLE, Reports } from "./page.js";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const ROWS = "#ledger-table tbody tr.entry";

if (EXECUTABLE === null) process.stderr.write("no Chromium is installed: the report is not tried in a browser\n");

describe.skipIf(EXECUTABLE === null)("the report in Chromium", () => {
  let reports: Reports;
  let result: ReplayResult;
  let url: string;
  let page: Page;

  beforeAll(async () => {
    reports = await Reports.start();
    const backtest = await readBacktest(CASES[1].path, { strategy: CASES[1].strategy });
    const series: PairSeries[] = [];
    const charts = { max_points: 20_000, take: (one: PairSeries) => series.push(one) };
    result = { ...(await replayOf(backtest, [], DATADIR, charts)), placebo: comparedPlacebo(0.62) };
    url = reports.write("real", reportPage(result, series));
    page = await reports.open(url);
  }, 60_000);
  afterAll(async () => {
    expect(reports.complaints).toEqual([]);
    await reports.stop();
  });

  it("answers the question first, with three numbers among random gates", async () => {
    expect(await page.locator("#answer h2").textContent()).toBe(`${verdict(result)}.`);
    const { signedMoney } = moneyIn(result.source);
    const values = await page.locator("#answer .value").allTextContents();
    expect(values).toHaveLength(3);
    expect(values[0]).toBe(signedMoney(result.effect.profit_change_abs));
    expect(await page.locator("#answer svg.band").count()).toBeGreaterThanOrEqual(2);
    const box = await page.locator("#answer .numbers").boundingBox();
    expect((box?.y ?? 900) + (box?.height ?? 0)).toBeLessThan(900);
  });

  it("draws every chart and fills every table", async () => {
    for (const id of ["equity-chart", "drawdown-chart", "prices-chart"])
      expect(await inked(page, id)).toBeGreaterThan(1000);
    const tables = await page
      .locator("table:not(.u-legend)")
      .evaluateAll((found) => found.map((table) => [table.id, table.querySelectorAll("tbody tr").length] as const));
    expect(tables.length).toBeGreaterThan(8);
    expect(tables.filter(([, rows]) => rows === 0)).toEqual([]);
  });

  it("shows the same figures as the JSON", async () => {
    const { money, signedMoney } = moneyIn(result.source);
    const { without, with: gated, groups, calibration } = result;
    const comparison = await cells(page, "#comparison-table tbody tr");
    expect(comparison[2]).toEqual([
      `Profit, ${result.source.stake_currency}`,
      money(without.profit_abs),
      money(gated.profit_abs),
      signedMoney(gated.profit_abs - without.profit_abs),
    ]);
    expect(comparison[5]?.[2]).toBe(percent(gated.drawdown_marked.ratio));
    const byPair = await cells(page, "#by-pair-table tbody tr");
    expect(byPair.map(([pair, entries, , , , , , avoided]) => [pair, entries, avoided])).toEqual(
      groups.by_pair.map((group) => [group.key, String(group.entries), money(group.loss_avoided)]),
    );
    const coverage = await cells(page, "#calibration-table tbody tr");
    expect(coverage.map((row) => [row[0], row[4]])).toEqual(
      calibration.map((row) => [row.pair, row.exceedances.toLocaleString("en-US")]),
    );
    const run = await page.locator("#run").textContent();
    const hashes = result.source.candles.map(({ sha256 }) => sha256);
    for (const told of [result.gate.fingerprint, result.source.file_sha256, ...hashes]) expect(run).toContain(told);
  });

  it("lists every entry exactly as the JSON has it", async () => {
    const { money, signedMoney } = moneyIn(result.source);
    await page.selectOption("#filter-decision", "");
    const shown = await allPages(page);
    expect(shown).toEqual(
      byTime(result.entries).map((entry) => [
        time(entry.at_ms),
        entry.pair,
        entry.kind === "scale_in" ? `${entry.side}, scale-in` : entry.side,
        { allow: "allowed", reduce: "cut", deny: "denied", not_asked: "not asked" }[entry.decision],
        entry.decision === "not_asked" ? "trade_denied" : entry.reason,
        money(entry.stake),
        percent(entry.stake_allowed / entry.stake),
        signedMoney(entry.profit_abs),
        signedMoney((entry.profit_with ?? 0) - (entry.profit_abs ?? 0)),
      ]),
    );
  });

  it("explains a row by keyboard alone, and links to it", async () => {
    const own = await reports.open(url);
    const entry = byTime(result.entries).find(({ caps }) => caps.length > 0);
    if (entry === undefined) throw new Error("the fixture has no entry with a cap");
    const id = `entry-${entry.trade}-${entry.leg}`;
    await own.locator(`#${id} button`).focus();
    await own.keyboard.press("Enter");
    const why = own.locator(`#${id}-why`);
    expect(await why.locator(".why").textContent()).toBe(`${explain(entry)}.`);
    expect(await cells(own, `#${id}-why .caps tbody tr`)).toHaveLength(entry.caps.length);
    expect(await why.textContent()).toContain(`Volatility rank, 0 to 1${measure(entry.measures.sigma_rank)}`);
    expect(await own.locator(`#${id} button`).getAttribute("aria-expanded")).toBe("true");
    await own.keyboard.press("Tab");
    await own.keyboard.press("Enter");
    expect(await own.locator("#prices-pair").inputValue()).toBe(entry.pair);
    await own.locator(`#${id} button`).focus();
    await own.keyboard.press("Space");
    expect(await why.count()).toBe(0);
    await own.close();
    const linked = await reports.open(`${url}#${id}`);
    expect(await linked.locator(`#${id}-why`).isVisible()).toBe(true);
    await linked.close();
  });

  it("reads a chart out as the arrow keys move through it", async () => {
    await page.locator("#equity-chart").focus();
    await page.keyboard.press("End");
    const { money } = moneyIn(result.source);
    const last = result.equity.with.at(-1) ?? Number.NaN;
    expect(await page.locator("#equity-chart .spoken").textContent()).toContain(`with gate ${money(last)}`);
    await page.keyboard.press("ArrowLeft");
    expect(await page.locator("#equity-chart .spoken").textContent()).toMatch(/^2\d{3}-\d\d-\d\d \d\d:\d\d UTC: /);
  });

  it.each(["light", "dark"] as const)(
    "is accessible as far as axe can tell, %s",
    async (colorScheme) => {
      const own = await reports.open(url, { colorScheme });
      await own.locator(`${ROWS} button`).first().click();
      for (const summary of await own.locator("summary").all()) await summary.click();
      await own.evaluate(AXE);
      const violations = await own.evaluate(async () => {
        const { violations: found } = await Reflect.get(globalThis, "axe").run();
        return found.map((one: { id: string; nodes: { html: string }[] }) => [
          one.id,
          one.nodes.map(({ html }) => html),
        ]);
      });
      expect(violations).toEqual([]);
      await own.close();
    },
    60_000,
  );

  it("fits a phone of 360 px", async () => {
    const own = await reports.open(url, { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true });
    await own.locator(`${ROWS} button`).first().click();
    const widths = await own.evaluate(() => [
      document.documentElement.scrollWidth,
      document.body.scrollWidth,
      innerWidth,
    ]);
    expect(widths).toEqual([360, 360, 360]);
    await own.close();
  });

  it("changes the theme, charts included", async () => {
    const own = await reports.open(url, { colorScheme: "light" });
    const look = () => own.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const [light, canvas] = [await look(), await picture(own, "equity-chart")];
    await own.selectOption("#theme", "dark");
    expect(await look()).not.toBe(light);
    expect(await picture(own, "equity-chart")).not.toBe(canvas);
    await own.close();
  });

  it("prints everything, light, without controls", async () => {
    const own = await reports.open(url, { colorScheme: "dark" });
    await own.emulateMedia({ media: "print", colorScheme: "dark" });
    await own.evaluate(() => dispatchEvent(new Event("beforeprint")));
    expect(await own.locator("details:not([open])").count()).toBe(0);
    for (const hidden of ["nav", "#theme", "#ledger-next"]) expect(await own.locator(hidden).isVisible()).toBe(false);
    expect(await own.evaluate(() => getComputedStyle(document.body).backgroundColor)).toBe("rgb(255, 255, 255)");
    await own.evaluate(() => dispatchEvent(new Event("afterprint")));
    expect(await own.locator("details[open]").count()).toBe(0);
    await own.close();
  });
});

function byTime(entries: readonly Entry[]): Entry[] {
  return [...entries].sort((a, b) => a.at_ms - b.at_ms);
}

/** Cells of the rows of all pages of the ledger. */
async function allPages(page: Page): Promise<string[][]> {
  const found = await cells(page, ROWS);
  while (await page.locator("#ledger-next").isEnabled()) {
    await page.click("#ledger-next");
    found.push(...(await cells(page, ROWS)));
  }
  return found;
}

/** Pixels of a chart that something was drawn on. */
function inked(page: Page, id: string): Promise<number> {
  return page.locator(`#${id} canvas`).evaluate((canvas) => {
    if (!(canvas instanceof HTMLCanvasElement)) return 0;
    const { data } = canvas.getContext("2d")?.getImageData(0, 0, canvas.width, canvas.height) ?? { data: [] };
    return data.filter((_value: number, at: number) => at % 4 === 3 && (data[at] ?? 0) > 0).length;
  });
}

function picture(page: Page, id: string): Promise<string> {
  return page
    .locator(`#${id} canvas`)
    .evaluate((canvas) => (canvas instanceof HTMLCanvasElement ? canvas.toDataURL() : ""));
}
