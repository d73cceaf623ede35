/** freqtrade's web server: charts without a wallet or a pair list, and backtests inside its own process, which nothing may end. */

import { afterAll, beforeAll, expect, it } from "vitest";
import { apiServer, call, freePort } from "../harness/bot.js";
import { bridgesOf } from "../harness/bridges.js";
import { type Exchange, startExchange } from "../harness/exchange.js";
import { startFreqtrade } from "../harness/freqtrade.js";
import { readJournals } from "../harness/journal.js";
import { type DerivedMarket, derivedMarket } from "../harness/market.js";
import { type Running, until } from "../harness/process.js";
import { makeUserDir, type UserDir } from "../harness/userdir.js";

const RUN_MS = 180_000;

let market: DerivedMarket;
let exchange: Exchange;
let user: UserDir;
let port: number;
let server: Running;

beforeAll(async () => {
  market = await derivedMarket();
  exchange = await startExchange(market.spot);
  port = await freePort();
  user = makeUserDir({
    datadir: market.datadir,
    pairs: market.spot,
    exchange: exchange.url,
    config: { api_server: apiServer(port), timeframe: "5m" },
  });
  server = startFreqtrade("webserver", { user, args: [] });
  await wait("the web server", () =>
    call(port, "GET", "version").then(
      () => true,
      () => undefined,
    ),
  );
}, RUN_MS);

afterAll(async () => {
  await server?.stop();
  await exchange?.stop();
  user?.remove();
});

const wait = <T>(what: string, probe: () => Promise<T | undefined>) =>
  until(what, probe, { timeout_ms: RUN_MS, every_ms: 200, running: server });

interface State {
  readonly status: string;
  readonly running: boolean;
  readonly status_msg: string;
  readonly backtest_result?: { readonly strategy: Readonly<Record<string, { readonly trades: readonly unknown[] }>> };
}

async function backtest(strategy: string, timerange = market.timerange): Promise<State> {
  const settings = { strategy, timeframe: "5m", timerange, stake_amount: "1000", enable_protections: false };
  expect((await call(port, "POST", "backtest", settings)).status).toBe(200);
  return wait("the backtest's end", async () => {
    const { body } = await call(port, "GET", "backtest");
    const state = body as State;
    return state.running ? undefined : state;
  });
}

it("charts a strategy, drawing what a bridge that is not there cannot judge as denied", async () => {
  const query = new URLSearchParams({
    pair: "ALFA/USDT",
    timeframe: "5m",
    timerange: market.day,
    strategy: "DipsGated",
  });
  const { status, body } = await call(port, "GET", `pair_history?${query}`);
  expect(status, JSON.stringify(body).slice(0, 500)).toBe(200);
  const { columns, data } = body as { columns: string[]; data: (number | null)[][] };
  expect(data.length).toBeGreaterThan(100);
  expect(new Set(data.map((row) => row[columns.indexOf("risk_size")]))).toEqual(new Set([0]));
  expect(bridgesOf(user.root)).toEqual([]);
});

it("backtests with a bridge of the server's own, one session for each run", async () => {
  const first = await backtest("DipsGated");
  expect(first.status, first.status_msg).toBe("ended");
  expect(first.backtest_result?.strategy.DipsGated?.trades.length).toBeGreaterThan(0);
  expect(bridgesOf(user.root)).toHaveLength(1);
  const second = await backtest("DipsConservative");
  expect(second.status, second.status_msg).toBe("ended");
  const sessions = readJournals(user.journals).gates.map(({ session }) => session);
  expect(new Set(sessions).size).toBe(2);
  expect(bridgesOf(user.root)).toHaveLength(1);
});

it("a strategy after one that needs fewer candles is not judged on too few: it says what to do, and that helps", async () => {
  const begin = async () => call(port, "DELETE", "backtest");
  await begin();
  expect((await backtest("DipsShort")).status).toBe("ended");
  const refused = await backtest("DipsGated");
  expect(refused).toMatchObject({
    status: "error",
    status_msg: expect.stringMatching(/loaded 30 candles .* needs 990: reset the backtest/),
  });
  await begin();
  const gated = await backtest("DipsGated");
  expect(gated.status, gated.status_msg).toBe("ended");
  const lines = readJournals(user.journals).gates;
  expect(lines.filter(({ reason }) => reason === "warming_up")).toEqual([]);
});

it("a bridge that dies ends the backtest, not the server, and the next one has another", async () => {
  const lines = () => readJournals(user.journals).gates.length;
  const before = lines();
  const running = backtest("Tiny");
  await wait("questions", async () => (lines() > before ? true : undefined));
  const [pid = 0] = bridgesOf(user.root);
  process.kill(pid, "SIGKILL");
  expect(await running).toMatchObject({ status: "error", status_msg: expect.stringContaining("Stop requested") });
  expect(server.stderr).toMatch(/CRITICAL - talebridge stops this run/);
  const next = await backtest("DipsGated");
  expect(next.status, next.status_msg).toBe("ended");
  expect(bridgesOf(user.root)).toHaveLength(1);
  expect(server.ended).toBe(false);
});
