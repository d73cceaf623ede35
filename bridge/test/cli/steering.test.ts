/** Watching and steering a daemon from the command line: real processes, one daemon for all of a test's questions. */
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { DECISION, OP, REASON } from "../../src/protocol/codes.js";
import { CANDLE_MS, Client, OPEN_MS, question, temporaryDir } from "../server/harness.js";
import { end, firstLine, launch, serve, talebridge } from "./harness.js";

const DAY_MS = 86_400_000;
const START_MS = 60_000;

let dir = "";
let daemon: ChildProcess;
let bot: Client;
beforeEach(async () => {
  dir = temporaryDir();
  ({ child: daemon } = await serve(dir));
  bot = new Client(dir);
  await bot.open("bot", { profile: "conservative" });
}, START_MS);
afterEach(async () => {
  bot.close();
  await end(daemon, "SIGKILL");
  rmSync(dir, { recursive: true, force: true });
});

const json = (...args: string[]) => JSON.parse(talebridge([...args, "--dir", dir, "--json"]).stdout);

/** An account that has lost 12 % since three days ago, 7.4 % of it since the day began. */
async function loseMoney(): Promise<number> {
  const high_ms = Math.floor((OPEN_MS - 3 * DAY_MS) / 3_600_000) * 3_600_000;
  const midnight = Math.floor(OPEN_MS / DAY_MS) * DAY_MS;
  const samples = [
    [high_ms, 1000],
    [high_ms + 1000, 1000],
    [midnight, 950],
    [midnight + 1, 880],
  ];
  await bot.ask(OP.portfolio, 1, 1, midnight + 1, 880, samples, []);
  return high_ms + 1000;
}

describe("explain", { timeout: 60_000 }, () => {
  it("names the binding limit, its numbers, and when it ends, with and without a daemon", async () => {
    const mark_ms = await loseMoney();
    const [, decision, reason] = await bot.ask(OP.gate, 1, ...question({ pair: "SOL/USDT" }));
    expect([decision, reason]).toEqual([DECISION.deny, REASON.drawdown]);

    const told = json("explain", "SOL/USDT");
    expect(told).toMatchObject({
      decision: { pair: "SOL/USDT", would: "deny", reason: "drawdown", value: 0.12, limit: 0.1 },
      settings: { profile: "conservative", timeframe_s: 300 },
      now: { source: "daemon", standing: { equity: 880, drawdown: { value: 0.12, limit: 0.1 } } },
    });
    const [release] = told.releases;
    expect(release).toMatchObject({ reason: "drawdown", holds: true });
    expect(release.how).toContain("Equity that suffices: 900.");
    // The highest equity that two samples reach is the hour's first, and leaves the window 30 days later.
    expect(mark_ms + 30 * DAY_MS - release.until_ms).toBeLessThanOrEqual(1000);
    expect(release.until_ms).toBeLessThanOrEqual(mark_ms + 30 * DAY_MS + 1);

    const text = talebridge(["explain", "SOL/USDT", "--dir", dir]).stdout;
    expect(text).toMatch(/^SOL\/USDT long entry DENIED: drawdown \(0.12, limit 0.1\)$/m);
    expect(text).toMatch(/drawdown \(holds now\): .* At the latest 2\d{3}-\d\d-\d\d/);

    await end(daemon);
    const alone = json("explain", "SOL/USDT");
    expect(alone).toMatchObject({ decision: told.decision, settings: told.settings, now: { source: "journal" } });
    expect(alone.releases).toEqual(told.releases);
    expect(alone.now.standing).toEqual(told.now.standing);
  });

  it("says of a cut by the candle which rule cut, and that the next candle is judged anew", async () => {
    await bot.ask(OP.portfolio, 1, 1, OPEN_MS, 1000, [], []);
    await bot.ask(OP.gate, 1, ...question({ pair: "SOL/USDT", size: 512, reason: REASON.jump }));
    expect(json("explain", "SOL/USDT").releases).toEqual([
      {
        reason: "jump",
        how: expect.any(String),
        until_ms: OPEN_MS + 2 * CANDLE_MS,
        holds: expect.toBeOneOf([true, null]),
      },
    ]);
    const text = talebridge(["explain", "SOL/USDT", "--dir", dir]).stdout;
    expect(text).toContain("REDUCED from 100.5 to 50.25: jump");
    expect(text).toContain("rule jump 3 → 6 cuts to 0.25, above 6 denies");
  });

  it("tells a leverage that was cut before the question, with what it would have been", async () => {
    await bot.open("bot", { limits: { liquidation_guard: 1 } });
    await bot.ask(OP.portfolio, 1, 1, OPEN_MS, 1000, [], []);
    const asked = question({ pair: "SOL/USDT" });
    asked[asked.length - 2] = 3;
    const unknown = Array(4).fill(Number.NaN);
    await bot.ask(OP.gate, 1, ...asked, null, [...unknown, 0.2, 0.01, 0, 0.05, 10]);
    const text = talebridge(["explain", "SOL/USDT", "--dir", dir]).stdout;
    expect(text).toContain("SOL/USDT long entry ALLOWED\n");
    expect(text).toContain("leverage 3, which liquidation_guard cut from 10");
    // (0.1 − 0.01) / 0.99 · 0.95, and 1 − e^−0.2.
    expect(text).toMatch(/liquidation: stake 100.5, value 0\.0863\d*, limit 0\.1812\d*/);
  });

  it("says that a denial is over once its limit no longer binds", async () => {
    await bot.ask(OP.portfolio, 1, 1, OPEN_MS, 1000, [], []);
    talebridge(["halt", "--dir", dir, "--why", "test"]);
    await bot.ask(OP.gate, 1, ...question({ pair: "SOL/USDT" }));
    expect(json("explain", "SOL/USDT").releases).toMatchObject([{ reason: "halted", holds: true, until_ms: null }]);
    talebridge(["resume", "--dir", dir, "--why", "test"]);
    expect(json("explain", "SOL/USDT").releases).toMatchObject([{ reason: "halted", holds: false, until_ms: null }]);
  });

  it("explains the newest decision, of the session asked for", async () => {
    await bot.ask(OP.portfolio, 1, 1, OPEN_MS, 1000, [], []);
    await bot.ask(OP.gate, 1, ...question({ pair: "SOL/USDT", size: 0, reason: REASON.warming_up }));
    await bot.open("other", { mode: "shadow" });
    await bot.ask(OP.portfolio, 2, 1, OPEN_MS, 1000, [], []);
    await bot.ask(OP.gate, 2, ...question({ pair: "SOL/USDT", size: 0, reason: REASON.bad_input }));
    expect(json("explain", "SOL/USDT").decision).toMatchObject({ session: "other", reason: "bad_input" });
    expect(json("explain", "SOL/USDT", "--session", "bot").decision).toMatchObject({ reason: "warming_up" });
    expect(talebridge(["explain", "SOL/USDT", "--dir", dir]).stdout).toContain("recorded only");
  });

  it("of an unknown pair fails and names the known ones", async () => {
    const before = talebridge(["explain", "SOL/USDT", "--dir", dir]);
    expect([before.code, before.stderr]).toEqual([1, expect.stringContaining("no decision yet")]);
    await bot.ask(OP.portfolio, 1, 1, OPEN_MS, 1000, [], []);
    await bot.ask(OP.gate, 1, ...question({ pair: "SOL/USDT" }));
    const after = talebridge(["explain", "SOLUSDT", "--dir", dir]);
    expect([after.code, after.stderr]).toEqual([1, expect.stringContaining("it knows SOL/USDT")]);
    expect(talebridge(["explain", "X", "--journal-dir", "/nonexistent"]).code).toBe(1);
  });
});

describe("reduce", { timeout: 60_000 }, () => {
  it("denies new risk until a time, with who and why in status and journal, and survives a restart", async () => {
    await bot.ask(OP.portfolio, 1, 1, OPEN_MS, 1000, [], []);
    const until_ms = Math.floor((Date.now() + 9 * DAY_MS) / 60_000) * 60_000;
    const until = new Date(until_ms).toISOString().replace(":00.000", "");
    const reduced = json("reduce", "--why", "winding down", "--until", until);
    expect(reduced).toMatchObject({ state: "REDUCING", sessions: ["bot"], why: "winding down", until_ms });
    const [, , reason] = await bot.ask(OP.gate, 1, ...question());
    expect(reason).toBe(REASON.reducing);

    await end(daemon, "SIGKILL");
    ({ child: daemon } = await serve(dir));
    const [session] = json("status").sessions;
    expect(session.standing).toMatchObject({
      status: "REDUCING",
      by: reduced.by,
      why: "winding down",
      until_ms: reduced.until_ms,
    });
    expect(session.standing.denied).toEqual([{ reason: "reducing", until_ms: reduced.until_ms }]);
    expect(json("resume", "--why", "back")).toMatchObject({ state: "ACTIVE", until_ms: null });
    expect(json("status").sessions[0].standing).toMatchObject({ status: "ACTIVE", by: "", denied: [] });
  });

  it("fails where no session is named so, and without a daemon", async () => {
    const nobody = talebridge(["reduce", "--dir", dir, "--why", "x", "--session", "nobody"]);
    expect([nobody.code, nobody.stderr]).toEqual([1, expect.stringContaining('no session "nobody"')]);
    await end(daemon);
    expect(talebridge(["reduce", "--dir", dir, "--why", "x"]).code).toBe(1);
  });
});

describe("status", { timeout: 60_000 }, () => {
  it("shows nothing of a session's name that would steer a terminal", async () => {
    await bot.open("evil\u001b[2J\nname");
    const { stdout } = talebridge(["status", "--dir", dir]);
    expect(stdout).toContain("evil?[2J?name");
    expect(stdout).not.toContain("\u001b");
  });

  it("watches on while the daemon is gone, and ends with 0 when interrupted", async () => {
    const watching = launch(["status", "--dir", dir, "--json", "--watch", "--every", "0.1"]);
    const lines: string[] = [];
    watching.stdout?.on("data", (data) => lines.push(String(data)));
    const until = async (text: string) => {
      while (!lines.join("").includes(text)) await once(watching.stdout ?? watching, "data");
      lines.length = 0;
    };
    await until('"session":"bot"');
    await end(daemon);
    await until('{"error":"');
    ({ child: daemon } = await serve(dir));
    await until('"server":"talebridge/');
    expect(await end(watching, "SIGINT")).toBe(0);
  });

  it("ends when the reader of its pipe does", async () => {
    const watching = launch(["status", "--dir", dir, "--json", "--watch", "--every", "0.1"]);
    await firstLine(watching);
    watching.stdout?.destroy();
    const [code] = await once(watching, "exit");
    expect(code).toBe(0);
  });
});
