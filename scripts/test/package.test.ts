import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { glibcFloor } from "../lib/elf.mjs";
import { packageOptions } from "../lib/package-options.mjs";
import { ADDON } from "../lib/paths.mjs";
import { rootManifest, runtimePackages } from "../lib/stage.mjs";

const options = (...argv: string[]) => packageOptions("npm run x", "out", argv);
afterEach(() => {
  vi.restoreAllMocks();
});

describe("the options of the packaging commands", () => {
  it("are this machine by default", () => {
    expect(options()).toEqual({ archs: [process.arch], glibc: undefined, out: "out", twice: false });
  });

  it("name other machines and a glibc", () => {
    expect(options("--arch", "x64,arm64", "--glibc", "2.28", "--twice", "--out", "there")).toEqual({
      archs: ["x64", "arm64"],
      glibc: "2.28",
      out: "there",
      twice: true,
    });
  });

  it.each([
    [["--arch", "mips", "--glibc", "2.28"], "unknown --arch mips"],
    [["--glibc", "newest"], "no version such as 2.28"],
    [["--arch", "x64,arm64"], "needs --glibc"],
    [["--twice"], "needs --glibc"],
    [["--nonsense"], "--nonsense"],
  ])("refuse %j", (argv, words) => {
    const said = vi.spyOn(process.stderr, "write").mockReturnValue(true);
    expect(options(...argv)).toBeNull();
    expect(String(said.mock.calls[0]?.[0])).toContain(words);
  });
});

describe("the floor of glibc", () => {
  it("is the newest version any file names", () => {
    const dir = mkdtempSync(join(tmpdir(), "talebridge-elf-"));
    try {
      const [a, b] = [join(dir, "a"), join(dir, "b")];
      writeFileSync(a, "\0GLIBC_2.9\0GLIBC_2.2.5\0GLIBC_PRIVATE\0");
      writeFileSync(b, "\0GLIBC_2.17\0");
      expect(glibcFloor([a, b])).toEqual({ major: 2, minor: 17 });
      writeFileSync(a, "nothing");
      expect(() => glibcFloor([a])).toThrow("no glibc version");
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  });

  it.runIf(process.platform === "linux")("of the addon is one that exists", () => {
    const { major, minor } = glibcFloor([ADDON]);
    expect(major).toBe(2);
    expect(minor).toBeGreaterThanOrEqual(17);
  });
});

describe("what is shipped", () => {
  it("has every dependency but the bundled ones, and nothing that only compiling needs", () => {
    const packages = runtimePackages().map((path) => path.replace(/^.*node_modules\//, ""));
    const { typebox: _bundled, uplot: _inlined, ...loaded } = rootManifest().dependencies;
    expect(packages).toEqual(expect.arrayContaining(Object.keys(loaded)));
    for (const name of ["typebox", "uplot", "typescript", "vitest", "rolldown", "node-addon-api"])
      expect(packages).not.toContain(name);
  });
});
