/** What is generated must not drift from its source. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { LIMITS, OP, REASON, REASONS, reasonName, STATUS } from "../src/protocol/codes.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const read = (path: string) => readFileSync(`${root}/${path}`, "utf8");

describe("generated files", () => {
  it.each(["scripts/generate.mjs", "protocol/make-vectors.mjs"])("are up to date: %s --check", (script) => {
    const { status, stderr } = spawnSync(process.execPath, [script, "--check"], { cwd: root, encoding: "utf8" });
    expect([status, stderr]).toEqual([0, ""]);
  });

  it("hold the closed lists", () => {
    const enums = JSON.parse(read("protocol/enums.json"));
    expect(OP).toEqual(enums.op);
    expect(STATUS).toEqual(enums.status);
    expect(LIMITS).toEqual(enums.limits);
    expect(JSON.parse(read("protocol/reasons.json")).reasons).toEqual(REASONS);
  });
});

describe("reasons", () => {
  it("have one code and one name each, in order", () => {
    expect(new Set(REASONS.map((reason) => reason.code)).size).toBe(REASONS.length);
    expect(new Set(REASONS.map((reason) => reason.name)).size).toBe(REASONS.length);
    expect(Object.keys(REASON)).toHaveLength(REASONS.length);
    for (const { code, name, release } of REASONS) {
      expect(reasonName(code)).toBe(name);
      expect(code).toBeLessThan(128);
      if (code > 0) expect(release.length, `${name} says when it ends`).toBeGreaterThan(5);
    }
    expect(reasonName(29)).toBeNull();
  });

  it("are all explained in docs/reasons.md", () => {
    const doc = read("docs/reasons.md");
    for (const { code, name } of REASONS) expect(doc).toContain(`| ${code} | \`${name}\` |`);
  });
});
