/** Two bots in dry-run on one bridge, in a named group: what one holds binds the other, one in shadow mode counts and is not stopped, and an operator steers both. */

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { apiServer, type Bot, freePort, pull, startBot } from "../harness/bot.js";
import { type Daemon, startDaemon } from "../harness/daemon.js";
import { type Exchange, startExchange } from "../harness/exchange.js";
import { type GateLine, readJournals } from "../harness/journal.js";
import { DAEMON_JS } from "../harness/paths.js";
import { run } from "../harness/process.js";
import { makeUserDir, type UserDir } from "../harness/userdir.js";

const RUN_MS = 240_000;
const COMMAND_MS = 30_000;
const [ALFA, BRVO, CRLI, DLTA] = ["ALFA/USDT", "BRVO/USDT", "CRLI/USDT", "DLTA/USDT"] as const;
const PAIRS = [ALFA, BRVO, CRLI, DLTA];
/** Of 10,000 each. */
const STAKE = 1000;
/** 1500 of 20,000. */
const GROUPS = { spot: { max_gross_exposure: 0.075 } };

interface Member {
  readonly name: string;
  readonly user: UserDir;
  readonly bot: Bot;
}

let exchange: Exchange;
let daemon: Daemon;
let sockets: string;
let journals: string;
const members: Member[] = [];
let first: Member;
let shadow: Member;

async function member(name: string, mode: "enforce" | "shadow"): Promise<Member> {
  const port = await freePort();
  const user = makeUserDir({
    pairs: PAIRS,
    exchange: exchange.url,
    risk_bridge: { autostart: "off", mode, group: "spot", session: name },
    config: { db_url: "sqlite:///dry-run.sqlite", api_server: apiServer(port), force_entry_enable: true },
  });
  pull(user, {});
  if (sockets === undefined) {
    [sockets, journals] = [user.sockets, user.journals];
    mkdirSync(sockets, { mode: 0o700 });
    const config = join(user.root, "daemon.json");
    writeFileSync(config, JSON.stringify({ groups: GROUPS }));
    daemon = await startDaemon(sockets, journals, ["--config", config]);
  }
  const started = { name, user, bot: await startBot(user, port, "Puppet", sockets) };
  members.push(started);
  return started;
}

beforeAll(async () => {
  exchange = await startExchange(PAIRS);
  first = await member("first", "enforce");
  shadow = await member("second", "shadow");
}, RUN_MS);

afterAll(async () => {
  for (const { bot } of members) await bot.running.stop();
  await daemon?.stop();
  await exchange?.stop();
  for (const { user } of members) user.remove();
});

/** What a bot was told about a pair, in order. */
const words = ({ name }: Member, pair: string): readonly GateLine[] =>
  readJournals(journals).gates.filter((line) => line.pair === pair && line.session.includes(name));

async function talebridge(...args: string[]): Promise<string> {
  const done = await run(process.execPath, [DAEMON_JS, ...args, "--dir", sockets], { timeout_ms: COMMAND_MS });
  expect(done.code, done.stderr).toBe(0);
  return done.stdout;
}

async function enter(of: Member, pair: string): Promise<GateLine> {
  of.bot.pull({ enter: { [pair]: "long" } });
  const word = await of.bot.wait(`${of.name}'s answer about ${pair}`, () => words(of, pair).at(-1));
  of.bot.pull({});
  return word;
}

const held = (of: Member, pair: string) =>
  of.bot.wait(`${of.name}'s ${pair}`, async () => ((await of.bot.open()).get(pair)?.amount ?? 0) > 0 || undefined);

describe("two bots in a group", () => {
  it("what one holds leaves the other less room, and the stake is cut to it", async () => {
    expect((await enter(first, ALFA)).decision).toBe("allow");
    await held(first, ALFA);
    // Sized by the shadow bot: recorded as cut, bought in full.
    const word = await enter(shadow, BRVO);
    expect(word).toMatchObject({ decision: "allow", would: "reduce", reason: "group_exposure", limit: 0.075 });
    await held(shadow, BRVO);
    expect((await shadow.bot.open()).get(BRVO)?.stake_amount).toBeCloseTo(STAKE, -1);
    expect(await enter(first, CRLI)).toMatchObject({ decision: "deny", reason: "group_exposure" });
    expect((await first.bot.open()).has(CRLI)).toBe(false);
  });

  it("status shows the group with both, and the states of a bot in shadow mode, which goes on entering", async () => {
    const status = JSON.parse(await talebridge("status", "--json"));
    expect(status.groups).toMatchObject([{ group: "spot", run_mode: "dry_run", exposure: { limit: 0.075 } }]);
    expect(status.groups[0].members).toHaveLength(2);
    const session = status.sessions.find((one: { mode: string }) => one.mode === "shadow").session;
    for (const [command, reason, pair] of [
      ["reduce", "reducing", CRLI],
      ["halt", "halted", DLTA],
    ] as const) {
      await talebridge(command, "--session", session, "--why", "tried");
      expect(await enter(shadow, pair)).toMatchObject({ decision: "allow", would: "deny", reason });
      await held(shadow, pair);
    }
    expect(await talebridge("status")).toMatch(/ALL ENTRIES DENIED, halted/);
    await talebridge("resume", "--session", session, "--why", "tried");
    expect(await talebridge("status")).not.toMatch(/ALL ENTRIES DENIED/);
  });

  it("an override binds a bot that goes on asking, and ends with its lift", async () => {
    const status = JSON.parse(await talebridge("status", "--json"));
    const session = status.sessions.find((one: { mode: string }) => one.mode === "enforce").session;
    const named = ["override", "--session", session, "--why", "tried"];
    await talebridge(...named, "--for", "1h", "--set", "limits.max_gross_exposure=0.01");
    expect(await enter(first, BRVO)).toMatchObject({ decision: "deny", reason: "exposure_gross", limit: 0.01 });
    await talebridge(...named, "--lift", "all");
    // The group's room is taken all the same.
    expect(await enter(first, DLTA)).toMatchObject({ decision: "deny", reason: "group_exposure" });
  });
});
