import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { run } from "../../src/cli/replay.js";
import { UsageError } from "../../src/cli/usage.js";
import { ReplayInputError } from "../../src/replay/read/error.js";
import { DATADIR, SPOT } from "./fixture.js";

const BASE = [SPOT, "--strategy", "FixtureDip", "--datadir", DATADIR];
let folder: string;
let stdout: string[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "talebridge-replay-"));
  stdout = [];
  vi.spyOn(process.stdout, "write").mockImplementation((text) => stdout.push(String(text)) > 0);
  vi.spyOn(process.stderr, "write").mockReturnValue(true);
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true, force: true });
});

async function json(...args: string[]) {
  const path = join(folder, "result.json");
  expect(await run([...BASE, ...args, "--json", path, "--quiet"])).toBe(0);
  return JSON.parse(readFileSync(path, "utf8"));
}

describe("talebridge replay", () => {
  it("prints a summary and writes whole files, nothing else", async () => {
    const [page, figures] = [join(folder, "report.html"), join(folder, "result.json")];
    expect(await run([...BASE, "--html", page, "--json", figures])).toBe(0);
    expect(stdout.join("")).toMatch(/entries 29: \d+ allowed/);
    expect(readdirSync(folder).sort()).toEqual(["report.html", "result.json"]);
    expect(readFileSync(page, "utf8").trimEnd().endsWith("</html>")).toBe(true);
    expect(JSON.parse(readFileSync(figures, "utf8")).source.strategy).toBe("FixtureDip");
  });

  it("is silent when asked to be", async () => {
    expect(await run([...BASE, "--quiet"])).toBe(0);
    expect(stdout).toEqual([]);
    expect(process.stderr.write).not.toHaveBeenCalled();
  });

  it("takes settings from the backtest, a file, a profile and single keys, the later over the earlier", async () => {
    const exported = await json();
    expect(exported.gate.settings).toMatchObject({ profile: "conservative", window_set: "compact", mode: "enforce" });
    expect(exported.gate.settings_from).toEqual(["the backtest's configuration"]);
    const file = join(folder, "settings.json");
    writeFileSync(
      file,
      JSON.stringify({ risk_bridge: { window_set: "compact", mode: "shadow", limits: { max_drawdown: 0.5 } } }),
    );
    const changed = await json("--settings", file, "--profile", "extreme", "--set", "limits.max_daily_loss=0.01");
    expect(changed.gate.settings).toMatchObject({
      profile: "extreme",
      mode: "enforce",
      limits: { max_drawdown: 0.5, max_daily_loss: 0.01 },
    });
    expect(changed.gate.fingerprint).not.toBe(exported.gate.fingerprint);
  });

  it("prints the JSON Schema of its figures", async () => {
    expect(await run(["--schema"])).toBe(0);
    expect(JSON.parse(stdout.join(""))).toMatchObject({ title: "talebridge replay", type: "object" });
  });

  it.each([
    [[], "give one backtest result"],
    [[SPOT, SPOT], "give one backtest result"],
    [[...BASE, "--profile", "bold"], /profile was "bold"; must be one of/],
    [[...BASE, "--set", "limits.max_drawdwn=1"], /did you mean "max_drawdown"/],
    [[...BASE, "--set", "max_drawdown"], "write key=value"],
    [[...BASE, "--set", "__proto__.x=1"], "write key=value"],
    [[...BASE, "--set", "constructor.prototype.x=1"], /constructor is not a known setting/],
    [[...BASE, "--html", "/nowhere/at/all/report.html"], "does not exist"],
    [[...BASE, "--html", tmpdir()], "is a directory"],
    [[...BASE, "--settings", "/nowhere.json"], "cannot be read"],
    [[SPOT, "--strategy", "FixtureDip", "--datadir", "/nowhere"], "is not a directory"],
    [[SPOT, "--strategy", "FixtureDip"], "give the directory with the backtest's candles with --datadir"],
  ])("%# explains wrong use", async (args, message) => {
    const running = run(args);
    await expect(running).rejects.toBeInstanceOf(UsageError);
    await expect(running).rejects.toThrow(message);
    expect(Reflect.get(Object.prototype, "x")).toBeUndefined();
  });

  it("leaves an old report alone when it fails", async () => {
    const page = join(folder, "report.html");
    writeFileSync(page, "old");
    const failing = run([SPOT, "--strategy", "FixtureDip", "--datadir", folder, "--html", page]);
    await expect(failing).rejects.toBeInstanceOf(ReplayInputError);
    await expect(failing).rejects.toThrow("No candles for ALFA/USDT");
    expect(readFileSync(page, "utf8")).toBe("old");
    expect(existsSync(join(folder, "result.json"))).toBe(false);
  });
});
