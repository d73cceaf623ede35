import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readDemoOptions, SAMPLE } from "../lib/demo-options.mjs";
import { ROOT } from "../lib/paths.mjs";

let cwd: string;

beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), "talebridge-options-"));
  mkdirSync(join(cwd, "data"));
  writeFileSync(join(cwd, "mine.py"), "class Mine: ...\n");
});

afterEach(() => {
  rmSync(cwd, { recursive: true, force: true });
});

describe("the demo's options", () => {
  it("are a synthetic market and the sample strategy by default", () => {
    expect(readDemoOptions([], cwd)).toEqual({
      datadir: null,
      pairs: null,
      timeframe: null,
      timerange: null,
      strategy: SAMPLE,
      profile: "aggressive",
      out: join(ROOT, ".demo"),
    });
  });

  it("are relative to where the user is", () => {
    const args = [
      "--datadir",
      "data",
      "--pairs",
      "BTC/USDT, ETH/USDT",
      "--timeframe",
      "5m",
      "--timerange",
      "20250901-",
    ];
    const more = ["--strategy", "mine.py:Mine", "--profile", "extreme", "--out", "here"];
    expect(readDemoOptions([...args, ...more], cwd)).toEqual({
      datadir: join(cwd, "data"),
      pairs: ["BTC/USDT", "ETH/USDT"],
      timeframe: "5m",
      timerange: "20250901-",
      strategy: { file: join(cwd, "mine.py"), class_name: "Mine" },
      profile: "extreme",
      out: join(cwd, "here"),
    });
  });

  it("are none when help is asked for", () => {
    expect(readDemoOptions(["--help"], cwd)).toBeNull();
  });

  it.each([
    [["--datadir", "nowhere"], /--datadir .*nowhere: there is no such folder/],
    [["--datadir", "mine.py"], /this is a file; name the folder/],
    [["--profile", "bold"], /--profile bold: there is no such profile. Take conservative, aggressive, extreme/],
    [["--strategy", "mine.py"], /write FILE:Class/],
    [["--strategy", "theirs.py:Mine"], /there is no file .*theirs\.py/],
    [["--timerange", "20250901-"], /name their folder with --datadir/],
    [["--datadir", "data", "--pairs", "btc/usdt"], /"btc\/usdt" is not a spot pair/],
    [["--datadir", "data", "--pairs", "BTC/USDT,ETH/BTC"], /same quote currency, these have USDT, BTC/],
    [["--datadir", "data", "--pairs", "BTC/USDT,BTC/USDT"], /named twice/],
    [["--datadir", "data", "--timeframe", "5 minutes"], /--timeframe 5 minutes/],
    [["--dataset", "data"], /--dataset/],
    [["data"], /data/],
  ])("%j is refused with a message that names it", (args, message) => {
    expect(() => readDemoOptions(args, cwd)).toThrow(message);
  });
});
