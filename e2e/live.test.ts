/** A bot in dry-run whose bridge is killed under it, and comes back. Takes minutes: it waits for one-minute candles. */

import { execFile } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Daemon, startDaemon } from "./harness/daemon.js";
import { type Exchange, startExchange } from "./harness/exchange.js";
import { python, startFreqtrade } from "./harness/freqtrade.js";
import { readJournals } from "./harness/journal.js";
import { type Market, syntheticMarket } from "./harness/market.js";
import { DAEMON_JS, PYTHON } from "./harness/paths.js";
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
    // Wide, but on: with them entries pass only where the pairs' closes are told.
    risk_bridge: { autostart: "off", limits: { max_cluster_exposure: 100, max_book_es: 1, book_es_hours: 1 } },
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
from datetime import UTC, datetime
def ms(text):
    return None if text is None else datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000
rows = sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True).execute(
    "select pair, open_date, close_date from trades order by id")
print(json.dumps([{"pair": p, "open_ms": ms(o), "close_ms": ms(c)} for p, o, c in rows]))
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

    // Young positions: they leave when they are a minute old, so only after the bridge has died.
    await wait(
      "positions just opened",
      async () => {
        const young = (await openTrades()).filter((trade) => trade.open_ms > Date.now() - MINUTE_MS / 3);
        return young.length > 0 ? true : undefined;
      },
      2 * CANDLES_MS,
    );
    const before = readJournals(user.journals);
    expect(before.gates.filter((line) => line.decision === "allow").length).toBeGreaterThan(0);
    await wait("loops with open positions", async () => (loops(log()).length > 5 ? true : undefined));
    const loopsBefore = loops(log());

    await daemon.crash();
    const died = Date.now();
    expect(isAlive(daemon.pid)).toBe(false);
    const open = await openTrades();
    expect(open.length).toBeGreaterThan(0);

    await wait("refused entries and exits without the bridge", async () => {
      const wanted = since(died + MINUTE_MS, "wants in").length;
      return wanted > 0 && (await openTrades()).length === 0 ? true : undefined;
    });
    expect(since(died, "goes out").length).toBeGreaterThanOrEqual(open.length);
    expect(await tradesSince(died)).toEqual([]);
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

    await bot.stop();
    const program = join(dirname(PYTHON), "freqtrade");
    const database = ["--db", join(user.root, "dry-run.sqlite"), "--freqtrade", program];
    const figures = join(user.root, "journal.json");
    await promisify(execFile)(process.execPath, [
      ...[DAEMON_JS, "replay", "--journal", user.journals, ...database, "--json", figures, "--quiet"],
    ]);
    const told = JSON.parse(readFileSync(figures, "utf8"));
    const closed = (await trades()).filter((trade) => trade.close_ms !== null);
    expect(closed.length).toBeGreaterThan(0);
    // Every trade was asked about, so every closed one is an outcome.
    expect(told.counts.entries - told.counts.outcome_unknown).toBe(closed.length);
    expect(told.without.trades).toBe(closed.length);

    expect(loopsBefore.length).toBeGreaterThan(5);
    expect(loopsDuring.length).toBeGreaterThan(5);
    const [worstBefore, worstDuring] = [Math.max(...loopsBefore), Math.max(...loopsDuring)];
    process.stdout.write(`slowest loop of the bot: ${worstBefore} ms with the bridge, ${worstDuring} ms without\n`);
    expect(worstDuring - worstBefore).toBeLessThan(SLOWER_MS);
  },
  TEST_MS,
);
