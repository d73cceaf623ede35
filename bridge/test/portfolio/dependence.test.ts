/** What moves together: held to numpy and scipy (goldens/dependence.py) and to published numbers. */
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Position } from "../../src/gate/types.js";
import {
  bookRisk,
  bookShortfall,
  ES_PER_SIGMA,
  shortfallWith,
  stakeWithinShortfall,
} from "../../src/portfolio/book_es.js";
import { closeGrid, lastOnGrid } from "../../src/portfolio/close_grid.js";
import { type CloseBook, type CloseRow, newestClose, withCloses } from "../../src/portfolio/closes.js";
import { clusterExposure, clustersOf } from "../../src/portfolio/clusters.js";
import { type Dependence, dependenceAt } from "../../src/portfolio/dependence.js";
import { betsHeld, effectiveBets, eigenvaluesOf } from "../../src/portfolio/effective_bets.js";
import { LIMITS } from "../../src/protocol/codes.js";

interface Case {
  readonly series: string;
  readonly positions: readonly [string, "long" | "short", number, number][];
  readonly entry: readonly [string, "long" | "short", number];
  readonly equity: number;
  readonly hours: number;
  readonly budget: number;
  readonly threshold: number;
  readonly pairs: readonly string[];
  readonly sigmas: readonly number[];
  readonly correlations: readonly (number | null)[];
  readonly clusters: readonly (readonly string[])[];
  readonly cluster_exposure: number;
  readonly es_before: number;
  readonly es_at_100: number | null;
  readonly stake: number;
  readonly entropy: number;
  readonly participation: number;
  readonly risks: readonly number[];
  readonly by_variance: number;
}
const goldens: {
  readonly es_per_sigma: number;
  readonly step_s: number;
  readonly now_ms: number;
  readonly series: Readonly<Record<string, readonly CloseRow[]>>;
  readonly cases: readonly Case[];
} = JSON.parse(readFileSync(new URL("goldens/dependence.json", import.meta.url), "utf8"));
const { step_s, now_ms } = goldens;
const STEP_MS = step_s * 1000;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

const closesOf = (name: string) => withCloses(null, { step_s, keep: LIMITS.closes, rows: goldens.series[name] ?? [] });
const positionsOf = ({ positions }: Case): Position[] =>
  positions.map(([pair, side, stake, leverage]) => ({ pair, side, stake, leverage, state: "open", loss: 1 }));
/** Within 1e-10 of a number, as a share of it. */
const near = (value: number | undefined, golden: number) =>
  expect(Math.abs((value ?? Number.NaN) - golden)).toBeLessThanOrEqual(1e-10 * Math.max(1e-12, Math.abs(golden)));

describe.each(goldens.cases)("of $series closes, an entry $entry", (golden) => {
  const dependence = dependenceAt(closesOf(golden.series), now_ms);
  const [pair, side, leverage] = golden.entry;
  const positions = positionsOf(golden);

  it("volatilities and shrunk correlations", () => {
    expect([...dependence.places.keys()]).toEqual(golden.pairs);
    golden.sigmas.forEach((sigma, i) => {
      near(dependence.sigmas[i], sigma);
    });
    golden.correlations.forEach((correlation, i) => {
      if (correlation === null) expect(dependence.correlations[i]).toBeNaN();
      else near(dependence.correlations[i], correlation);
    });
  });

  it("clusters, and the exposure of the entry's", () => {
    const found = clustersOf(golden.pairs, dependence, golden.threshold);
    const groups = [...new Set(found.values())].map((own) => golden.pairs.filter((name) => found.get(name) === own));
    const sorted = (lists: Iterable<readonly string[]>) => [...lists].map((list) => [...list].sort()).sort();
    expect(sorted(groups)).toEqual(sorted(golden.clusters));
    expect(clusterExposure(positions, pair, side, dependence, golden.threshold)).toBe(golden.cluster_exposure);
  });

  it("expected shortfall before and after, and the stake that keeps it within its budget", () => {
    const horizon_ms = golden.hours * HOUR_MS;
    const risk = bookRisk(positions, { pair, side, leverage }, dependence, horizon_ms);
    near(bookShortfall(positions, dependence, horizon_ms), golden.es_before);
    if (golden.es_at_100 === null) expect(shortfallWith(risk, 100)).toBeNaN();
    else near(shortfallWith(risk, 100), golden.es_at_100);
    const budget = golden.budget * golden.equity;
    const stake = stakeWithinShortfall(risk, budget);
    near(stake, golden.stake);
    if (stake > 0) near(shortfallWith(risk, stake), budget);
  });

  it("effective bets", () => {
    const bets = effectiveBets(
      dependence.correlations.map((one) => (Number.isNaN(one) ? 1 : one)),
      golden.risks,
    );
    near(bets.entropy, golden.entropy);
    near(bets.participation, golden.participation);
    near(bets.by_variance, golden.by_variance);
  });
});

describe("published numbers", () => {
  it("the expected shortfall of Student's t by its density's integral", () => near(ES_PER_SIGMA, goldens.es_per_sigma));

  it("effective bets of three pairs: 1.7525 by entropy, 1.4095 by participation", () => {
    const matrix = Float64Array.of(1, 0.8, 0.7, 0.8, 1, 0.75, 0.7, 0.75, 1);
    const bets = effectiveBets(matrix, [1, 1, 1]);
    expect(bets.entropy).toBeCloseTo(1.7524704901, 10);
    expect(bets.participation).toBeCloseTo(1.4095536413, 10);
  });

  it("ten pairs that correlate by 0.8 are 1.2195 bets by variance; independent ones are ten", () => {
    const equal = (size: number, rho: number) =>
      Float64Array.from({ length: size * size }, (_, at) => (at % (size + 1) === 0 ? 1 : rho));
    expect(effectiveBets(equal(10, 0.8), Array(10).fill(1)).by_variance).toBeCloseTo(10 / (1 + 9 * 0.8), 12);
    const { entropy, participation, by_variance } = effectiveBets(equal(10, 0), Array(10).fill(1));
    for (const bets of [entropy, participation, by_variance]) expect(bets).toBeCloseTo(10, 12);
    const values = eigenvaluesOf(equal(10, 0.8), 10).sort((a, b) => a - b);
    expect(values.at(-1)).toBeCloseTo(8.2, 12);
    expect(values[0]).toBeCloseTo(0.2, 12);
  });
});

it("effective bets are reckoned once per portfolio and version of the closes: whoever watches asks every second", () => {
  const rows = (closes: readonly number[]): CloseRow[] => [["A/X", 60 * HOUR_MS, closes]];
  const closes = Array.from({ length: 60 }, (_, i) => 100 + (i % 7));
  const dependence = (list: readonly number[]) =>
    dependenceAt(withCloses(null, { step_s: 3600, keep: 97, rows: rows(list) }), 60 * HOUR_MS);
  const position: Position = { pair: "A/X", side: "long", stake: 10, leverage: 1, state: "open", loss: Number.NaN };
  const [held, known] = [[position], dependence(closes)];
  const bets = betsHeld(held, known);
  expect(bets).toMatchObject({ pairs: 1, participation: 1 });
  expect(betsHeld(held, known)).toBe(bets);
  expect(betsHeld([position], known)).not.toBe(bets);
  expect(betsHeld([], known)).toBeNull();
  expect(betsHeld(held, dependence(closes.slice(1)))).not.toBe(bets);
  expect(betsHeld(held, dependenceAt(null, 0))).toBeNull();
});

describe("closes as they come in", () => {
  const all = goldens.series.plain ?? [];
  const whole = closesOf("plain");

  /** Closes of every pair from one step to another, of those that `all` tells. */
  const part = (from: number, to: number): CloseRow[] =>
    all.map(([pair, until_ms, closes]) => [pair, until_ms - (closes.length - to) * STEP_MS, closes.slice(from, to)]);
  const seriesOf = (book: CloseBook) => Object.fromEntries(book.series);

  it("in parts, twice or all at once make the same book", () => {
    const parts = fc.array(fc.tuple(fc.nat({ max: 40 }), fc.nat({ max: 40 })), { maxLength: 6 });
    fc.assert(
      fc.property(parts, (steps) => {
        let book = withCloses(null, { step_s, keep: LIMITS.closes, rows: part(0, 20) });
        let until = 20;
        for (const [overlap, more] of steps) {
          const to = Math.min(82, until + more);
          const from = Math.max(0, until - overlap);
          if (from === to || to < until) continue;
          book = withCloses(book, { step_s, keep: LIMITS.closes, rows: part(from, to) });
          until = to;
        }
        book = withCloses(book, {
          step_s,
          keep: LIMITS.closes,
          rows: part(until, 82).filter(([, , closes]) => closes.length > 0),
        });
        expect(seriesOf(book)).toEqual(seriesOf(whole));
      }),
      { numRuns: 200, seed: 20_251_129 },
    );
  });

  it("pair by pair and hour by hour give the bits that all at once do", () => {
    let book: CloseBook | null = null;
    const told = (rows: readonly CloseRow[]) => {
      book = withCloses(book, { step_s, keep: 50, rows });
      return dependenceAt(book, now_ms);
    };
    for (const row of [...part(0, 60), ...part(60, 61), ...part(61, 82)]) told([row]);
    const fresh = withCloses(null, { step_s, keep: 50, rows: part(32, 82) });
    expect(told([])).toEqual(dependenceAt(fresh, now_ms));
    expect(dependenceAt(fresh, now_ms).places.size).toBe(5);
  });

  it("after a gap, or from before, take the place of what was known", () => {
    const early = withCloses(null, { step_s, keep: LIMITS.closes, rows: part(0, 40) });
    expect(seriesOf(withCloses(early, { step_s, keep: LIMITS.closes, rows: part(41, 82) }))).toEqual(
      seriesOf(withCloses(null, { step_s, keep: LIMITS.closes, rows: part(41, 82) })),
    );
    expect(seriesOf(withCloses(whole, { step_s, keep: LIMITS.closes, rows: part(0, 40) }))).toEqual(seriesOf(early));
  });

  it("on another grid begin a new book", () => {
    const [[pair, until_ms, closes] = ["", 0, []]] = all;
    const other = [["X/Y", until_ms, closes]] as const;
    expect([...withCloses(whole, { step_s: 1800, keep: 97, rows: other }).series.keys()]).toEqual(["X/Y"]);
    const shifted = [[pair, until_ms + 60_000, closes]] as const;
    expect([...withCloses(whole, { step_s, keep: LIMITS.closes, rows: shifted }).series.keys()]).toEqual([pair]);
  });

  it("are bounded: the newest of a pair, and the pairs told last", () => {
    let book = withCloses(null, { step_s, keep: LIMITS.closes, rows: [] });
    const told = LIMITS.closes + 3;
    for (let i = 0; i < told; i++) {
      book = withCloses(book, {
        step_s,
        keep: LIMITS.closes,
        rows: [[`P${i}/Q`, now_ms, Array(LIMITS.closes).fill(1 + i)]],
      });
      book = withCloses(book, { step_s, keep: LIMITS.closes, rows: [["OWN/Q", now_ms + STEP_MS * i, [5 + i]]] });
    }
    expect(book.series.size).toBe(LIMITS.close_pairs_kept);
    const oldest = told - LIMITS.close_pairs_kept + 1;
    expect([book.series.has(`P${oldest - 1}/Q`), book.series.has(`P${oldest}/Q`)]).toEqual([false, true]);
    const { until_ms = 0, closes = [] } = book.series.get("OWN/Q") ?? {};
    expect([closes.length, closes[0], closes.at(-1)]).toEqual([LIMITS.closes, 5 + 3, 5 + told - 1]);
    expect(until_ms).toBe(now_ms + STEP_MS * (told - 1));
    expect(newestClose(book)).toBe(until_ms);
  });
});

describe("what is not known", () => {
  const book = closesOf("plain");
  const dependence = dependenceAt(book, now_ms);
  const unknown = dependenceAt(null, now_ms);
  const held: Position[] = [
    { pair: "BTC/USDT", side: "long", stake: 100, leverage: 2, state: "open", loss: 1 },
    { pair: "ETH/USDT", side: "short", stake: 50, leverage: 1, state: "pending", loss: 1 },
  ];

  it("is everything once the closes are a day old, and nothing a moment earlier", () => {
    expect(dependenceAt(book, now_ms + 24 * STEP_MS).places.size).toBe(5);
    expect(dependenceAt(book, now_ms + 24 * STEP_MS + 1).places.size).toBe(0);
  });

  it("counts as moving along, whole and whichever its side", () => {
    expect(clusterExposure(held, "SOL/USDT", "long", unknown, 0.7)).toBe(250);
    expect(clusterExposure(held, "NEVER/USDT", "short", dependence, 0.7)).toBe(250);
    expect(clusterExposure(held, "BTC/USDT", "short", unknown, 0.7)).toBe(50);
    expect(bookShortfall(held, unknown, HOUR_MS)).toBe(250);
  });

  it("denies where it is the entry's own", () => {
    const risk = bookRisk(held, { pair: "NEVER/USDT", side: "long", leverage: 1 }, dependence, HOUR_MS);
    expect(stakeWithinShortfall(risk, 1e9)).toBe(0);
    expect(shortfallWith(risk, 1)).toBeNaN();
  });

  it("is computed once per version of the closes", () => {
    expect(dependenceAt(book, now_ms + 1)).toBe(dependence);
    expect(dependenceAt(closesOf("plain"), now_ms)).not.toBe(dependence);
  });
});

describe("a book", () => {
  const known = dependenceAt(closesOf("plain"), now_ms);
  const pairs = fc.constantFrom("BTC/USDT", "ETH/USDT", "SOL/USDT", "XMR/USDT", "INV/USDT", "NEVER/USDT");
  const positions: fc.Arbitrary<Position> = fc.record({
    pair: pairs,
    side: fc.constantFrom("long" as const, "short" as const),
    stake: fc.double({ min: 0, max: 1e4, noNaN: true }),
    leverage: fc.double({ min: 1, max: 20, noNaN: true }),
    state: fc.constantFrom("open" as const, "pending" as const),
    loss: fc.constant(1),
  });
  const entries = fc.record({
    pair: pairs,
    side: fc.constantFrom("long" as const, "short" as const),
    leverage: fc.double({ min: 1, max: 20, noNaN: true }),
  });

  it("has a shortfall no smaller than its variance gives, that grows with every position and every correlation", () => {
    const book = fc.array(positions, { maxLength: 8 });
    fc.assert(
      fc.property(book, positions, entries, fc.double({ min: 0, max: 1, noNaN: true }), (held, more, entry, rho) => {
        const horizon_ms = 24 * HOUR_MS;
        const at = (list: readonly Position[], dependence: Dependence) =>
          stakeWithinShortfall(bookRisk(list, entry, dependence, horizon_ms), 5000);
        expect(at([...held, more], known)).toBeLessThanOrEqual(at(held, known) * (1 + 1e-12));
        expect(bookShortfall([...held, more], known, horizon_ms)).toBeGreaterThanOrEqual(
          bookShortfall(held, known, horizon_ms) * (1 - 1e-12),
        );
        // Correlations moved towards −1 or 1: what hedges is not counted, what adds counts more.
        const stronger = { ...known, correlations: known.correlations.map((r) => r + rho * (Math.sign(r) - r)) };
        expect(at(held, stronger)).toBeLessThanOrEqual(at(held, known) * (1 + 1e-12));
      }),
      { numRuns: 500, seed: 20_251_129 },
    );
  });
});

describe("the grid of closes", () => {
  const MINUTE_MS = 60_000;

  it.each([
    [1, 990, 12, 82],
    [3, 990, 36, 82],
    [5, 990, 60, 82],
    [5, 590, 60, 49],
    [15, 990, 60, 97],
    [60, 990, 60, 97],
    [240, 590, 240, 97],
  ])("of %i-minute candles and %i rows is as the shim's: %i minutes, %i closes", (minutes, rows, step, count) => {
    expect(closeGrid(minutes * MINUTE_MS, rows)).toEqual({ step_ms: step * MINUTE_MS, count });
  });

  it("ends where the signal candle has closed", () => {
    const grid = closeGrid(5 * MINUTE_MS, 990);
    const at = (minutes: number) => lastOnGrid(grid, 5 * MINUTE_MS, DAY_MS + minutes * MINUTE_MS) - DAY_MS;
    expect([at(55), at(50), at(0)]).toEqual([HOUR_MS, 0, 0]);
    const week_ms = 7 * DAY_MS;
    const monday_ms = 4 * DAY_MS + 2000 * week_ms;
    expect(lastOnGrid(closeGrid(week_ms, 990), week_ms, monday_ms)).toBe(monday_ms + week_ms);
  });
});
