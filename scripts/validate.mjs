#!/usr/bin/env node
/**
 * `npm run validate`: holds the engine's forecasts against real candles and writes docs/validation.md, the same text every time.
 *
 * Candles come from TALEBRIDGE_DATADIR. `-- --write-shape` writes the table of the adverse excursion instead. Progress goes to stderr; the last line of
 * stdout is one JSON object. Exit codes: 0 done, 1 failed, 2 something is missing.
 */

import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { ADDON, ROOT } from "./lib/paths.mjs";

const PAGE = "docs/validation.md";
const FOLDS = 4;
const JUDGED_HORIZONS = [12, 48, 288];
const THRESHOLDS = [0.02, 0.05, 0.1];

const began = performance.now();
const say = (/** @type {string} */ line) =>
  process.stderr.write(`${((performance.now() - began) / 1000).toFixed(0).padStart(5)} s  ${line}\n`);

async function main() {
  const datadir = resolve(ROOT, process.env.TALEBRIDGE_DATADIR ?? "../shared/data/binance");
  if (!existsSync(datadir) || !readdirSync(datadir).some((name) => name.endsWith("-1h.feather"))) {
    return missing(
      `no candles in ${datadir}: set TALEBRIDGE_DATADIR to a freqtrade data directory with 1h and 5m feather files`,
    );
  }
  if (!existsSync(ADDON) || !existsSync(join(ROOT, "bridge/dist/main.js"))) return missing("npm run build first");
  // Imported only now: they load what the build makes.
  const { readAll } = await import("./validate/series.mjs");
  const { COMPACT_FILTERS, FILTERS, medianRanges, SHIPPED, sigmas } = await import("./validate/filters.mjs");
  const { defaultColumns, fitShape, judgeShape, scales } = await import("./validate/adverse.mjs");
  const { SHAPE_FILE, shapeSource } = await import("./validate/shape_file.mjs");

  const all = await readAll(datadir, say);
  const medians = new Map(all.map((series) => [series, medianRanges(series)]));
  const shipped = FILTERS.find((filter) => filter.name === SHIPPED);
  if (shipped === undefined) throw new Error(`no filter is named ${SHIPPED}`);
  const sigmaOf = (
    /** @type {import("./validate/filters.mjs").Filter} */ filter,
    /** @type {import("./validate/series.mjs").Series} */ series,
  ) => sigmas(filter, series, medians.get(series) ?? medianRanges(series));

  const measured = all.map((series) => scales(series, sigmaOf(shipped, series)));
  const wholeShape = fitShape(measured, say);
  const source = shapeSource(wholeShape, all);
  if (process.argv.includes("--write-shape")) {
    writeFileSync(join(ROOT, SHAPE_FILE), source);
    process.stdout.write(`${JSON.stringify({ validate: "shape", file: SHAPE_FILE })}\n`);
    return;
  }

  const pairs = [...new Set(all.map(({ pair }) => pair))].sort();
  const folds = Array.from({ length: FOLDS }, (_, fold) => pairs.filter((_pair, i) => i % FOLDS === fold));
  const adverse = folds.flatMap((fold) => {
    say(`adverse excursion of ${fold.join(", ")}`);
    const inside = (/** @type {{ series: { pair: string } }} */ one) => fold.includes(one.series.pair);
    const shape = fitShape(
      measured.filter((one) => !inside(one)),
      () => {},
    );
    return measured
      .filter(inside)
      .flatMap((one) => JUDGED_HORIZONS.flatMap((horizon) => judgeShape(one, shape, horizon, THRESHOLDS)));
  });
  const order = new Map(all.map(({ pair, timeframe }, i) => [`${timeframe} ${pair}`, i]));
  const place = (/** @type {{ timeframe: string, pair: string }} */ one) =>
    order.get(`${one.timeframe} ${one.pair}`) ?? 0;
  adverse.sort((a, b) => place(a) - place(b));

  const { forecast, judge } = await import("./validate/coverage.mjs");
  const { largestDifference, tailColumns } = await import("./validate/engine.mjs");
  let largest = 0;
  const candidates = [];
  const windows = [
    { set: /** @type {const} */ ("standard"), rows: 900, filters: FILTERS },
    { set: /** @type {const} */ ("compact"), rows: 500, filters: COMPACT_FILTERS },
  ];
  for (const { set, rows, filters } of windows) {
    for (const filter of filters) {
      say(`${filter.name}, ${rows} rows`);
      const results = [];
      for (const series of all) {
        const forecasts = forecast(series, sigmaOf(filter, series), rows);
        if (filter === shipped) {
          const own = measured.find((one) => one.series === series);
          const columns = [...tailColumns(forecasts), ...(own === undefined ? [] : defaultColumns(own, wholeShape))];
          largest = Math.max(largest, await largestDifference(series, set, columns));
        }
        const { pair, timeframe, candles } = series;
        const [from_ms = 0, to_ms = 0] = [candles.t_ms[0], candles.t_ms.at(-1)];
        results.push({ pair, timeframe, from_ms, to_ms, rows: series.rows, coverages: judge(series, forecasts) });
      }
      candidates.push({ name: filter.name, rows, results });
    }
  }

  const { page, summary } = await import("./validate/report.mjs");
  // rustfmt may break lines of the committed table: only its tokens count.
  const tokens = (/** @type {string} */ text) => text.replaceAll(/,(?=\s*\])|\s+/g, "");
  const committed = tokens(readFileSync(join(ROOT, SHAPE_FILE), "utf8")) === tokens(source);
  const outcome = { candidates, adverse, folds, shape_is_committed: committed, largest_difference: largest };
  writeFileSync(join(ROOT, PAGE), page(outcome));
  process.stdout.write(`${JSON.stringify(summary(outcome))}\n`);
}

/** @param {string} what */
function missing(what) {
  process.stderr.write(`validate: ${what}\n`);
  process.exitCode = 2;
}

try {
  await main();
} catch (error) {
  process.stderr.write(`validate: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
