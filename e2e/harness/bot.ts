/** `freqtrade trade` in dry-run with its REST API, moved like a puppet: e2e/strategies/puppet.py does what a file says. */

import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { type Daemon, startDaemon } from "./daemon.js";
import { type Exchange, startExchange } from "./exchange.js";
import { startFreqtrade } from "./freqtrade.js";
import { type GateLine, readJournals } from "./journal.js";
import { type Running, until } from "./process.js";
import { makeUserDir, type UserDir } from "./userdir.js";

const START_MS = 120_000;
const STEP_MS = 60_000;
const PASSWORD = "loopback";

/** What the strategy is told to do; it looks before every analysis. */
export interface Strings {
  /** Pairs that have an entry signal. */
  readonly enter?: Readonly<Record<string, "long" | "short">>;
  /** Pairs whose entry orders are put so far away that they never fill. */
  readonly far?: readonly string[];
  /** Pairs whose entry order is put elsewhere when a candle is new. */
  readonly replace?: readonly string[];
  /** Pairs that leave. */
  readonly exit?: readonly string[];
  /** Pairs that want that much more, or less, of their position. */
  readonly add?: Readonly<Record<string, number>>;
  /** Pairs whose open order the exchange fills by half and cancels. */
  readonly half?: readonly string[];
}

export interface OpenTrade {
  readonly trade_id: number;
  readonly pair: string;
  readonly is_short: boolean;
  readonly leverage: number;
  readonly amount: number;
  readonly stake_amount: number;
  readonly has_open_orders: boolean;
  readonly orders: readonly {
    readonly ft_order_side: string;
    readonly is_open: boolean;
    readonly amount: number;
    readonly cost: number;
  }[];
}

export interface Bot {
  readonly running: Running;
  /** Everything it has said. */
  log(): string;
  pull(strings: Strings): void;
  /** Open trades by pair. */
  open(): Promise<ReadonlyMap<string, OpenTrade>>;
  /** A call of its REST API. @returns the status and the decoded body */
  call(method: "GET" | "POST" | "DELETE", path: string, body?: unknown): Promise<{ status: number; body: unknown }>;
  /** Waits for something to come true. */
  wait<T>(what: string, probe: () => T | undefined | Promise<T | undefined>): Promise<T>;
  /** Waits until it has gone through its loop so many times more. */
  loops(count: number): Promise<void>;
}

/** A free port of 127.0.0.1. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

/** The `api_server` block of a bot or a web server. */
export function apiServer(port: number): Readonly<Record<string, unknown>> {
  return {
    enabled: true,
    listen_ip_address: "127.0.0.1",
    listen_port: port,
    username: "e2e",
    password: PASSWORD,
    jwt_secret_key: "only-for-loopback-and-long-enough-to-sign",
    ws_token: "only-for-loopback-and-long-enough",
    verbosity: "error",
    CORS_origins: [],
  };
}

/** Calls a REST API that `apiServer` describes. */
export async function call(port: number, method: string, path: string, body?: unknown) {
  const response = await fetch(`http://127.0.0.1:${port}/api/v1/${path}`, {
    method,
    headers: {
      authorization: `Basic ${Buffer.from(`e2e:${PASSWORD}`).toString("base64")}`,
      "content-type": "application/json",
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const decoded: unknown = await response.json();
  return { status: response.status, body: decoded };
}

/** Where a user's puppets find their strings. */
export const stringsFile = (user: UserDir): string => join(user.root, "strings.json");

/** Tells the puppets of a user what to do. */
export function pull(user: UserDir, strings: Strings): void {
  writeFileSync(`${stringsFile(user)}.new`, JSON.stringify(strings));
  renameSync(`${stringsFile(user)}.new`, stringsFile(user));
}

/** Starts a bot and waits until it runs. @param sockets of its bridge. The caller stops `running`. */
export async function startBot(user: UserDir, port: number, strategy: string, sockets = user.sockets): Promise<Bot> {
  const running = startFreqtrade("trade", {
    user,
    env: { TALEBRIDGE_E2E_STRINGS: stringsFile(user), FREQTRADE__RISK_BRIDGE__DIR: sockets },
    args: ["--strategy", strategy, "--dry-run"],
  });
  const bot: Bot = {
    running,
    log: () => running.stdout + running.stderr,
    pull: (strings) => pull(user, strings),
    async open() {
      const { body } = await call(port, "GET", "status");
      if (!Array.isArray(body)) throw new Error(`no list of trades: ${JSON.stringify(body)}`);
      const trades: readonly OpenTrade[] = body;
      return new Map(trades.map((trade) => [trade.pair, trade]));
    },
    call: (method, path, body) => call(port, method, path, body),
    wait: (what, probe) => until(what, async () => probe(), { timeout_ms: STEP_MS, every_ms: 200, running }),
    async loops(count) {
      for (let i = 0; i < count; i++) {
        const before = await lastLoop(port);
        await bot.wait("the bot's next loop", async () => ((await lastLoop(port)) !== before ? true : undefined));
      }
    },
  };
  try {
    await until("the bot's first loop", async () => ((await isRunning(port)) ? true : undefined), {
      timeout_ms: START_MS,
      every_ms: 200,
      running,
    });
  } catch (error) {
    running.kill();
    throw error;
  }
  return bot;
}

export interface Stage {
  readonly exchange: Exchange;
  readonly user: UserDir;
  readonly port: number;
  daemon: Daemon;
  bot: Bot;
  /** What the gate was asked about a pair, in order. */
  words(pair: string): readonly GateLine[];
  /** What the bridge was last told of the account: [pair, side, stake, leverage, state]. */
  positions(): readonly (readonly unknown[])[];
  stop(): Promise<void>;
}

export interface StageOptions {
  /** What the exchange offers; the bot's list is `pairs`. */
  readonly markets: readonly string[];
  readonly pairs: readonly string[];
  readonly strategy: string;
  readonly risk_bridge: Readonly<Record<string, unknown>>;
  readonly config: Readonly<Record<string, unknown>>;
  /** Which candles the markets have; default: every one. */
  readonly has?: (pair: string, open_ms: number) => boolean;
}

/** An exchange, a bridge and a bot that waits to be moved. The caller stops all three. */
export async function setStage(options: StageOptions): Promise<Stage> {
  const exchange = await startExchange(options.markets, options.has);
  const port = await freePort();
  const user = makeUserDir({
    pairs: options.pairs,
    exchange: exchange.url,
    risk_bridge: { autostart: "off", ...options.risk_bridge },
    config: {
      db_url: "sqlite:///dry-run.sqlite",
      api_server: apiServer(port),
      force_entry_enable: true,
      ...options.config,
    },
  });
  mkdirSync(user.sockets, { mode: 0o700 });
  pull(user, {});
  const daemon = await startDaemon(user.sockets, user.journals);
  const stop = async () => {
    await stage?.bot.running.stop();
    await (stage?.daemon ?? daemon).stop();
    await exchange.stop();
    user.remove();
  };
  let stage: Stage | undefined;
  try {
    stage = {
      exchange,
      user,
      port,
      daemon,
      bot: await startBot(user, port, options.strategy),
      words: (pair) => readJournals(user.journals).gates.filter((line) => line.pair === pair),
      positions: () => readJournals(user.journals).portfolios.at(-1)?.positions ?? [],
      stop,
    };
    return stage;
  } catch (error) {
    await stop();
    throw error;
  }
}

/** When the bot's last loop ended; null before the first. */
async function lastLoop(port: number): Promise<unknown> {
  const { body } = await call(port, "GET", "health");
  return typeof body === "object" && body !== null && "last_process_ts" in body ? body.last_process_ts : null;
}

async function isRunning(port: number): Promise<boolean> {
  try {
    return (await lastLoop(port)) !== null;
  } catch {
    return false;
  }
}
