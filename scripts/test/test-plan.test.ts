import { describe, expect, it } from "vitest";
import { countCargo, countPytest, countVitest, suiteTable, total, totalLine } from "../lib/suites.mjs";
import { GROUPS, readTestOptions, suites } from "../lib/test-plan.mjs";

describe("counts", () => {
  it("of cargo are summed over its test programs", () => {
    const text = `
running 3 tests
test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s
test result: FAILED. 4 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s
`;
    expect(countCargo(text)).toEqual({ passed: 7, failed: 2, skipped: 1 });
  });

  it("of vitest include files that could not be loaded", () => {
    const report = {
      numPassedTests: 5,
      numFailedTests: 1,
      numPendingTests: 2,
      testResults: [
        { status: "failed", assertionResults: [{ status: "failed" }] },
        { status: "failed", assertionResults: [] },
        { status: "passed", assertionResults: [] },
      ],
    };
    expect(countVitest(JSON.stringify(report))).toEqual({ passed: 5, failed: 2, skipped: 2 });
  });

  it("of pytest count errors as failures", () => {
    const xml =
      '<?xml version="1.0"?><testsuites name="t"><testsuite name="pytest" errors="1" failures="2" skipped="3" tests="10" time="1">';
    expect(countPytest(xml)).toEqual({ passed: 4, failed: 3, skipped: 3 });
  });
});

describe("the summary", () => {
  const results = [
    { name: "one", counts: { passed: 3, failed: 0, skipped: 0 }, seconds: 1.26 },
    { name: "another", counts: { passed: 1, failed: 2, skipped: 4 }, seconds: 62 },
  ];

  it("has one aligned line per suite", () => {
    expect(suiteTable(results).split("\n")).toEqual([
      "suite     passed   failed  skipped     time",
      "one            3        0        0    1.3 s",
      "another        1        2        4   62.0 s",
    ]);
  });

  it("ends with the sums; skipped only when there are any", () => {
    expect(totalLine(total(results))).toBe("4 passed, 2 failed, 4 skipped");
    expect(totalLine({ passed: 1, failed: 0, skipped: 0 })).toBe("1 passed, 0 failed");
  });
});

describe("options", () => {
  it.each([
    [[], [...GROUPS]],
    [["--only", "rust"], ["rust"]],
    [["--only=e2e,lint"], ["lint", "e2e"]],
  ])("%j run %j", (args, groups) => {
    expect(readTestOptions(args)).toEqual({ groups });
  });

  it.each([[["--only"]], [["--only", "java"]], [["--fast"]], [["--only", "ts", "x"]], [["--only=ts", "x", "y"]]])(
    "%j are refused",
    (args) => {
      expect(readTestOptions(args)).toHaveProperty("error");
    },
  );
});

describe("the suites", () => {
  it("cover every group, have distinct names, and end with the end-to-end tests alone", () => {
    const all = suites("/results");
    expect(new Set(all.map(({ group }) => group))).toEqual(new Set(GROUPS));
    expect(new Set(all.map(({ name }) => name)).size).toBe(all.length);
    const last = Math.max(...all.map(({ lane }) => lane));
    expect(all.filter(({ lane }) => lane === last).map(({ group }) => group)).toEqual(["e2e"]);
  });
});
