import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { run } from "../../src/cli/replay.js";
import { UsageError } from "../../src/cli/usage.js";
import { argumentsOf } from "../../src/replay/exact/rerun.js";
import { ReplayInputError } from "../../src/replay/read/error.js";
import { ComparisonSchema } from "../../src/replay/run/comparison.js";
import { Compile } from "../../src/typebox.js";
import { commandRuns } from "./command.js";
import { DATADIR, SPOT } from "./fixture.js";

const BASE = [SPOT, "--strategy", "FixtureDip", "--datadir", DATADIR];
const ran = commandRuns();

async function json(...args: string[]) {
  const path = join(ran.folder, "result.json");
  expect(await run([...BASE, ...args, "--json", path, "--quiet"])).toBe(0);
  return JSON.parse(readFileSync(path, "utf8"));
}

describe("talebridge replay", () => {
  it("prints a summary and writes whole files, nothing else", async () => {
    const [page, figures] = [join(ran.folder, "report.html"), join(ran.folder, "result.json")];
    expect(await run([...BASE, "--html", page, "--json", figures])).toBe(0);
    expect(ran.stdout.join("")).toMatch(/entries 29: \d+ allowed/);
    expect(readdirSync(ran.folder).sort()).toEqual(["report.html", "result.json"]);
    expect(readFileSync(page, "utf8").trimEnd().endsWith("</html>")).toBe(true);
    expect(JSON.parse(readFileSync(figures, "utf8")).source.strategy).toBe("FixtureDip");
  });

  it("writes the ledger as CSV and the pictures as SVG", async () => {
    const [ledger, pictures, figures] = [
      join(ran.folder, "ledger.csv"),
      join(ran.folder, "plots"),
      join(ran.folder, "result.json"),
    ];
    expect(await run([...BASE, "--csv", ledger, "--plots", pictures, "--json", figures, "--quiet"])).toBe(0);
    const { entries } = JSON.parse(readFileSync(figures, "utf8"));
    const [names, ...rows] = readFileSync(ledger, "utf8").trimEnd().split("\r\n");
    const column = names?.split(",").indexOf("profit_with") ?? -1;
    expect(rows.map((row) => Number(row.split(",")[column]))).toEqual(
      entries.map((entry: { profit_with: number }) => entry.profit_with),
    );
    expect(readdirSync(pictures).sort()).toEqual(["chance.svg", "drawdown.svg", "equity.svg"]);
    for (const name of readdirSync(pictures)) {
      expect(readFileSync(join(pictures, name), "utf8")).toMatch(
        /^<svg xmlns="http:\/\/www.w3.org\/2000\/svg"[\s\S]*<\/svg>\n$/,
      );
    }
  });

  it("is silent when asked to be", async () => {
    expect(await run([...BASE, "--quiet"])).toBe(0);
    expect(ran.stdout).toEqual([]);
    expect(process.stderr.write).not.toHaveBeenCalled();
  });

  it("takes settings from the backtest, a file, a profile and single keys, the later over the earlier", async () => {
    const exported = await json();
    expect(exported.gate.settings).toMatchObject({ profile: "conservative", window_set: "compact", mode: "enforce" });
    expect(exported.gate.settings_from).toEqual(["the backtest's configuration"]);
    const file = join(ran.folder, "settings.json");
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

  it("puts profiles, and backtests, side by side", async () => {
    const path = join(ran.folder, "side.json");
    expect(await run([...BASE, "--profiles", "all", "--json", path])).toBe(0);
    const profiles = JSON.parse(readFileSync(path, "utf8"));
    expect(Compile(ComparisonSchema).Check(profiles)).toBe(true);
    expect(profiles.compared.map((row: { label: string }) => row.label)).toEqual([
      "conservative",
      "aggressive",
      "extreme",
    ]);
    expect(profiles.compared[0].result.selection.gates_tried).toBe(3);
    expect(profiles.compared[0].result.effect).toEqual((await json("--profile", "conservative")).effect);
    expect(ran.stdout.join("")).toMatch(/conservative +aggressive +extreme\n/);
    expect(await run([...BASE, "--against", SPOT, "--json", path, "--quiet"])).toBe(0);
    const [first, second] = JSON.parse(readFileSync(path, "utf8")).compared;
    expect(second).toEqual(first);
  });

  it("deflates by the number of gates tried", async () => {
    const [once, often] = [await json(), await json("--tried", "50")];
    expect(once.selection).toMatchObject({ gates_tried: 1, expected_best: 0 });
    expect(once.selection.deflated).toBe(once.selection.probabilistic);
    expect(often.selection.gates_tried).toBe(50);
    expect(often.selection.deflated).toBeLessThan(once.selection.deflated);
  });

  it("prints the JSON Schema of its figures", async () => {
    expect(await run(["--schema"])).toBe(0);
    expect(JSON.parse(ran.stdout.join(""))).toMatchObject({ title: "talebridge replay", type: "object" });
  });

  it.each([
    [[], "give one backtest result"],
    [[SPOT, SPOT], "give one backtest result"],
    [[...BASE, "--profile", "bold"], /profile was "bold"; must be one of/],
    [[...BASE, "--set", "limits.max_drawdwn=1"], /did you mean "max_drawdown"/],
    [[...BASE, "--set", "max_drawdown"], "write key=value"],
    [[...BASE, "--set", "__proto__.x=1"], "write key=value"],
    [[...BASE, "--set", "constructor.prototype.x=1"], /constructor is not a known setting/],
    [[...BASE, "--profiles", "some"], "--profiles takes all"],
    [[...BASE, "--profiles", "all", "--profile", "extreme"], "not both"],
    [[...BASE, "--profiles", "all", "--against", SPOT], "not both"],
    [[...BASE, "--profiles", "all", "--html", "x.html"], "--html, --csv and --plots are for one replay"],
    [[...BASE, "--tried", "0"], "a whole number"],
    [[...BASE, "--tried", "1.5"], "a whole number"],
    [[...BASE, "--exact"], "give the configuration of the backtest with --config"],
    [[...BASE, "--params", "a", "--settings", "b"], "give one"],
    [[...BASE, "--params", "/nowhere.json"], "cannot be read"],
    [[...BASE, "--html", "/nowhere/at/all/report.html"], "does not exist"],
    [[...BASE, "--html", tmpdir()], "is a directory"],
    [[...BASE, "--csv", tmpdir()], "is a directory"],
    [[...BASE, "--plots", SPOT], "is a file"],
    [[...BASE, "--settings", "/nowhere.json"], "cannot be read"],
    [[SPOT, "--strategy", "FixtureDip", "--datadir", join(SPOT, "nowhere")], "is not a directory"],
    [[SPOT, "--strategy", "FixtureDip"], "give the directory with the backtest's candles with --datadir"],
  ])("%# explains wrong use", async (args, message) => {
    const running = run(args);
    await expect(running).rejects.toBeInstanceOf(UsageError);
    await expect(running).rejects.toThrow(message);
    expect(Reflect.get(Object.prototype, "x")).toBeUndefined();
  });

  it("leaves an old report alone when it fails", async () => {
    const page = join(ran.folder, "report.html");
    writeFileSync(page, "old");
    const failing = run([SPOT, "--strategy", "FixtureDip", "--datadir", ran.folder, "--html", page]);
    await expect(failing).rejects.toBeInstanceOf(ReplayInputError);
    await expect(failing).rejects.toThrow("No candles for ALFA/USDT");
    expect(readFileSync(page, "utf8")).toBe("old");
    expect(existsSync(join(ran.folder, "result.json"))).toBe(false);
  });
});

describe("the exact run", () => {
  const freqtrade = { program: "freqtrade", configs: ["a.json", "b.json"], strategy_path: "s", userdir: null };

  it("is the backtest's own command with the gate's block last", () => {
    const of = { strategy: "Dip", timeframe: "5m", timeframe_detail: "1m", timerange: "20250101-" };
    expect(argumentsOf(freqtrade, of, "data", "gate.json", "out").join(" ")).toBe(
      "backtesting --config a.json --config b.json --config gate.json --strategy-path s --strategy Dip --datadir data --timeframe 5m " +
        "--timeframe-detail 1m --timerange 20250101- --cache none --export trades --backtest-directory out",
    );
  });

  it.each([
    ["/nowhere/freqtrade", "cannot be run"],
    ["false", "failed with exit code 1"],
    ["true", "wrote no result"],
  ])("says what is wrong with %s", async (program, message) => {
    const running = run([...BASE, "--exact", "--config", "a.json", "--freqtrade", program, "--quiet"]);
    await expect(running).rejects.toBeInstanceOf(ReplayInputError);
    await expect(running).rejects.toThrow(message);
    expect(ran.stdout).toEqual([]);
  });
});
