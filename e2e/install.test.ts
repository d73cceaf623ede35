/** Installed as a user installs it, with neither Node.js nor Rust to be found: by pip into freqtrade's environment, by npm from tarballs. */

import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { packDaemon, packEngine } from "../scripts/lib/npm-packages.mjs";
import { ADDON } from "../scripts/lib/paths.mjs";
import { buildWheels } from "../scripts/lib/wheels.mjs";
import { type Exchange, startExchange } from "./harness/exchange.js";
import { freqtrade } from "./harness/freqtrade.js";
import { type FreshVenv, makeFreshVenv } from "./harness/fresh_venv.js";
import { readJournals } from "./harness/journal.js";
import { type Market, syntheticMarket } from "./harness/market.js";
import { run } from "./harness/process.js";
import { readResult, resultOf } from "./harness/result.js";
import { makeUserDir } from "./harness/userdir.js";

const RUN_MS = 180_000;
const ARCH = process.arch === "arm64" ? "arm64" : "x64";
let folder = "";
let nothing = "";

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "tb-install-"));
  nothing = join(folder, "empty");
  mkdirSync(nothing);
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe("pip", { timeout: RUN_MS }, () => {
  let venv: FreshVenv;
  let market: Market;
  let exchange: Exchange;

  beforeAll(async () => {
    [venv, market] = await Promise.all([makeFreshVenv(), syntheticMarket()]);
    exchange = await startExchange(market.pairs);
    const wheels = join(folder, "wheels");
    mkdirSync(wheels);
    await buildWheels(wheels, { addon: ADDON, arch: ARCH });
    await venv.pip("install", "--no-index", "--find-links", wheels, "talebridge[bridge]");
  }, RUN_MS);

  afterAll(async () => {
    await exchange?.stop();
    venv?.remove();
  });

  const talebridge = (...args: string[]) =>
    run(join(venv.root, "venv", "bin", "talebridge"), args, {
      env: { PATH: nothing, PYTHONPATH: undefined },
      timeout_ms: RUN_MS,
    });

  it("puts the command line beside freqtrade's", async () => {
    const version = await talebridge("--version");
    expect([version.code, version.stdout.trim()]).toEqual([0, "talebridge 0.1.0"]);
    const doctor = await talebridge("doctor", "--dir", join(folder, "none"));
    // Nothing but the daemon, which nobody has started, is missing.
    expect(doctor.stdout.match(/^FAIL +\w+/gm)).toEqual(["FAIL  daemon"]);
    expect((await talebridge("serve", "--nonsense")).code).toBe(2);
    const userdir = join(folder, "user_data");
    mkdirSync(join(userdir, "strategies"), { recursive: true });
    const init = await talebridge("init", "--userdir", userdir);
    expect(init.code, init.stderr).toBe(0);
    expect(readdirSync(join(userdir, "strategies"))).toEqual(["GateOnly.py"]);
  });

  it("is enough for a gated backtest", async () => {
    const user = makeUserDir({ datadir: market.datadir, pairs: market.pairs, exchange: exchange.url });
    try {
      const args = [
        "--strategy",
        "DipsGated",
        "--timeframe",
        "5m",
        "--timerange",
        market.shortTimerange,
        "--cache",
        "none",
      ];
      const env = { PATH: nothing, PYTHONPATH: undefined, TALEBRIDGE_COMMAND: undefined };
      const done = await freqtrade("backtesting", { user, python: venv.python, env, args, timeout_ms: RUN_MS });
      expect(done.code, done.stderr.slice(-4000)).toBe(0);
      const { gates } = readJournals(user.journals);
      expect(resultOf(readResult(user.results), "DipsGated").trades.length).toBeGreaterThan(0);
      expect(gates.length).toBeGreaterThan(0);
    } finally {
      user.remove();
    }
  });

  it("leaves nothing behind when it is uninstalled", async () => {
    expect(venv.traces().length).toBeGreaterThan(0);
    await venv.pip("uninstall", "--yes", "talebridge", "talebridge-bridge");
    expect(venv.traces()).toEqual([]);
  });
});

describe("npm", { timeout: RUN_MS }, () => {
  it("installs the command and the engine of this platform", async () => {
    const [tarballs, prefix] = [join(folder, "tarballs"), join(folder, "prefix")];
    await packDaemon(tarballs);
    await packEngine(tarballs, { addon: ADDON, arch: ARCH });
    const files = readdirSync(tarballs).map((name) => join(tarballs, name));
    const flags = ["--global", "--prefix", prefix, "--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund"];
    const installed = await run("npm", ["install", ...flags, ...files], { timeout_ms: RUN_MS });
    expect(installed.code, installed.stderr).toBe(0);
    const done = await run(join(prefix, "bin", "talebridge"), ["doctor", "--dir", join(folder, "none")], {
      timeout_ms: RUN_MS,
    });
    expect(done.stdout).toMatch(/^ok +engine/m);
    expect(done.stdout.match(/^FAIL +\w+/gm)).toEqual(["FAIL  daemon"]);
  });
});
