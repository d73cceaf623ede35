/** A backtest gated over tcp with CURVE keys, as one whose bridge is on another machine. */

import { execFileSync } from "node:child_process";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { type Daemon, startDaemon } from "./harness/daemon.js";
import { type Exchange, startExchange } from "./harness/exchange.js";
import { freqtrade } from "./harness/freqtrade.js";
import { readJournals } from "./harness/journal.js";
import { type Market, syntheticMarket } from "./harness/market.js";
import { DAEMON_JS } from "./harness/paths.js";
import { makeUserDir, type UserDir } from "./harness/userdir.js";

const RUN_MS = 120_000;

let market: Market;
let exchange: Exchange;
let user: UserDir;
let daemon: Daemon | undefined;
let tcp: { readonly gate: string; readonly batch: string };

beforeAll(async () => {
  market = await syntheticMarket();
  exchange = await startExchange(market.pairs);
}, RUN_MS);

afterAll(async () => {
  await exchange?.stop();
});

beforeEach(async () => {
  user = makeUserDir({ datadir: market.datadir, pairs: market.pairs, exchange: exchange.url });
  keys("server");
  keys("client", "bot", "--out", keyFile("bot"));
  keys("client", "former", "--out", keyFile("former"));
  keys("revoke", "former");
  const config = join(user.root, "daemon.json");
  const addresses = { gate: "127.0.0.1:0", batch: "127.0.0.1:0" };
  writeFileSync(config, JSON.stringify({ tcp: { ...addresses, keys_dir: join(user.root, "keys") } }));
  daemon = await startDaemon(user.sockets, user.journals, ["--config", config]);
  if (daemon.tcp === null) throw new Error("the daemon is not on tcp");
  tcp = daemon.tcp;
});

afterEach(async () => {
  await daemon?.stop();
  daemon = undefined;
  user.remove();
});

const keyFile = (name: string): string => join(user.root, `${name}.key`);

function keys(...words: readonly string[]): void {
  execFileSync(process.execPath, [DAEMON_JS, "keys", ...words, "--keys-dir", join(user.root, "keys")]);
}

/** A backtest that may go nowhere but to that bridge. */
function backtest(key: string) {
  const connect = { ...tcp, key_file: keyFile(key) };
  return freqtrade("backtesting", {
    user,
    configs: [user.extra("tcp", { risk_bridge: { autostart: "off", connect } })],
    args: ["--strategy", "DipsGated", "--timerange", market.shortTimerange, "--cache", "none", "--export", "trades"],
    timeout_ms: RUN_MS,
  });
}

it("is gated by the bridge it was given a key for", async () => {
  const done = await backtest("bot");
  expect(done.code, done.stderr).toBe(0);
  const { gates, hellos } = readJournals(user.journals);
  expect(hellos).toHaveLength(1);
  expect(gates.length).toBeGreaterThan(10);
});

it("stops with a key that is not on the bridge's list, and says so", async () => {
  const done = await backtest("former");
  expect(done.code, done.stderr).toBe(2);
  expect(done.stderr).toMatch(/it is not on the bridge's list/);
  expect(done.stderr).not.toMatch(/Traceback/);
  expect(readJournals(user.journals).gates).toEqual([]);
  expect(readdirSync(user.results).filter((name) => name.endsWith(".zip"))).toEqual([]);
});
