import { createHash } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import { readBacktest } from "../../src/replay/read/backtest.js";
import { keptEntries } from "../../src/replay/report/data/page_data.js";
import { escapeHtml, html, scriptJson } from "../../src/replay/report/escape.js";
import { measure, moneyIn, percent, points, price, signedCount, time } from "../../src/replay/report/format.js";
import { MAX_PRICE_POINTS, reportPage } from "../../src/replay/report/page.js";
import { terminalSummary } from "../../src/replay/report/terminal.js";
import { againstChance, answer, explain, verdict } from "../../src/replay/report/words.js";
import type { ReplayResult } from "../../src/replay/run/result.js";
import { CASES, FUTURES, replayCase, replayOf } from "./fixture.js";
import { comparedPlacebo, largeResult, largeSeries } from "./large.js";

const EVIL = `</script><script>alert(1)</script><img src=x onerror="alert(2)">'&`;

let result: ReplayResult;
let page: string;
beforeAll(async () => {
  result = await replayCase(CASES[1]);
  page = reportPage(result);
});

/** Texts of all elements of a name, as the browser's parser would cut them. */
function elements(text: string, name: string): string[] {
  return [...text.matchAll(new RegExp(`<${name}(?: [^>]*)?>([\\s\\S]*?)</${name}>`, "g"))].map(
    (match) => match[1] ?? "",
  );
}

function hash(text: string): string {
  return `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
}

describe("the page", () => {
  it("needs and allows nothing from outside", () => {
    const policy = /Content-Security-Policy" content="([^"]*)"/.exec(page)?.[1]?.replaceAll("&#39;", "'") ?? "";
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toContain("unsafe");
    const [data, ...scripts] = elements(page, "script");
    expect(scripts).toHaveLength(1);
    for (const script of scripts) expect(policy).toContain(hash(script));
    for (const style of elements(page, "style")) expect(policy).toContain(hash(style));
    const equity = Buffer.from(JSON.parse(data ?? "").equity.without, "base64");
    expect(equity.byteLength).toBe(8 * result.equity.without.length);
    const markup = page.replaceAll(/<(script|style)[\s\S]*?<\/\1>/g, "");
    expect(markup).not.toMatch(/\s(?:src|action)=|\shref="[^#]|url\(|\sstyle=|\son[a-z]+=/);
  });

  it("shows the figures of the result", () => {
    const text = page.replaceAll(/<[^>]*>/g, " ");
    const { without, with: gated } = result;
    const { money, signedMoney } = moneyIn(result.source);
    const shown = [
      ...[without, gated].flatMap((side) => [
        money(side.profit_abs),
        percent(side.profit_ratio),
        percent(side.drawdown_closed.ratio),
        percent(side.drawdown_marked.ratio),
        percent(side.adverse_excursion.weighted, 2),
      ]),
      signedMoney(result.effect.profit_change_abs),
      result.gate.fingerprint,
    ];
    for (const figure of shown) expect(text).toContain(figure);
    expect(page).toContain(escapeHtml(answer(result)));
    expect(page).toContain(escapeHtml(againstChance(result)));
  });

  it("makes no markup of names, tags and settings", () => {
    const evil: ReplayResult = {
      ...result,
      source: { ...result.source, file: EVIL, strategy: EVIL, exchange: EVIL, timerange: EVIL, stake_currency: EVIL },
      gate: { ...result.gate, settings_from: [EVIL], settings: { profile: EVIL } },
      counts: { ...result.counts, by_reason: [{ reason: EVIL, denied: 1, reduced: 0 }] },
      entries: result.entries.map((entry) => ({
        ...entry,
        pair: EVIL,
        enter_tag: EVIL,
        exit_reason: EVIL,
        reason: EVIL,
      })),
    };
    const text = reportPage(evil);
    expect(elements(text, "script")).toHaveLength(2);
    const count = (of: string, what: RegExp): number => [...of.matchAll(what)].length;
    expect(count(text, /<script/gi)).toBe(count(page, /<script/gi));
    expect(text).not.toContain("<img");
    expect(text).not.toContain('onerror="');
    expect(elements(text, "title")).toEqual([escapeHtml(`Risk replay: ${EVIL}`)]);
    expect(JSON.parse(elements(text, "script")[0] ?? "").currency).toBe(EVIL);
  });

  it("stays small with many entries, and says which it leaves out", () => {
    const large = largeResult(result, 12_000, 20);
    const text = reportPage(large, largeSeries(20, MAX_PRICE_POINTS / 20));
    expect(text.length).toBeLessThan(3_000_000);
    expect(JSON.parse(elements(text, "script")[0] ?? "").entries).toMatchObject({ rows: 10_000, of: 12_000 });
    expect(text).toContain("This page carries the 10,000 entries whose profit the gate changes most, of 12,000");
    const effects = large.entries
      .map((entry) => Math.abs((entry.profit_with ?? 0) - (entry.profit_abs ?? 0)))
      .sort((a, b) => b - a);
    const kept = keptEntries(large.entries).map((entry) =>
      Math.abs((entry.profit_with ?? 0) - (entry.profit_abs ?? 0)),
    );
    expect(Math.min(...kept)).toBe(effects[9999]);
  });

  it("colours a number only where chance does not do as well", () => {
    const numbers = (percentile: number): string =>
      elements(reportPage({ ...result, placebo: comparedPlacebo(percentile) }), "section")[0] ?? "";
    expect(numbers(0.94)).not.toMatch(/class="value (good|bad)"/);
    expect(numbers(0.96)).toContain('class="value good"');
    expect(numbers(0.04)).toContain('class="value bad"');
  });

  it("says so when nothing was changed", async () => {
    const untouched = await replayCase(CASES[0], ["rules=[]", "portfolio_limits=off"]);
    const text = reportPage(untouched);
    expect(text).toContain("would not have changed any");
    expect(terminalSummary(untouched)).toContain("Nothing was cut");
  });
});

describe("words", () => {
  const compared = (percentile: number): ReplayResult => ({ ...result, placebo: comparedPlacebo(percentile) });

  it("claim nothing that chance explains", () => {
    expect(againstChance(result)).toContain("Sample too small");
    expect(againstChance(compared(0.8))).toContain("Not distinguishable from chance");
    expect(againstChance(compared(0.97))).toContain("a hint, not proof");
    expect(againstChance(compared(0.02))).toContain("worse than most");
    expect(verdict(result)).toContain("too small");
    expect(verdict(compared(0.5))).toContain("cannot be told from chance");
    expect(verdict(compared(0.95))).toContain("a hint, not proof");
    expect(verdict(compared(0.05))).toContain("worse than chance");
  });

  it("name what binds with its value and limit", () => {
    expect(explain({ decision: "deny", reason: "drawdown", value: 0.213, limit: 0.2 })).toBe(
      "Equity is 21.3\u00a0% below its high-water mark, limit 20.0\u00a0%",
    );
    expect(explain({ decision: "not_asked", reason: "ok", value: null, limit: null })).toContain("Scale-in");
    expect(explain({ decision: "deny", reason: "halted", value: null, limit: null })).toContain("HALTED");
    expect(explain({ decision: "deny", reason: "of another version", value: null, limit: null })).toBe(
      "of another version",
    );
  });

  it("mention what is special about the input", async () => {
    const futures = await replayCase(CASES[2]);
    expect(terminalSummary(futures)).toContain("Funding of open positions");
    expect(terminalSummary(futures)).toContain("closed only because the backtest ended");
    const backtest = await readBacktest(FUTURES);
    const bare = backtest.trades.map((trade) => ({ ...trade, has_orders: false }));
    const old = await replayOf({ ...backtest, trades: bare, timeframe_detail: "5m" });
    expect(terminalSummary(old)).toContain(`${bare.length} trades come without orders`);
    expect(terminalSummary(old)).toContain("--timeframe-detail 5m");
  });
});

it("escapes by construction", () => {
  expect(html`<b>${EVIL}</b>${[html`<i>`, html`</i>`]}`.text).toBe(`<b>${escapeHtml(EVIL)}</b><i></i>`);
  expect(escapeHtml(EVIL)).not.toMatch(/[<>"']/);
  const text = scriptJson({ a: EVIL, b: "<!--" }).text;
  expect(text).not.toContain("<");
  expect(JSON.parse(text)).toEqual({ a: EVIL, b: "<!--" });
});

it("formats numbers", () => {
  const { money, signedMoney } = moneyIn({ starting_balance: 1000 });
  expect([money(-1234.5), money(0), money(-0.001), money(null), money(Number.NaN)]).toEqual([
    "−1,234.50",
    "0.00",
    "0.00",
    "–",
    "–",
  ]);
  expect([signedMoney(2), signedMoney(-2), signedMoney(0), signedMoney(0.001)]).toEqual([
    "+2.00",
    "−2.00",
    "0.00",
    "0.00",
  ]);
  expect(moneyIn({ starting_balance: 1 }).money(0.0123)).toBe("0.01230");
  expect(moneyIn({ starting_balance: 0.01 }).signedMoney(0.0000123)).toBe("+0.0000123");
  expect([price(109_876.54), price(0.000012345678), price(null)]).toEqual(["109,877", "0.0000123457", "–"]);
  expect([signedCount(3), signedCount(-1200), signedCount(0)]).toEqual(["+3", "−1,200", "0"]);
  expect([percent(-0.0001), percent(0.1234, 2)]).toEqual(["0.0\u00a0%", "12.34\u00a0%"]);
  expect([points(0.0123), points(-0.0123), points(0.00001)]).toEqual(["+1.2\u00a0pp", "−1.2\u00a0pp", "0.0\u00a0pp"]);
  expect([measure(1234.5), measure(-0.0012345)]).toEqual(["1,230", "−0.00123"]);
  expect(time(Date.UTC(2025, 9, 10, 21, 15))).toBe("2025-10-10 21:15");
});
