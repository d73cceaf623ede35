/**
 * Writes the tables of docs/performance.md from what the benches printed, so that one table is one run:
 * `npm run bench:gate > gate.txt; node scripts/performance-table.mjs gate.txt batch.txt load.txt`.
 * Of each file the last line counts. A table stands between `<!-- NAME -->` and `<!-- /NAME -->` on the page.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./lib/paths.mjs";

const PAGE = join(ROOT, "docs", "performance.md");

/** @typedef {Record<string, any>} Result */

/** @param {readonly (readonly unknown[])[]} rows of which the first is the head */
function markdown(rows) {
  const [head = [], ...body] = rows.map((row) => row.map(String));
  return [head, head.map(() => "---"), ...body].map((row) => `| ${row.join(" | ")} |`).join("\n");
}

/** @type {Readonly<Record<string, (of: Result) => string>>} */
const TABLES = {
  gate: (of) =>
    markdown([
      ["between calls", "p50 µs", "p50 ratio", "p99 ratio", "p99.9 µs"],
      ...[
        ["nothing, bare", of.hot],
        ["2 ms, bare", of.gap_2ms],
        ["20 ms, bare", of.gap_20ms],
        ["nothing, shim", of.shim],
      ].map(([name, row]) => [name, row.p50_us, row.p50_ratio, row.p99_ratio, row.p999_us]),
      ["fifty in one message, each", of.gate50_us_each, "", "", ""],
    ]),
  batch: (of) =>
    markdown([
      ["rows", "daemon / echo"],
      ["100,000", of.rows_100k.ratio],
      ["1,000,000", of.rows_1m.ratio],
      ["gate p99 meanwhile, ms", of.gate_p99_ms_during],
    ]),
  load: (of) =>
    markdown([
      ["what", "figure"],
      [`${of.clients} clients, gates/s`, of.gates_per_s],
      ["fastest client / median", of.fairness],
      ["300 pairs, all verdicts, s (engine)", `${of.pairs300_s} (${of.pairs300_engine_s})`],
      ["resident then, MB", of.rss_mb],
      [`resident over ${of.soak_gates} gates and ${of.soak_frames} frames, MB`, of.rss_points_mb.join(" ")],
      ["what JavaScript held, MB", of.heap_points_mb.join(" ")],
      ["growth along the line", of.rss_growth],
      ["cold start to first answer, ms", of.cold_start_ms],
    ]),
};

/** @param {string} page @param {Result} result @returns {string} the page with that bench's table */
function filled(page, result) {
  const table = TABLES[result.bench];
  const [open, close] = [`<!-- ${result.bench} -->\n`, `<!-- /${result.bench} -->`];
  const [from, to] = [page.indexOf(open) + open.length, page.indexOf(close)];
  if (table === undefined || from < open.length || to < from) throw new Error(`no table for bench "${result.bench}"`);
  return `${page.slice(0, from)}${table(result)}\n${page.slice(to)}`;
}

try {
  let page = readFileSync(PAGE, "utf8");
  for (const file of process.argv.slice(2)) {
    page = filled(page, JSON.parse(readFileSync(file, "utf8").trimEnd().split("\n").at(-1) ?? ""));
  }
  writeFileSync(PAGE, page);
} catch (error) {
  process.stderr.write(`performance-table: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
