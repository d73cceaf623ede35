/** A bot in dry-run whose bridge is killed under it, and comes back. Takes minutes: it waits for one-minute candles. */

import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Daemon, startDaemon } from "./harness/daemon.js";
import { type Exchange, startExchange } from "./harness/exchange.js";
import { python, startFreqtrade } from "./harness/freqtrade.js";
import { type GateLine, readJournals } from "./harness/journal.js";
import { type Market, syntheticMarket } from "./harness/market.js";
import { isAlive, type Running, until } from "./harness/process.js";
import { makeUserDir, type UserDir } from "./harness/userdir.js";

const TEST_MS = 420_000;
/** Two candles and what a loaded machine adds. */
const CANDLES_MS = 150_000;
const MINUTE_MS = 60_000;
/** What a loop may take longer while the bridge is dead. */
const SLOWER_MS = 1000;

let market: Market;
let exchange: Exchange;
let user: UserDir;
let daemon: Daemon;
let bot: Running | undefined;

beforeAll(async () => {
  market = await syntheticMarket();
  exchange = await startExchange(market.pairs);
  user = makeUserDir({
    datadir: market.datadir,
    pairs: market.pairs,
    exchange: exchange.url,
    risk_bridge: { autostart: "off" },
    config: { db_url: "sqlite:///dry-run.sqlite" },
  });
  user.extra("live", { risk_bridge: { dir: user.sockets } });
  mkdirSync(user.sockets, { mode: 0o700 });
  daemon = await startDaemon(user.sockets, user.journals);
}, TEST_MS);

afterAll(async () => {
  await bot?.stop();
  await daemon?.stop();
  await exchange?.stop();
  user?.remove();
});

interface TradeRow {
  readonly pair: string;
  readonly open_ms: number;
  readonly close_ms: number | null;
}

const TRADES = `
import json, sqlite3, sys
rows = sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True).execute(
    "select pair, strftime('%s', open_date) * 1000, strftime('%s', close_date) * 1000 from trades order by id")
print(json.dumps([{"pair": p, "open_ms": int(o), "close_ms": None if c is None else int(c)} for p, o, c in rows]))
`;

/** What the bot has in its own database. */
async function trades(): Promise<readonly TradeRow[]> {
  const rows: unknown = JSON.parse(await python(TRADES, [join(user.root, "dry-run.sqlite")]));
  if (!Array.isArray(rows)) throw new Error("not a list of trades");
  return rows;
}

/** Notes the strategy took (e2e/strategies/pulse.py). */
function notes(): readonly { readonly t_ms: number; readonly kind: string }[] {
  const text = readFileSync(join(user.root, "notes.jsonl"), "utf8").split("\n");
  text.pop();
  return text.map((line) => JSON.parse(line));
}

const since = (at_ms: number, kind: string) => notes().filter((note) => note.kind === kind && note.t_ms >= at_ms);
const decisions = (): readonly GateLine[] => readJournals(user.journals).gates;

/** Durations of the bot's loops as its own log gives them, in ms. */
function loops(log: string): readonly number[] {
  return [...log.matchAll(/Throttling with '_process_running\(\)'.*last iteration took ([\d.]+) s/g)].map(
    (match) => Number(match[1]) * 1000,
  );
}

const worst = (values: readonly number[]): number => Math.max(...values);

it(
  "killed with SIGKILL: no entry passes, exits go on, loops stay fast; after its restart entries resume",
  async () => {
    bot = startFreqtrade("trade", {
      user,
      configs: [join(user.root, "live.json")],
      env: { TALEBRIDGE_E2E_NOTES: join(user.root, "notes.jsonl") },
      args: ["--strategy", "Pulse", "--dry-run", "-vv"],
    });
    const running = bot;

    await until("entries allowed", async () => ((await tradesSince(0)).length > 0 ? true : undefined), {
      timeout_ms: 2 * CANDLES_MS,
      every_ms: 1000,
      running,
    });
    const allowed = decisions().filter((line) => line.decision !== "deny");
    expect(allowed.length).toBeGreaterThan(0);
    const before = loops(running.stdout + running.stderr);

    // A position has to be open when the bridge dies, or its exit would prove nothing.
    await until(
      "an open position",
      async () => ((await trades()).some((trade) => trade.close_ms === null) ? true : undefined),
      {
        timeout_ms: CANDLES_MS,
        every_ms: 250,
        running,
      },
    );
    await daemon.crash();
    const died = Date.now();
    expect(isAlive(daemon.pid)).toBe(false);
    const open = (await trades()).filter((trade) => trade.close_ms === null).length;
    expect(open).toBeGreaterThan(0);

    await until(
      "exits and refused entries without the bridge",
      async () => {
        const closed = (await trades()).filter((trade) => trade.close_ms !== null && trade.close_ms >= died - 1000);
        const refused = since(died, "asked").length;
        return closed.length > 0 && Date.now() - died > 1.5 * MINUTE_MS && refused >= 0 ? true : undefined;
      },
      { timeout_ms: CANDLES_MS, every_ms: 1000, running },
    );
    const entered = (await trades()).filter((trade) => trade.open_ms > died);
    expect(entered).toEqual([]);
    const during = loops(running.stdout + running.stderr).slice(before.length);

    daemon = await startDaemon(user.sockets, user.journals);
    const back = Date.now();
    await until("entries resumed", async () => ((await tradesSince(back)).length > 0 ? true : undefined), {
      timeout_ms: CANDLES_MS,
      every_ms: 1000,
      running,
    });
    expect(running.ended).toBe(false);
    expect(new Set(decisions().map((line) => line.session)).size, "the session goes on").toBe(1);

    const slower_ms = worst(during) - worst(before);
    process.stdout.write(
      `loops of the bot: worst ${worst(before).toFixed(0)} ms with the bridge, ${worst(during).toFixed(0)} ms without\n`,
    );
    expect(slower_ms).toBeLessThan(SLOWER_MS);
  },
  TEST_MS,
);

async function tradesSince(at_ms: number): Promise<readonly TradeRow[]> {
  return (await trades()).filter((trade) => trade.open_ms >= at_ms);
}
