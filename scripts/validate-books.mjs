#!/usr/bin/env node
/**
 * `npm run validate:books`: holds the expected shortfall of a book (`max_book_es`) against what books of real pairs lost. Seeded; prints one JSON object.
 *
 * Candles come from TALEBRIDGE_DATADIR. Exit codes: 0 done, 1 failed, 2 something is missing.
 */
import { existsSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { ROOT } from "./lib/paths.mjs";

const SEED = 20_251_129;
const HORIZON_HOURS = 24;
const HOUR_MS = 3_600_000;
/** Closes told of 1-hour candles. */
const KEEP = 97;
const SIZES = [1, 3, 5, 10];
/** A normal's expected shortfall at 99 %, in standard deviations. */
const NORMAL_ES = 2.665214220345808;

/** @param {string} datadir */
async function main(datadir) {
  const { readAll } = await import("./validate/series.mjs");
  const { ES_PER_SIGMA } = await import("../bridge/dist/portfolio/book_es.js");
  const series = (await readAll(datadir, () => {})).filter(({ timeframe }) => timeframe === "1h");
  const draw = generator(SEED);
  const results = [];
  for (const size of SIZES) {
    const ratios = await judge(series, size, draw);
    const beyond = (/** @type {number} */ factor) =>
      share(ratios.filter((ratio) => ratio > factor).length / ratios.length);
    results.push({
      pairs: size,
      books: ratios.length,
      beyond_es: beyond(1),
      beyond_normal_es: beyond(NORMAL_ES / ES_PER_SIGMA),
      worst: share(Math.max(...ratios)),
    });
  }
  const pairs = series.length;
  process.stdout.write(`${JSON.stringify({ validate: "books", hours: HORIZON_HOURS, pairs, results })}\n`);
}

/**
 * Losses of long books of equal parts over the horizon, as multiples of their expected shortfall; one book a day, drawn anew.
 * @param {import("./validate/series.mjs").Series[]} series
 * @param {number} size
 * @param {() => number} draw
 */
async function judge(series, size, draw) {
  const { withCloses } = await import("../bridge/dist/portfolio/closes.js");
  const { dependenceAt } = await import("../bridge/dist/portfolio/dependence.js");
  const { bookShortfall } = await import("../bridge/dist/portfolio/book_es.js");
  const closes = series.map(({ pair, candles }) => ({
    pair,
    at: new Map(Array.from(candles.t_ms, (t_ms, i) => [t_ms + HOUR_MS, candles.close[i] ?? Number.NaN])),
  }));
  const first_ms = Math.min(...series.map(({ candles }) => candles.t_ms[0] ?? Number.NaN)) + KEEP * HOUR_MS;
  const last_ms = Math.max(...series.map(({ candles }) => candles.t_ms.at(-1) ?? Number.NaN)) + HOUR_MS;
  const ratios = [];
  for (let now_ms = first_ms; now_ms + HORIZON_HOURS * HOUR_MS <= last_ms; now_ms += HORIZON_HOURS * HOUR_MS) {
    const rows = closes.flatMap(({ pair, at }) => {
      const told = Array.from({ length: KEEP }, (_, i) => at.get(now_ms - (KEEP - 1 - i) * HOUR_MS) ?? null);
      const later = at.get(now_ms + HORIZON_HOURS * HOUR_MS);
      return told.includes(null) || later === undefined
        ? []
        : [{ row: /** @type {const} */ ([pair, now_ms, told]), later }];
    });
    if (rows.length < size) continue;
    const chosen = pick(rows, size, draw);
    const book = withCloses(null, { step_s: 3600, keep: KEEP, rows: chosen.map(({ row }) => row) });
    const positions = chosen.map(({ row: [pair] }) => ({
      pair,
      side: /** @type {const} */ ("long"),
      stake: 1 / size,
      leverage: 1,
      state: /** @type {const} */ ("open"),
      loss: 1,
    }));
    const shortfall = bookShortfall(positions, dependenceAt(book, now_ms), HORIZON_HOURS * HOUR_MS);
    const lost = chosen.reduce((sum, { row, later }) => sum + (1 - later / (row[2].at(-1) ?? Number.NaN)) / size, 0);
    ratios.push(lost / shortfall);
  }
  return ratios;
}

/** @template T @param {readonly T[]} all @param {number} size @param {() => number} draw @returns {T[]} */
function pick(all, size, draw) {
  const left = [...all];
  return Array.from({ length: size }, () => left.splice(Math.floor(draw() * left.length), 1)).flat();
}

/** Numbers in [0, 1) that are the same every time (Tommy Ettinger's mulberry32). @param {number} seed */
function generator(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** @param {number} value */
const share = (value) => Number(value.toFixed(4));

const datadir = resolve(ROOT, process.env.TALEBRIDGE_DATADIR ?? "../shared/data/binance");
const built = existsSync(join(ROOT, "bridge/dist/main.js"));
if (!built || !existsSync(datadir) || !readdirSync(datadir).some((name) => name.endsWith("-1h.feather"))) {
  const what = built ? `no 1h candles in ${datadir}: set TALEBRIDGE_DATADIR` : "npm run build first";
  process.stderr.write(`validate:books: ${what}\n`);
  process.exitCode = 2;
} else {
  await main(datadir);
}
