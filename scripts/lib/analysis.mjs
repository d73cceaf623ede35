/** What freqtrade's analysis commands found, read from what they write. */

import { existsSync, readFileSync } from "node:fs";

/** Rows of a CSV file without quotes or commas inside values, by column name; none where there is no file. @param {string} file */
export function readCsv(file) {
  const [head = "", ...rows] = existsSync(file) ? readFileSync(file, "utf8").trim().split(/\r?\n/) : [];
  const names = head.split(",");
  return rows.map((row) => {
    const cells = row.split(",");
    return Object.fromEntries(names.map((name, at) => [name, cells[at] ?? ""]));
  });
}

/**
 * The table of recursive-analysis: column → start-up candles → "-" when nothing varies. Columns that never vary are not in it.
 * @param {string} stdout
 * @returns {ReadonlyMap<string, ReadonlyMap<number, string>>}
 */
export function varianceTable(stdout) {
  const rows = stdout
    .split("\n")
    .map((line) => line.split(/[│┃|]/).map((cell) => cell.trim()))
    .filter((cells) => cells.length > 3);
  const header = rows.find((cells) => cells.includes("Indicators"));
  if (header === undefined) return new Map();
  const starts = header.map((cell) => Number.parseInt(cell, 10));
  return new Map(
    rows
      .filter((cells) => cells !== header)
      .map((cells) => [
        cells[header.indexOf("Indicators")] ?? "",
        new Map(
          starts.flatMap((start, at) => (Number.isNaN(start) ? [] : [/** @type {const} */ ([start, cells[at] ?? ""])])),
        ),
      ]),
  );
}
