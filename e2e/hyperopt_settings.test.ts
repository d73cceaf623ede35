/** Hyperopt turning the gate's own thresholds, and a bridge that is started again in the middle of it. */

import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { unzipSync } from "fflate";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { bridgesOf } from "./harness/bridges.js";
import { type Daemon, startDaemon } from "./harness/daemon.js";
import { type Exchange, startExchange } from "./harness/exchange.js";
import { freqtrade, startFreqtrade } from "./harness/freqtrade.js";
import { type Market, syntheticMarket } from "./harness/market.js";
import { type Running, until } from "./harness/process.js";
import { makeUserDir, type UserDir } from "./harness/userdir.js";

const RUN_MS = 240_000;
const STAKE_SHARE = 0.1;

let market: Market;
let exchange: Exchange;
let user: UserDir;
let daemon: Daemon | undefined;
let running: Running | undefined;

beforeAll(async () => {
  market = await syntheticMarket();
  exchange = await startExchange(market.pairs);
}, RUN_MS);

afterAll(async () => {
  await exchange?.stop();
});

beforeEach(() => {
  user = makeUserDir({ datadir: market.datadir, pairs: market.pairs, exchange: exchange.url });
});

afterEach(async () => {
  running?.kill();
  running = undefined;
  await daemon?.stop();
  daemon = undefined;
  user.remove();
});

const hyperoptArgs = (strategy: string, epochs: number, ...more: string[]): string[] => [
  ...["--strategy", strategy, "--timerange", market.shortTimerange, "--spaces", "buy"],
  ...["--epochs", String(epochs), "-j", "2", "--min-trades", "1", "--random-state", "11"],
  ...["--hyperopt-loss", "OnlyProfitHyperOptLoss", ...more],
];
const hyperopt = (strategy: string, epochs: number, ...more: string[]) =>
  freqtrade("hyperopt", { user, args: hyperoptArgs(strategy, epochs, ...more), timeout_ms: RUN_MS });
const backtest = (strategy: string) =>
  freqtrade("backtesting", {
    user,
    args: ["--strategy", strategy, "--timerange", market.shortTimerange, "--export", "trades"],
    timeout_ms: RUN_MS,
  });

interface Epoch {
  readonly params_dict: Readonly<Record<string, number>>;
  readonly results_metrics: { readonly total_trades: number; readonly profit_total_abs: number };
}
interface HelloLine {
  readonly type: "hello";
  readonly session: string;
  readonly settings: {
    readonly limits: Readonly<Record<string, number | null>>;
    readonly rules: readonly { readonly from: number }[];
  };
}
interface GateLine {
  readonly type: "gate";
  readonly session: string;
  readonly stage: string;
  readonly stake: number;
  readonly stake_allowed: number;
  readonly decision: string;
}

function linesOf(folder: string, pattern: RegExp): readonly unknown[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => pattern.test(name))
    .sort()
    .flatMap((name) => readFileSync(join(folder, name), "utf8").split("\n").slice(0, -1))
    .map((text): unknown => JSON.parse(text));
}
const epochsOf = (): readonly Epoch[] =>
  linesOf(join(user.root, "hyperopt_results"), /\.fthypt$/).map((epoch) => epoch as Epoch);
const journalLines = (): readonly (HelloLine | GateLine | { readonly type: "other" })[] =>
  linesOf(user.journals, /^journal-.*\.jsonl$/).map((line) => line as HelloLine | GateLine);
/** Settings of each session that was asked something, in the order of its first hello. */
function settingsAsked(): readonly HelloLine["settings"][] {
  const lines = journalLines();
  const asked = new Set(lines.filter((line) => line.type === "gate").map((line) => line.session));
  const found = new Map<string, HelloLine["settings"]>();
  for (const line of lines) {
    if (line.type === "hello" && asked.has(line.session)) found.set(line.session, line.settings);
  }
  return [...found.values()];
}
const inOrder = (numbers: readonly number[]) => [...numbers].sort((a, b) => a - b);

describe("an account limit that hyperopt turns", () => {
  it(
    "each epoch is gated by its own value; the exported one gates later backtests, and the cache notices another",
    async () => {
      const done = await hyperopt("Tuned", 4);
      expect(done.code, done.stderr.slice(-4000)).toBe(0);
      const epochs = epochsOf();
      expect(epochs).toHaveLength(4);
      const values = epochs.map(({ params_dict }) => Number(params_dict.risk_exposure));
      expect(new Set(values).size).toBeGreaterThan(2);
      const told = settingsAsked().map(({ limits }) => Number(limits.max_gross_exposure));
      expect(inOrder(told)).toEqual(inOrder(values));
      // The value binds: what was allowed grows with it until a stake fits whole.
      const lines = journalLines();
      const largest = new Map<number, number>();
      for (const hello of lines) {
        if (hello.type !== "hello") continue;
        const allowed = lines.flatMap((line) =>
          line.type === "gate" && line.session === hello.session ? [line.stake_allowed] : [],
        );
        if (allowed.length > 0) largest.set(Number(hello.settings.limits.max_gross_exposure), Math.max(...allowed));
      }
      for (const [value, stake] of largest) expect(stake / 10_000).toBeCloseTo(Math.min(value, STAKE_SHARE), 2);

      const exported = join(user.root, "strategies", "tuned.json");
      const file = JSON.parse(readFileSync(exported, "utf8"));
      const best = file.params.buy.risk_exposure;
      expect(values).toContain(best);
      const before = journalLines().length;
      expect((await backtest("Tuned")).code).toBe(0);
      expect(settingsAsked().at(-1)?.limits.max_gross_exposure).toBe(best);
      expect(resultSettings().at(-1)?.limits.max_gross_exposure).toBe(best);
      const once = journalLines().length;
      expect(once).toBeGreaterThan(before);
      // The same values: freqtrade reuses its result and nothing is asked.
      const again = await backtest("Tuned");
      expect(again.stdout + again.stderr).toMatch(/Reusing result of previous backtest/);
      expect(journalLines().filter((line) => line.type === "gate")).toHaveLength(
        journalLines()
          .slice(0, once)
          .filter((line) => line.type === "gate").length,
      );
      file.params.buy.risk_exposure = 0.033;
      writeFileSync(exported, JSON.stringify(file));
      const other = await backtest("Tuned");
      expect(other.stdout + other.stderr).not.toMatch(/Reusing result of previous backtest/);
      expect(settingsAsked().at(-1)?.limits.max_gross_exposure).toBe(0.033);
    },
    2 * RUN_MS,
  );

  it(
    "a value the gate refuses ends the run, and the message says which",
    async () => {
      const done = await hyperopt("TunedWrongly", 2);
      expect(done.code).not.toBe(0);
      expect(done.stdout + done.stderr).toMatch(/risk_bridge\.limits\.max_drawdown: was 1\.\d+; must be a number/);
    },
    RUN_MS,
  );
});

describe("a candle rule that hyperopt turns", () => {
  it(
    "is refused where candles are judged once, and turned with --analyze-per-epoch",
    async () => {
      const once = await hyperopt("TunedRule", 2, "--disable-param-export");
      expect(once.code).toBe(2);
      expect(once.stdout + once.stderr).toMatch(/risk_from turns risk_bridge\.rules\.0\.from.*--analyze-per-epoch/);
      expect(epochsOf()).toEqual([]);
      const each = await hyperopt("TunedRule", 3, "--disable-param-export", "--analyze-per-epoch");
      expect(each.code, each.stderr.slice(-4000)).toBe(0);
      const values = epochsOf().map(({ params_dict }) => Number(params_dict.risk_from));
      expect(values).toHaveLength(3);
      expect(inOrder(settingsAsked().map(({ rules }) => Number(rules[0]?.from)))).toEqual(inOrder(values));
    },
    2 * RUN_MS,
  );
});

describe("a bridge that goes away in the middle", () => {
  const EPOCHS = 8;
  const outcome = () =>
    epochsOf().map(({ params_dict, results_metrics }) => [
      params_dict.risk_exposure,
      results_metrics.total_trades,
      results_metrics.profit_total_abs,
    ]);

  /** Starts a hyperopt and waits until epochs are under way. */
  async function underWay(): Promise<Running> {
    const started = startFreqtrade("hyperopt", {
      user,
      args: hyperoptArgs("Tuned", EPOCHS, "--disable-param-export"),
    });
    running = started;
    await until("two epochs", () => (settingsAsked().length > 2 ? true : undefined), {
      timeout_ms: RUN_MS,
      every_ms: 20,
      running: started,
    });
    return started;
  }

  it(
    "shared and started again: the run goes on, and finds what an undisturbed one finds",
    async () => {
      mkdirSync(user.sockets, { mode: 0o700 });
      daemon = await startDaemon(user.sockets, user.journals);
      const configs = [user.extra("shared", { risk_bridge: { autostart: "off", dir: user.sockets } })];
      const first = daemon;
      const disturbed = startFreqtrade("hyperopt", {
        user,
        configs,
        env: { TALEBRIDGE_E2E_DAEMON_PID: String(first.pid) },
        args: hyperoptArgs("Interrupted", EPOCHS, "--disable-param-export"),
      });
      running = disturbed;
      await until("the bridge's end", () => (first.process.ended ? true : undefined), {
        timeout_ms: RUN_MS,
        every_ms: 20,
        running: disturbed,
      });
      daemon = await startDaemon(user.sockets, user.journals);
      const done = await disturbed.finished(RUN_MS);
      expect(done.code, done.stderr.slice(-4000)).toBe(0);
      const found = outcome();
      expect(found).toHaveLength(EPOCHS);

      const calm = makeUserDir({ datadir: market.datadir, pairs: market.pairs, exchange: exchange.url });
      user.remove();
      user = calm;
      expect((await hyperopt("Interrupted", EPOCHS, "--disable-param-export")).code).toBe(0);
      expect(outcome()).toEqual(found);
    },
    2 * RUN_MS,
  );

  it(
    "private: the run stops, and says so",
    async () => {
      const disturbed = await underWay();
      for (const pid of bridgesOf(user.root)) process.kill(pid, "SIGKILL");
      const done = await disturbed.finished(RUN_MS);
      expect(done.code).toBe(2);
      expect(done.stdout + done.stderr).toMatch(/no bridge answers/);
    },
    RUN_MS,
  );
});

/** The `risk_bridge` block of each result file, oldest first. */
function resultSettings(): readonly { readonly limits: Readonly<Record<string, unknown>> }[] {
  return readdirSync(user.results)
    .filter((name) => name.endsWith(".zip"))
    .sort()
    .map((name) => {
      const files = unzipSync(readFileSync(join(user.results, name)));
      const config = files[name.replace(/\.zip$/, "_config.json")];
      return JSON.parse(new TextDecoder().decode(config)).risk_bridge;
    });
}
