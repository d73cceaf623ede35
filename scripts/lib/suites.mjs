/** What the test tools report, read from their machine-readable output. Pure. */

/**
 * @typedef {object} Counts
 * @property {number} passed
 * @property {number} failed
 * @property {number} skipped
 */

/** @returns {Counts} */
function none() {
  return { passed: 0, failed: 0, skipped: 0 };
}

/**
 * Sums the result lines of `cargo test`, one per test binary.
 * @param {string} text
 * @returns {Counts}
 */
export function countCargo(text) {
  const counts = none();
  const line = /^test result: \w+\. (\d+) passed; (\d+) failed; (\d+) ignored;/gm;
  for (const [, passed, failed, ignored] of text.matchAll(line)) {
    counts.passed += Number(passed);
    counts.failed += Number(failed);
    counts.skipped += Number(ignored);
  }
  return counts;
}

/**
 * Reads vitest's JSON reporter. A file that could not be loaded has no tests but counts as one failure.
 * @param {string} json
 * @returns {Counts}
 */
export function countVitest(json) {
  /** @type {{ numPassedTests: number, numFailedTests: number, numPendingTests: number, numTodoTests?: number,
   *   testResults: { status: string, assertionResults: { status: string }[] }[] }} */
  const report = JSON.parse(json);
  const unloaded = report.testResults.filter(
    (file) => file.status === "failed" && !file.assertionResults.some((test) => test.status === "failed"),
  );
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + unloaded.length,
    skipped: report.numPendingTests + (report.numTodoTests ?? 0),
  };
}

/**
 * Reads pytest's JUnit file. Errors (in fixtures, in collection) count as failures.
 * @param {string} xml
 * @returns {Counts}
 */
export function countPytest(xml) {
  const suite = /<testsuite\b[^>]*>/.exec(xml)?.[0] ?? "";
  /** @param {string} name */
  const attribute = (name) => Number(new RegExp(`\\b${name}="(\\d+)"`).exec(suite)?.[1] ?? "0");
  const failed = attribute("errors") + attribute("failures");
  const skipped = attribute("skipped");
  return { passed: attribute("tests") - failed - skipped, failed, skipped };
}

/**
 * @typedef {object} SuiteResult
 * @property {string} name
 * @property {Counts} counts
 * @property {number} seconds
 * @property {string} [output] shown when something failed
 */

/**
 * @param {readonly SuiteResult[]} results
 * @returns {Counts}
 */
export function total(results) {
  const sum = none();
  for (const { counts } of results) {
    sum.passed += counts.passed;
    sum.failed += counts.failed;
    sum.skipped += counts.skipped;
  }
  return sum;
}

/**
 * @param {readonly SuiteResult[]} results
 * @returns {string} one line per suite
 */
export function suiteTable(results) {
  const width = Math.max(...results.map(({ name }) => name.length), 5);
  /** @param {readonly string[]} cells */
  const row = ([name = "", ...cells]) => name.padEnd(width) + cells.map((cell) => cell.padStart(9)).join("");
  const lines = results.map(({ name, counts, seconds }) =>
    row([name, `${counts.passed}`, `${counts.failed}`, `${counts.skipped}`, `${seconds.toFixed(1)} s`]),
  );
  return [row(["suite", "passed", "failed", "skipped", "time"]), ...lines].join("\n");
}

/**
 * @param {Counts} counts
 * @returns {string} the last line of `npm test`
 */
export function totalLine(counts) {
  const skipped = counts.skipped > 0 ? `, ${counts.skipped} skipped` : "";
  return `${counts.passed} passed, ${counts.failed} failed${skipped}`;
}
