import { expect, it } from "vitest";
import { alike, type Line, PROFILES, type Run, sharesPage, summary } from "../lib/shares-page.mjs";

/** candles, affected, denied; signals, affected, denied; first signals, affected, denied */
const lines = (scale: number): Line[] => [
  ["ETH/USDT", "2025-02", 100, 10 * scale, scale, 10, 2 * scale, scale, 4, scale, scale],
  ["BTC/USDT", "2025-01", 200, 10 * scale, 0, 0, 0, 0, 0, 0, 0],
  ["BTC/USDT", "2025-02", 100, 0, 0, 10, scale, 0, 6, 0, 0],
];

function runs(strategy: string, shift = 0): Run[] {
  return PROFILES.map((profile, at) => ({
    timeframe: "5m",
    timerange: "20250101-20250301",
    profile,
    strategy,
    lines: lines(PROFILES.length - at + shift),
  }));
}

it("adds up shares over pairs and months", () => {
  expect(summary(runs("A"))).toEqual([
    share("conservative", [0.15, 0.0075], [0.45, 0.15], [0.3, 0.3]),
    share("aggressive", [0.1, 0.005], [0.3, 0.1], [0.2, 0.2]),
    share("extreme", [0.05, 0.0025], [0.15, 0.05], [0.1, 0.1]),
  ]);
});

function share(profile: string, candles: [number, number], signals: [number, number], first: [number, number]) {
  return {
    timeframe: "5m",
    profile,
    strategy: "A",
    candles: { count: 400, affected: candles[0], denied: candles[1] },
    signals: { count: 20, affected: signals[0], denied: signals[1] },
    first_signals: { count: 10, affected: first[0], denied: first[1] },
  };
}

it("has no share of nothing", () => {
  const [first] = summary([{ ...runs("A")[0], lines: [] } as Run]);
  expect(first?.signals).toEqual({ count: 0, affected: null, denied: null });
});

it("shows strategies with the same signals once, others apart", () => {
  const all = [...runs("A"), ...runs("B"), ...runs("C", 1)];
  expect(alike(all).map(({ names }) => names)).toEqual([["A", "B"], ["C"]]);
});

it("writes pairs, months, their cross and the nominal shares, the same for any order of lines", () => {
  const page = sharesPage(runs("A"));
  expect(page).toContain("| *nominal* | | 21.0 % |  | 12.5 % | 0.0 % | 12.5 % | 0.0 % |");
  expect(page).toContain("| A | 5m, every signal | 45.0 % | 15.0 % | 30.0 % | 10.0 % | 15.0 % | 5.0 % |");
  expect(page).toContain("| A | 5m, first signals | 30.0 % | 30.0 % |");
  expect(page).toContain("| ETH/USDT | 10 | 60.0 % | 30.0 % | 40.0 % | 20.0 % | 20.0 % | 10.0 % |");
  expect(page).toContain("| 2025-01 | 200 | 15.0 % | 0.0 % | 10.0 % | 0.0 % | 5.0 % | 0.0 % |");
  expect(page).toContain("| **all** | 400 | 15.0 % | 0.8 % |");
  expect(page).toContain("| month | BTC | ETH |");
  expect(page).toContain("| 2025-01 | – | – |");
  expect(page).toContain("| 2025-02 | 30 / 20 of 10 | 60 / 40 of 10 |");
  expect(sharesPage(runs("A").map((run) => ({ ...run, lines: [...run.lines].reverse() })))).toBe(page);
});
