import { describe, expect, it } from "vitest";
import { isAdmitted } from "../lib/licences.mjs";

describe("licence expressions", () => {
  it.each([
    "MIT",
    "MIT OR GPL-3.0-only",
    "GPL-3.0-only OR MIT",
    "MIT/Apache-2.0",
    "(MIT OR GPL-2.0) AND Unicode-3.0",
    "BSD-3-Clause AND 0BSD AND MIT AND Zlib AND CC0-1.0",
    "Apache Software License",
    "MIT License",
    "Apache Software License; MIT License",
    "BSD-2-Clause AND Apache-2.0 WITH LLVM-exception",
  ])("%s is admitted", (expression) => {
    expect(isAdmitted(expression)).toBe(true);
  });

  it.each([
    "",
    "GPL-3.0-only",
    "MIT AND GPL-3.0-only",
    "GPL-3.0-only OR (MIT AND LGPL-3.0-only)",
    "(MIT",
    "MIT)",
    "MIT OR",
    "UNKNOWN",
    "MIT GPL",
    "GPL-3.0-only WITH Classpath-exception-2.0",
    "MIT WITH",
    "SEE LICENSE IN FILE",
  ])("%j is not", (expression) => {
    expect(isAdmitted(expression)).toBe(false);
  });
});
