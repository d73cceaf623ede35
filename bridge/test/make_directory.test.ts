import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { makeDirectory } from "../src/make_directory.js";

let dir = "";
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "tb-directory-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

it("makes what is missing, each with the mode, and says whether it did", () => {
  const path = join(dir, "a", "b", "c");
  expect(makeDirectory(path, 0o700)).toBe(true);
  for (const made of [path, join(dir, "a")]) expect(statSync(made).mode & 0o777).toBe(0o700);
  expect(makeDirectory(path, 0o755)).toBe(false);
  expect(statSync(path).mode & 0o777).toBe(0o700);
});

it("takes no file for a directory, and does not go through one", () => {
  writeFileSync(join(dir, "file"), "");
  expect(() => makeDirectory(join(dir, "file"))).toThrow("EEXIST");
  expect(() => makeDirectory(join(dir, "file", "a", "b"))).toThrow("ENOTDIR");
  mkdirSync(join(dir, "there"));
  expect(makeDirectory(join(dir, "there"))).toBe(false);
});

it.runIf(process.platform === "linux")("gives up where a file system denies a parent that is there", () => {
  expect(() => makeDirectory("/proc/talebridge/journal")).toThrow("ENOENT");
});
