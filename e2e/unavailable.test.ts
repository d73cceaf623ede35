/** A backtest without its bridge stops: with exit code 2, a way out in its message, and no result that looks gated. */

import { readdirSync } from "node:fs";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { type Daemon, startDaemon } from "./harness/daemon.js";
import { type Exchange, startExchange } from "./harness/exchange.js";
import { freqtrade } from "./harness/freqtrade.js";
import { readJournals } from "./harness/journal.js";
import { type Market, syntheticMarket } from "./harness/market.js";
import { isAlive } from "./harness/process.js";
import { makeUserDir, type UserDir } from "./harness/userdir.js";

const RUN_MS = 120_000;
const HOW_TO_START = /talebridge serve/;

let market: Market;
let exchange: Exchange;
let user: UserDir;
let daemon: Daemon | undefined;

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
  await daemon?.stop();
  daemon = undefined;
  user.remove();
});

async function backtest(strategy: string, env: Readonly<Record<string, string>> = {}, bridge: object = {}) {
  const config = user.extra("no-autostart", {
    risk_bridge: { autostart: "off", dir: user.sockets, ...bridge },
  });
  return freqtrade("backtesting", {
    user,
    configs: [config],
    env,
    args: ["--strategy", strategy, "--timerange", market.timerange, "--cache", "none", "--export", "trades"],
    timeout_ms: RUN_MS,
  });
}

const results = (): readonly string[] => readdirSync(user.results).filter((name) => name.endsWith(".zip"));

it("stops before the first candle when no bridge runs and none may be started", async () => {
  const done = await backtest("DipsGated");
  expect(done.code, done.stderr).toBe(2);
  expect(done.stderr).toMatch(HOW_TO_START);
  expect(done.stderr).not.toMatch(/Traceback/);
  expect(results()).toEqual([]);
});

it("stops before the first candle when the bridge it starts does not come up, with what that said", async () => {
  const done = await freqtrade("backtesting", {
    user,
    env: { TALEBRIDGE_COMMAND: "sh -c 'echo no addon here >&2; exit 3'" },
    args: ["--strategy", "DipsGated", "--timerange", market.timerange, "--export", "trades"],
    timeout_ms: RUN_MS,
  });
  expect(done.code, done.stderr).toBe(2);
  expect(done.stderr).toMatch(/exit code 3; it said:\s+no addon here/);
  expect(done.stderr).toMatch(HOW_TO_START);
  expect(done.stderr).not.toMatch(/Traceback/);
  expect(results()).toEqual([]);
});

it.each([
  { strategy: "DipsKillAtStake", kind: "entry", last: "final" },
  { strategy: "DipsKillAtConfirm", kind: "entry", last: "size" },
  { strategy: "DipsKillAtScaleIn", kind: "entry", last: "final" },
] as const)("$strategy: stops half-way, whichever hook noticed", async ({ strategy, kind, last }) => {
  daemon = await startDaemon(user.sockets, user.journals);
  const done = await backtest(strategy, { TALEBRIDGE_E2E_DAEMON_PID: String(daemon.pid) });
  expect(isAlive(daemon.pid), "the strategy never killed the bridge").toBe(false);
  expect(done.code, done.stderr).toBe(2);
  expect(done.stderr).toMatch(HOW_TO_START);
  expect(results()).toEqual([]);
  const { gates } = readJournals(user.journals);
  expect(gates.at(-1)).toMatchObject({ kind, stage: last });
});

it("stops at the next candle when a confirmation that was not waited for is never answered", async () => {
  daemon = await startDaemon(user.sockets, user.journals);
  const { pid } = daemon;
  try {
    const env = { TALEBRIDGE_E2E_DAEMON_PID: String(pid) };
    const done = await backtest("DipsFreezeAtConfirm", env, { batch_timeout_s: 10 });
    expect(done.code, done.stderr).toBe(2);
    expect(done.stderr).toMatch(/stops this run: .*no answer within 10000 ms/);
    expect(results()).toEqual([]);
    expect(readJournals(user.journals).gates.at(-1)).toMatchObject({ kind: "entry", stage: "size" });
  } finally {
    process.kill(pid, "SIGCONT");
  }
});
