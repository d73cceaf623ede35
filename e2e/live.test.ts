/** A bot in dry-run whose bridge is killed under it, and comes back. Takes minutes: it waits for one-minute candles. */

import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Daemon, startDaemon } from "./harness/daemon.js";
import { type Exchange, startExchange } from "./harness/exchange.js";
import { python, startFreqtrade } from "./harness/freqtrade.js";
import { readJournals } from "./harness/journal.js";
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
  writeFileSync(join(user.root, "notes.jsonl"), "");
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

/** What the bot has in its own database; nothing before it has made one. */
async function trades(): Promise<readonly TradeRow[]> {
  if (!existsSync(join(user.root, "dry-run.sqlite"))) return [];
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
const tradesSince = async (at_ms: number) => (await trades()).filter((trade) => trade.open_ms >= at_ms);
const openTrades = async () => (await trades()).filter((trade) => trade.close_ms === null);

/** Durations of the bot's loops as its own log gives them, in ms. */
function loops(log: string): readonly number[] {
  return [...log.matchAll(/Throttling with '_process_running\(\)'.*last iteration took ([\d.]+) s/g)].map(
    (match) => Number(match[1]) * 1000,
  );
}

it(
  "killed with SIGKILL: no entry passes, exits go on, loops stay fast; after its restart entries resume",
  async () => {
    const running = startFreqtrade("trade", {
      user,
      configs: [join(user.root, "live.json")],
      env: { TALEBRIDGE_E2E_NOTES: join(user.root, "notes.jsonl") },
      args: ["--strategy", "Pulse", "--dry-run", "-vv"],
    });
    bot = running;
    const wait = <T>(what: string, probe: () => Promise<T | undefined>, timeout_ms = CANDLES_MS): Promise<T> =>
      until(what, probe, { timeout_ms, every_ms: 500, running });
    const log = (): string => running.stdout + running.stderr;

    await wait("a first round trip", async () => (since(0, "goes out").length > 0 ? true : undefined), 2 * CANDLES_MS);
    // A position has to be open when the bridge dies, or no exit could follow.
    const open = await wait("an open position", async () => {
      const now = await openTrades();
      return now.length > 0 ? now : undefined;
    });
    const before = readJournals(user.journals);
    expect(before.gates.filter((line) => line.decision === "allow").length).toBeGreaterThan(0);
    const loopsBefore = loops(log());

    await daemon.crash();
    const died = Date.now();
    expect(isAlive(daemon.pid)).toBe(false);

    await wait("refused entries and exits without the bridge", async () => {
      const wanted = since(died + MINUTE_MS, "wants in").length;
      const closed = (await trades()).filter((trade) => trade.close_ms !== null && trade.close_ms > died);
      return wanted > 0 && closed.length >= open.length ? true : undefined;
    });
    expect(await tradesSince(died)).toEqual([]);
    expect(await openTrades()).toEqual([]);
    const loopsDuring = loops(log()).slice(loopsBefore.length);

    daemon = await startDaemon(user.sockets, user.journals);
    const back = Date.now();
    await wait("entries resumed", async () => ((await tradesSince(back)).length > 0 ? true : undefined));
    expect(running.ended).toBe(false);

    const after = readJournals(user.journals);
    expect(new Set(after.gates.map((line) => line.session)).size).toBe(1);
    expect(after.gates.filter((line) => line.t_ms > died && line.t_ms < back)).toEqual([]);
    const known = Math.max(...before.portfolios.map((line) => line.snapshot_seq));
    const next = after.portfolios.find((line) => line.t_ms >= back);
    expect(next?.snapshot_seq, "the session was not continued from the journal").toBeGreaterThan(known);

    expect(loopsBefore.length).toBeGreaterThan(5);
    expect(loopsDuring.length).toBeGreaterThan(5);
    const [worstBefore, worstDuring] = [Math.max(...loopsBefore), Math.max(...loopsDuring)];
    process.stdout.write(`slowest loop of the bot: ${worstBefore} ms with the bridge, ${worstDuring} ms without\n`);
    expect(worstDuring - worstBefore).toBeLessThan(SLOWER_MS);
  },
  TEST_MS,
);
