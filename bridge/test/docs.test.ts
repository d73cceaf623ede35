/** What the written documentation names must be there: metrics in alarms, tests behind claims, commands. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { METRICS } from "../src/metrics/families.js";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const read = (path: string) => readFileSync(join(ROOT, path), "utf8");
const all = (text: string, pattern: RegExp) => [...new Set([...text.matchAll(pattern)].map((match) => match[1] ?? ""))];

describe("documentation", () => {
  it("names only metrics that are served, with labels they have", () => {
    const known = new Map(METRICS.map(({ name, labels }) => [name, labels]));
    const text = read("docs/operations.md") + read("docs/threat-model.md");
    const named = all(text, /\b((?:talebridge|process)_[a-z_]+)\b/g);
    expect(named.length).toBeGreaterThan(8);
    expect(named.filter((name) => !known.has(name.replace(/_bucket$/, "")))).toEqual([]);
    for (const [, name = "", label = ""] of text.matchAll(/\b(talebridge_[a-z_]+)\{([a-z]+)=/g)) {
      expect([name, known.get(name)]).toEqual([name, expect.arrayContaining([label])]);
    }
  });

  it("names only tests that are there in the threat model", () => {
    const files = readdirSync(join(ROOT, "bridge/test"), { recursive: true, encoding: "utf8" });
    const folders = readdirSync(join(ROOT, "bridge/test"));
    const named = all(
      read("docs/threat-model.md"),
      /`((?:security|server|config|cli|metrics|journal|gate|portfolio|web|webhook|wire)\/[a-z_]*)`/g,
    );
    expect(named.length).toBeGreaterThan(10);
    const missing = named.filter((name) =>
      name.endsWith("/") ? !folders.includes(name.slice(0, -1)) : !files.includes(`${name}.test.ts`),
    );
    expect(missing).toEqual([]);
  });

  it("shows each behaviour of freqtrade by a test that is there", () => {
    const rows = read("docs/freqtrade.md")
      .split("\n")
      .filter((line) => /^\| (?!behaviour|---)/.test(line))
      .map((line) => line.split(" | ").at(-1) ?? "");
    expect(rows.length).toBeGreaterThan(40);
    for (const row of rows) {
      const tests = all(row, /`([^`]+)`/g);
      expect(tests, row).not.toEqual([]);
      expect(
        tests.filter((path) => !/(\.test\.ts|\/test_\w+\.py)$/.test(path) || !existsSync(join(ROOT, path))),
      ).toEqual([]);
    }
  });

  it("names only commands that are there", () => {
    const text =
      read("README.md") +
      read("docs/operations.md") +
      read("docs/threat-model.md") +
      read("docs/failure.md") +
      read("docs/web.md");
    const named = all(text, /(?:`|^)talebridge ([a-z]+)\b/gm);
    const missing = named.filter((name) => !existsSync(join(ROOT, "bridge/src/cli", `${name}.ts`)));
    expect(missing).toEqual([]);
  });

  it("links only to what is there", () => {
    const pages = [
      "README.md",
      "CHANGELOG.md",
      ...["docs", "docs/how-to"].flatMap((folder) => {
        return readdirSync(join(ROOT, folder))
          .filter((name) => name.endsWith(".md"))
          .map((name) => `${folder}/${name}`);
      }),
    ];
    const missing = pages.flatMap((page) =>
      all(read(page), /\]\(([^)#:]+)(?:#[^)]*)?\)/g)
        .filter((link) => !existsSync(join(ROOT, dirname(page), link)))
        .map((link) => [page, link]),
    );
    expect(missing).toEqual([]);
  });

  it("has every how-to in the list of them", () => {
    const listed = all(read("docs/how-to/README.md"), /\]\(([a-z]+\.md)\)/g);
    const there = readdirSync(join(ROOT, "docs/how-to")).filter((name) => name !== "README.md");
    expect(there.filter((name) => !listed.includes(name))).toEqual([]);
  });
});
