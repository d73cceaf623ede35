/** Installed as a user installs it, with neither Node.js nor Rust to be found: by pip into freqtrade's environment, by npm from tarballs. */

import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Client } from "../bridge/test/server/harness.js";
import { packDaemon, packEngine } from "../scripts/lib/npm-packages.mjs";
import { ADDON } from "../scripts/lib/paths.mjs";
import { rootManifest } from "../scripts/lib/stage.mjs";
import { buildWheels } from "../scripts/lib/wheels.mjs";
import { startDaemon } from "./harness/daemon.js";
import { type Exchange, startExchange } from "./harness/exchange.js";
import { freqtrade } from "./harness/freqtrade.js";
import { type FreshVenv, makeFreshVenv } from "./harness/fresh_venv.js";
import { readJournals } from "./harness/journal.js";
import { type Market, syntheticMarket } from "./harness/market.js";
import { PYTHON } from "./harness/paths.js";
import { run } from "./harness/process.js";
import { readResult, resultOf } from "./harness/result.js";
import { makeUserDir } from "./harness/userdir.js";

const RUN_MS = 180_000;
const VERSION = rootManifest().version;
const NEXT = VERSION.replace(/\d+$/, (patch) => String(Number(patch) + 1));
const RESTAMP = fileURLToPath(new URL("harness/restamp.py", import.meta.url));
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
    const [here, next] = [join(folder, VERSION), join(folder, NEXT)];
    for (const wheels of [here, next]) mkdirSync(wheels);
    await buildWheels(here, { addon: ADDON, arch: ARCH });
    for (const wheel of readdirSync(here))
      await run(PYTHON, [RESTAMP, join(here, wheel), VERSION, NEXT, next], { timeout_ms: RUN_MS });
    await install(VERSION);
  }, RUN_MS);

  /** From the folder of that version's wheels alone, as from an index. */
  const install = (version: string) =>
    venv.pip("install", "--no-index", "--find-links", join(folder, version), `talebridge[bridge]==${version}`);

  afterAll(async () => {
    await exchange?.stop();
    venv?.remove();
  });

  const program = () => join(venv.root, "venv", "bin", "talebridge");
  const installed = async () => (await talebridge("--version")).stdout.trim().replace("talebridge ", "");
  const sessions = async (dir: string) =>
    JSON.parse((await talebridge("status", "--dir", dir, "--json")).stdout).sessions;
  const talebridge = (...args: string[]) =>
    run(program(), args, {
      env: { PATH: nothing, PYTHONPATH: undefined },
      timeout_ms: RUN_MS,
    });

  it("puts the command line beside freqtrade's", async () => {
    const version = await talebridge("--version");
    expect([version.code, version.stdout.trim()]).toEqual([0, `talebridge ${VERSION}`]);
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

  it("is enough for a gated backtest", () => backtest());

  async function backtest(): Promise<void> {
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
  }

  it("brings a manual page that man finds", async () => {
    const page = join(venv.root, "venv", "share", "man", "man1", "talebridge.1");
    expect(readFileSync(page, "utf8")).toContain(`"talebridge ${VERSION}"`);
  });

  it("goes to another version and back with a live bot's state, and backtests with each", async () => {
    const [dir, journal] = [join(folder, "run"), join(folder, "journal")];
    const standing = { status: "HALTED", why: `by ${VERSION}` };
    for (const version of [VERSION, NEXT, VERSION]) {
      if (version !== (await installed())) await install(version);
      expect(await installed()).toBe(version);
      const daemon = await startDaemon(dir, journal, ["--log-level", "error"], [program()]);
      const bot = new Client(dir);
      try {
        const before = await sessions(dir);
        await bot.open("bot");
        if (before.length === 0) await talebridge("halt", "--dir", dir, "--why", `by ${version}`);
        expect(await sessions(dir)).toMatchObject([{ session: "bot", standing }]);
      } finally {
        bot.close();
        expect(await daemon.stop()).toBe(0);
      }
      if (version === NEXT) await backtest();
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
    expect(existsSync(join(prefix, "share", "man", "man1", "talebridge.1"))).toBe(true);
    expect(done.stdout).toMatch(/^ok +engine/m);
    expect(done.stdout.match(/^FAIL +\w+/gm)).toEqual(["FAIL  daemon"]);
  });
});
