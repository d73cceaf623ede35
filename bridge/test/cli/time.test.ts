import { describe, expect, it } from "vitest";
import { plain } from "../../src/cli/plain.js";
import { endOf, parseDuration, parseInstant, showInstant, showSpan } from "../../src/cli/time.js";
import { UsageError } from "../../src/cli/usage.js";

const NOW_MS = Date.UTC(2026, 10, 22, 21, 0);

describe("times", () => {
  it("are read with their unit or zone", () => {
    expect([parseDuration("90m"), parseDuration("4h"), parseDuration("2d")]).toEqual([5.4e6, 1.44e7, 1.728e8]);
    expect(parseInstant("2026-11-23T08:00Z", NOW_MS)).toBe(Date.UTC(2026, 10, 23, 8));
    expect(parseInstant("2026-11-23T08:00:30+02:00", NOW_MS)).toBe(Date.UTC(2026, 10, 23, 6, 0, 30));
    expect(endOf({}, NOW_MS)).toBe(0);
    expect(endOf({ for: "2h" }, NOW_MS)).toBe(NOW_MS + 7.2e6);
  });

  it.each(["2026-11-23", "2026-11-23T08:00", "tomorrow", "2026-13-01T00:00Z", "2026-11-22T20:59Z"])(
    "%s is no end",
    (until) => {
      expect(() => endOf({ until }, NOW_MS)).toThrow(UsageError);
    },
  );

  it.each(["", "0h", "2", "-2h", "2 h", "999999m"])("%j is no span", (span) => {
    expect(() => endOf({ for: span }, NOW_MS)).toThrow(UsageError);
  });

  it("more than a year ahead are refused", () => {
    expect(() => endOf({ for: "400d" }, NOW_MS)).toThrow(/year/);
    expect(() => endOf({ until: "2028-01-01T00:00Z" }, NOW_MS)).toThrow(/year/);
  });

  it("are shown short", () => {
    expect(showInstant(NOW_MS)).toBe("2026-11-22 21:00 UTC");
    expect([-5, 45e3, 119e3, 720e3, 1.8e7, 3e8].map(showSpan)).toEqual([
      "0 s",
      "45 s",
      "119 s",
      "12 min",
      "5 h",
      "3 d",
    ]);
  });
});

describe("a client's text", () => {
  it("cannot steer a terminal", () => {
    expect(plain("a\u001b[2Jb\r\nc\u202ed\u2028e ä €")).toBe("a?[2Jb??c?d?e ä €");
  });
});
