/** The equity samples of a backtest, valued late, against those taken on every candle with freqtrade's own books. */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { type Exchange, startExchange } from "./harness/exchange.js";
import { freqtrade } from "./harness/freqtrade.js";
import { readJournals } from "./harness/journal.js";
import { derivedMarket, syntheticMarket } from "./harness/market.js";
import { makeUserDir, type UserDir } from "./harness/userdir.js";

const RUN_MS = 180_000;
const HOUR_MS = 3_600_000;
/** freqtrade rounds each trade's profit to 1e-8. */
const ROUNDING = 1e-6;

let exchange: Exchange;
let user: UserDir | undefined;

beforeAll(async () => {
  const { pairs } = await syntheticMarket();
  exchange = await startExchange(pairs);
}, RUN_MS);

afterEach(() => user?.remove());

afterAll(() => exchange?.stop());

interface Note {
  readonly t_ms: number;
  readonly equity: number;
  readonly open: number;
}

it.each([
  { name: "5-minute candles", detail: false, least: { hours: 200, held: 30, fills: 20 } },
  { name: "fills within 1-minute candles", detail: true, least: { hours: 40, held: 10, fills: 5 } },
])(
  "every hour and every fill is sampled once, at what the account was worth then: $name",
  async ({ detail, least }) => {
    const derived = await derivedMarket();
    const market = detail ? { ...derived, pairs: derived.spot } : await syntheticMarket();
    user = makeUserDir({ datadir: market.datadir, pairs: market.pairs, exchange: exchange.url });
    const notesFile = join(user.root, "notes.jsonl");
    const done = await freqtrade("backtesting", {
      user,
      env: { TALEBRIDGE_E2E_NOTES: notesFile },
      args: [
        ...["--strategy", "DipsMarks", "--timerange", market.timerange, "--cache", "none", "--export", "none"],
        ...(detail ? ["--timeframe-detail", "1m"] : []),
      ],
      timeout_ms: RUN_MS,
    });
    expect(done.code, done.stderr.slice(-4000)).toBe(0);
    const notes: readonly Note[] = lines(notesFile);
    const truth = new Map(notes.map((note) => [note.t_ms, note]));

    const samples = samplesOf(user.journals);
    const asked = new Set(readJournals(user.journals).gates.map((line) => line.now_ms));
    // After a fill and a question within one candle the sample is that of the question, which sees one candle more.
    const checked = samples.filter(([t_ms]) => !asked.has(t_ms));
    for (const [t_ms, equity] of checked) {
      const expected = truth.get(t_ms)?.equity ?? Number.NaN;
      expect(Math.abs(equity - expected), new Date(t_ms).toISOString()).toBeLessThan(ROUNDING);
    }
    const last = samples.at(-1)?.[0] ?? 0;
    const hours = notes.filter(({ t_ms }) => t_ms % HOUR_MS === 0 && t_ms <= last).map(({ t_ms }) => t_ms);
    const times = samples.map(([t_ms]) => t_ms);
    expect(hours.length).toBeGreaterThan(least.hours);
    expect(hours.filter((t_ms) => !times.includes(t_ms))).toEqual([]);
    expect(times).toEqual([...new Set(times)].sort((a, b) => a - b));
    // Enough of them with positions that move.
    expect(checked.filter(([t_ms]) => (truth.get(t_ms)?.open ?? 0) > 0).length).toBeGreaterThan(least.held);
    expect(times.length).toBeGreaterThan(hours.length + least.fills);
  },
  RUN_MS,
);

function lines(file: string): Note[] {
  return readFileSync(file, "utf8")
    .trim()
    .split("\n")
    .map((text) => JSON.parse(text));
}

/** Samples in the order they were told. */
function samplesOf(folder: string): readonly (readonly [number, number])[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith(".jsonl"))
    .sort()
    .flatMap((name) => readFileSync(join(folder, name), "utf8").split("\n"))
    .filter((text) => text.includes('"type":"portfolio"'))
    .flatMap((text) => JSON.parse(text).samples);
}
