import { expect, it } from "vitest";
import {
  cases,
  crashTable,
  distanceTable,
  effectTable,
  filled,
  type Row,
  rulesTable,
} from "../lib/replay-real-page.mjs";

const PLACES = ["real-effect", "real-rules", "real-distance", "real-crashes"];
const PAGE = PLACES.map((name) => `before\n<!-- ${name} -->\nold\n<!-- /${name} -->\n`).join("");
const side = (profit_abs: number, ratio: number) => ({
  profit_abs,
  profit_ratio: profit_abs / 1000,
  drawdown_closed: { ratio },
});
const crash = { kind: "named", entries: 4, affected: 3, account_change_without: -50, account_change_with: 10 };

function row(of: { strategy: string; timeframe: string; profile: string }, code = "abc"): Row {
  const replay = {
    source: { starting_balance: 1000 },
    counts: { entries: 100, reduced: 20, denied: 5, not_asked: 2 },
    without: side(-500, 0.6),
    with: side(-200, 0.3),
    effect: { stake_share: 0.8, figures: [{ figure: "profit_abs", low: -12, high: 345 }] },
    placebo: { status: "compared", measures: [{ measure: "profit_change", percentile: 0.954 }] },
    selection: { deflated: 0.987 },
    second_order: { side: side(-300, 0.4), slots: { full_share_without: 0.125, rejected_signals: 7 } },
    crises: [
      { ...crash, name: "a crash", market_change: -0.2 },
      { ...crash, name: "elsewhere", market_change: -0.01 },
      { ...crash, name: "2025-01-01", kind: "worst_day", market_change: -0.3 },
    ],
  };
  const parts = { in_both_abs: 150, only_ungated_abs: -60, only_gated_abs: 30 };
  const counts = { trades: 90, trades_in_both: 80, trades_only_gated: 10, trades_only_ungated: 20 };
  return { ...of, code, rules: replay, result: { ...replay, exact: { ...side(-320, 0.45), ...counts, parts } } };
}

const cells = (table: string) =>
  (table.split("\n")[2] ?? "").split(" | ").map((cell) => cell.replace(/^\| | \|$/g, ""));

it("writes every table from the rows, a row each", () => {
  const page = filled(
    PAGE,
    cases().map((of) => row(of)),
  );
  expect(page).not.toContain("old");
  expect(page.match(/^before$/gm)).toHaveLength(PLACES.length);
  expect(page.match(/^\| DcaGated, 1h, extreme \|/gm)).toHaveLength(PLACES.length);
});

it("tells what was measured, of the starting balance", () => {
  const rows = [row({ strategy: "S", timeframe: "5m", profile: "extreme" })];
  expect(cells(effectTable(rows))).toEqual([
    ...["S, 5m, extreme", "100", "20 / 7", "80.0 %", "−50.0 %", "−20.0 %", "−1.2 % … 34.5 %", "−30.0 %", "−32.0 %"],
    ...["60.0 % → 30.0 %", "95", "compared", "compared", "compared", "compared", "0.99"],
  ]);
  expect(cells(distanceTable(rows))).toEqual([
    ...["S, 5m, extreme", "+12.0 %", "+2.0 %", "+15.0 %", "−6.0 %", "+3.0 %", "80 / 10 / 20", "12.5 %", "7"],
    "30.0 % / 40.0 % / 45.0 %",
  ]);
  expect(cells(rulesTable(rows)).slice(0, 6)).toEqual([
    "S, 5m, extreme",
    "20 / 7",
    "80.0 %",
    "−50.0 %",
    "−20.0 %",
    "95",
  ]);
  const crashes = crashTable(rows);
  expect(cells(crashes)).toEqual(["S, 5m, extreme", "a crash", "−20.0 %", "4 / 3", "−5.0 %", "+1.0 %"]);
  expect(crashes.trim().split("\n")).toHaveLength(3);
});

it("refuses a table with rows missing, or of two versions, and a page without a place for it", () => {
  const rows = cases().map((of) => row(of));
  expect(() => filled(PAGE, rows.slice(1))).toThrow("not yet run: GateOnly, 5m, conservative");
  expect(() =>
    filled(PAGE, [row(cases()[0] ?? { strategy: "", timeframe: "", profile: "" }, "def"), ...rows.slice(1)]),
  ).toThrow("of different versions: def, abc");
  expect(() => filled("", rows)).toThrow("no place for the table real-rules");
});
