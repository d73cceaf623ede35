/** Denials mirrored as freqtrade's own locks, in a bot in dry-run with its database. Takes minutes: it waits for one-minute candles. */

import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Daemon, startDaemon } from "../harness/daemon.js";
import { type Exchange, startExchange } from "../harness/exchange.js";
import { python, startFreqtrade } from "../harness/freqtrade.js";
import { readJournals } from "../harness/journal.js";
import { type Market, syntheticMarket } from "../harness/market.js";
import { DAEMON_JS } from "../harness/paths.js";
import { type Running, run, until } from "../harness/process.js";
import { makeUserDir, type UserDir } from "../harness/userdir.js";

const TEST_MS = 600_000;
/** Two candles and what a loaded machine adds. */
const CANDLES_MS = 180_000;
/** Loops of one second each. */
const LOOPS_MS = 30_000;

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
    risk_bridge: { autostart: "off", lock_pairs: true },
    config: { db_url: "sqlite:///locks.sqlite" },
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

interface LockRow {
  readonly pair: string;
  readonly side: string;
  readonly reason: string;
  readonly end_ms: number;
  readonly active: number;
}
interface Tables {
  readonly locks: readonly LockRow[];
  readonly open: number;
  readonly opened_ms: readonly number[];
}

const TABLES = `
import json, sqlite3, sys
from datetime import UTC, datetime
def ms(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000
base = sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True)
locks = base.execute("select pair, side, reason, lock_end_time, active from pairlocks order by id")
trades = base.execute("select open_date, is_open from trades order by id").fetchall()
print(json.dumps({
    "locks": [{"pair": p, "side": s, "reason": r, "end_ms": ms(e), "active": a} for p, s, r, e, a in locks],
    "open": sum(is_open for _, is_open in trades),
    "opened_ms": [ms(at) for at, _ in trades],
}))
`;

/** What the bot has in its own database; nothing before it has made one. */
async function tables(): Promise<Tables> {
  const file = join(user.root, "locks.sqlite");
  if (!existsSync(file)) return { locks: [], open: 0, opened_ms: [] };
  return JSON.parse(await python(TABLES, [file]));
}
/** Ours: freqtrade itself locks each pair it has just left. */
const mirrored = async () => (await tables()).locks.filter(({ reason }) => reason.startsWith("talebridge: "));
const active = async () => (await mirrored()).filter((lock) => lock.active === 1);
const openedSince = async (at_ms: number) => (await tables()).opened_ms.filter((t_ms) => t_ms >= at_ms);

/** Entries the strategy wanted (e2e/strategies/pulse.py): freqtrade asks for their price before anything else. */
const wantedSince = (at_ms: number) =>
  readFileSync(join(user.root, "notes.jsonl"), "utf8")
    .split("\n")
    .slice(0, -1)
    .map((text): { t_ms: number; kind: string } => JSON.parse(text))
    .filter(({ t_ms, kind }) => kind === "wants in" && t_ms >= at_ms);

async function talebridge(...args: string[]): Promise<void> {
  const done = await run(process.execPath, [DAEMON_JS, ...args, "--dir", user.sockets], { timeout_ms: LOOPS_MS });
  expect(done.code, done.stderr).toBe(0);
}

function start(): Running {
  bot = startFreqtrade("trade", {
    user,
    configs: [join(user.root, "live.json")],
    env: { TALEBRIDGE_E2E_NOTES: join(user.root, "notes.jsonl") },
    args: ["--strategy", "Pulse", "--dry-run"],
  });
  return bot;
}

it(
  "a halt is a lock of all pairs while it stands: no entry is asked about, exits go on; it goes with a resume, also across a restart",
  async () => {
    let running = start();
    const wait = <T>(what: string, probe: () => Promise<T | undefined>, timeout_ms = CANDLES_MS): Promise<T> =>
      until(what, probe, { timeout_ms, every_ms: 500, running });
    await wait("open positions", async () => ((await tables()).open > 0 ? true : undefined), 2 * CANDLES_MS);
    expect(await mirrored()).toEqual([]);

    await talebridge("halt", "--why", "maintenance", "--for", "2h");
    const halted = Date.now();
    const lock = await wait("a lock", async () => (await active())[0], LOOPS_MS);
    expect(lock).toMatchObject({ pair: "*", side: "*", reason: expect.stringMatching(/^talebridge: halted\. /) });
    expect(lock.end_ms).toBeLessThanOrEqual(halted + 2 * 3_600_000);
    expect(lock.end_ms).toBeGreaterThan(halted + 2 * 3_600_000 - 120_000);
    expect(lock.end_ms % 60_000).toBe(0);
    const locked = Date.now();
    await wait("exits under the lock", async () => ((await tables()).open === 0 ? true : undefined));
    await wait("a candle under the lock", async () => (Date.now() > locked + 75_000 ? true : undefined));
    expect(wantedSince(locked + 2000)).toEqual([]);
    expect(readJournals(user.journals).gates.filter(({ t_ms }) => t_ms > locked + 2000)).toEqual([]);
    expect(await openedSince(locked + 2000)).toEqual([]);
    expect(running.stdout + running.stderr).toMatch(/Global pairlock active until/);
    // One row, however many loops it has stood.
    expect(await mirrored()).toHaveLength(1);

    await talebridge("resume", "--why", "done");
    const resumed = Date.now();
    await wait("its release", async () => ((await active()).length === 0 ? true : undefined), LOOPS_MS);
    await wait("entries again", async () => ((await openedSince(resumed)).length > 0 ? true : undefined));

    // A lock is in the database: a bot that starts again finds it, and that nothing stands behind it any more.
    await talebridge("halt", "--why", "maintenance");
    await wait("a lock", async () => (await active())[0], LOOPS_MS);
    running.kill();
    await running.finished(LOOPS_MS);
    expect(await active()).toHaveLength(1);
    await talebridge("resume", "--why", "done");
    const back = Date.now();
    running = start();
    await wait("its release", async () => ((await active()).length === 0 ? true : undefined), CANDLES_MS);
    await wait("entries again", async () => ((await openedSince(back)).length > 0 ? true : undefined));
  },
  TEST_MS,
);
