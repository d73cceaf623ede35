import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { readCsv, varianceTable } from "../lib/analysis.mjs";

it("reads rows by column name, and none where there is no file", () => {
  const folder = mkdtempSync(join(tmpdir(), "talebridge-csv-"));
  try {
    const file = join(folder, "found.csv");
    expect(readCsv(file)).toEqual([]);
    writeFileSync(file, "strategy,has_bias\r\nMine,False\r\n");
    expect(readCsv(file)).toEqual([{ strategy: "Mine", has_bias: "False" }]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

it("reads the table of recursive-analysis", () => {
  const table = varianceTable(
    ["┃ Indicators ┃ 500 ┃ 1000 ┃", "│ risk_jump │ 0.125% │ - │", "│ mean │ 3.1% │ 0.000% │", "else"].join("\n"),
  );
  expect([...(table.get("risk_jump") ?? [])]).toEqual([
    [500, "0.125%"],
    [1000, "-"],
  ]);
  expect(table.get("mean")?.get(1000)).toBe("0.000%");
  expect(varianceTable("No variance").size).toBe(0);
});
