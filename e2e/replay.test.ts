/** Replays beside freqtrade itself: its own trade table, and the gated backtest that a replay stands for. */

import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { unzipSync } from "fflate";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Exchange, startExchange } from "./harness/exchange.js";
import { freqtrade } from "./harness/freqtrade.js";
import { syntheticMarket } from "./harness/market.js";
import { DAEMON_JS, PYTHON } from "./harness/paths.js";
import { makeUserDir } from "./harness/userdir.js";

const RUN_MS = 240_000;
const execute = promisify(execFile);
const ROOT = fileURLToPath(new URL("../", import.meta.url));
const FIXTURES = join(ROOT, "bridge", "test", "replay", "fixtures");
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tb-replay-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

async function replay(...args: string[]) {
  const json = join(folder, "replay.json");
  await execute(process.execPath, [DAEMON_JS, "replay", ...args, "--json", json, "--quiet"], {
    timeout: RUN_MS,
    env: { ...process.env, TALEBRIDGE_COMMAND: `${process.execPath} ${DAEMON_JS}` },
  });
  return JSON.parse(readFileSync(json, "utf8"));
}

/** freqtrade finds a result only under the name it gave it. */
function underItsOwnName(zip: string): string {
  const name = Object.keys(unzipSync(readFileSync(zip))).find((member) => /^backtest-result-.*\d\.json$/.test(member));
  const copy = join(folder, `${name?.slice(0, -".json".length)}.zip`);
  copyFileSync(zip, copy);
  return copy;
}

async function fromTradeTable(zip: string, strategy: string) {
  const script = join(ROOT, "scripts", "lib", "replay_totals.py");
  const { stdout } = await execute(PYTHON, [script, zip, strategy, join(folder, "replay.json")], { timeout: RUN_MS });
  return JSON.parse(stdout);
}

describe("totals recomputed from freqtrade's trade table", () => {
  it.each([
    ["spot-2026.9.zip", "FixtureDip"],
    ["spot-2026.9.zip", "FixtureDca"],
    ["futures-2026.9.zip", "FixtureShort"],
  ])(
    "agree to the cent on %s, %s",
    async (file, strategy) => {
      const zip = underItsOwnName(join(FIXTURES, file));
      const result = await replay(zip, "--strategy", strategy, "--datadir", join(FIXTURES, "data"));
      const own = await fromTradeTable(zip, strategy);
      for (const side of ["without", "with"]) {
        expect(result[side].profit_abs, side).toBeCloseTo(own[side].profit_abs, 2);
        expect(result[side].trades, side).toBe(own[side].trades);
        expect(result[side].winners, side).toBe(own[side].winners);
        expect(result[side].drawdown_closed.abs, side).toBeCloseTo(own[side].drawdown_abs, 2);
        expect(result[side].drawdown_closed.ratio, side).toBeCloseTo(own[side].drawdown_ratio, 6);
      }
      // The gate changed something, so the comparison is one.
      expect(result.with.profit_abs).not.toBeCloseTo(result.without.profit_abs, 2);
    },
    RUN_MS,
  );
});

it(
  "leaves nothing behind when it is interrupted",
  async () => {
    const data = join(FIXTURES, "data");
    const zip = join(FIXTURES, "spot-2026.9.zip");
    const args = ["replay", zip, "--strategy", "FixtureDip", "--datadir", data];
    const child = spawn(
      process.execPath,
      [DAEMON_JS, ...args, "--json", join(folder, "out.json"), "--html", join(folder, "out.html")],
      { stdio: ["ignore", "ignore", "pipe"] },
    );
    const ended = once(child, "exit");
    // It has begun to work, and has said so.
    await once(child.stderr, "data");
    child.kill("SIGINT");
    const [, signal] = await ended;
    expect(signal).toBe("SIGINT");
    expect(readdirSync(folder)).toEqual([]);
  },
  RUN_MS,
);

describe("the exact run", () => {
  let exchange: Exchange;
  beforeAll(async () => {
    exchange = await startExchange((await syntheticMarket()).pairs);
  }, RUN_MS);
  afterAll(async () => {
    await exchange?.stop();
  });

  it(
    "is the gated backtest, beside the replay of the one without",
    async () => {
      const market = await syntheticMarket();
      const block = { profile: "conservative", mode: "shadow", window_set: "compact" };
      const user = makeUserDir({
        datadir: market.datadir,
        pairs: market.pairs,
        exchange: exchange.url,
        risk_bridge: block,
        config: { max_open_trades: 2 },
      });
      try {
        const args = ["--strategy", "GateOnly", "--timeframe", "5m", "--timerange", market.timerange];
        const done = await freqtrade("backtesting", {
          user,
          args: [...args, "--cache", "none", "--export", "trades"],
          timeout_ms: RUN_MS,
        });
        expect(done.code).toBe(0);
        const zip = join(user.results, readdirSync(user.results).find((name) => name.endsWith(".zip")) ?? "none");
        const program = join(dirname(PYTHON), "freqtrade");
        expect(existsSync(program)).toBe(true);
        const exact = ["--exact", "--freqtrade", program, "--config", user.config, "--userdir", user.root];
        const result = await replay(zip, "--datadir", user.datadir, ...exact);
        expect(result.gate.settings).toMatchObject({ mode: "enforce", window_set: "compact" });
        expect(result.exact.start_ms).toBe(result.source.start_ms);
        expect(result.exact.trades).toBe(result.exact.trades_in_both + result.exact.trades_only_gated);
        expect(result.source.trades).toBe(result.exact.trades_in_both + result.exact.trades_only_ungated);
        expect(result.exact.profit_abs).not.toBeCloseTo(result.without.profit_abs, 2);
        expect(result.exact.first_order_off_abs).toBeCloseTo(result.with.profit_abs - result.exact.profit_abs, 9);
        const { in_both_abs, only_ungated_abs, only_gated_abs } = result.exact.parts;
        expect(in_both_abs + only_ungated_abs + only_gated_abs).toBeCloseTo(result.exact.first_order_off_abs, 6);
        // Stakes are fixed here, so where the gated run opened what the replay let through, both have earned the same.
        const off = Math.abs(result.exact.first_order_off_abs);
        expect(off).toBeLessThan(Math.abs(result.effect.profit_change_abs));

        // What the shadow gate said in this backtest, with the backtest's trades as outcomes.
        const told = await replay("--journal", user.journals, "--trades", zip, "--datadir", user.datadir);
        expect(told.counts).toMatchObject({ entries: result.counts.entries, outcome_unknown: 0 });
        expect(told.without.profit_abs).toBeCloseTo(result.without.profit_abs, 6);
        const answers = (of: { entries: { pair: string; at_ms: number; reason: string; decision: string }[] }) =>
          of.entries.filter(({ reason }) => reason === "jump").map((one) => [one.pair, one.at_ms, one.decision]);
        expect(answers(told).length).toBeGreaterThan(5);
        expect(answers(told)).toEqual(expect.arrayContaining(answers(result)));
      } finally {
        user.remove();
      }
    },
    2 * RUN_MS,
  );
});
