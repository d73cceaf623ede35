import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { run } from "../../src/cli/replay.js";
import { UsageError } from "../../src/cli/usage.js";
import { resolveSettings } from "../../src/config/resolve.js";
import { gateEvent } from "../../src/gate/events.js";
import { gate } from "../../src/gate/gate.js";
import { applyEvent } from "../../src/gate/session.js";
import type { GateRequest } from "../../src/gate/types.js";
import type { JournalEvent } from "../../src/journal/lines.js";
import { REASON } from "../../src/protocol/codes.js";
import { spanOf } from "../../src/replay/journal/replay_journal.js";
import { ReplayInputError } from "../../src/replay/read/error.js";
import { timeframeOf } from "../../src/replay/read/timeframe.js";
import { type ReplayResult, ReplayResultSchema } from "../../src/replay/run/result.js";
import { Compile } from "../../src/typebox.js";
import { NOW_MS, OPEN_MS, policy, request, session, TIMEFRAME_MS } from "../gate/fixture.js";
import { formatLine } from "../journal/written.js";
import { commandRuns } from "./command.js";
import { engine } from "./fixture.js";

const ran = commandRuns();
const MINUTE_MS = 60_000;
const JUMP = { candle_size: 0.5, candle_reason: REASON.jump, candle_value: 5 };
const DENIED = { candle_size: 0, candle_reason: REASON.jump, candle_value: 9 };

/** Asks one after the other, as a bot does, and writes what a daemon would. */
class Bot {
  private readonly events: JournalEvent[] = [];
  private readonly state = session(1000);

  constructor(
    private readonly mode: "shadow" | "enforce" = "shadow",
    private readonly name = "bot",
  ) {
    this.hello();
    this.events.push({
      ...{ type: "portfolio", session: name, snapshot_seq: 1, at_ms: NOW_MS, equity: 1000, samples: [], positions: [] },
    });
  }

  hello(given: object = {}): void {
    const context = { timeframe_s: TIMEFRAME_MS / 1000, run_mode: "dry_run" } as const;
    const resolved = resolveSettings({ mode: this.mode, ...given }, context, engine);
    if (!resolved.ok) throw new Error("settings that do not resolve");
    const { settings, fingerprint } = resolved;
    const told = { run_mode: "dry_run", client: "test", settings, fingerprint };
    this.events.push({ type: "hello", session: this.name, ...told });
  }

  ask(over: Partial<GateRequest>): void {
    const question = request(over);
    const verdict = gate(this.state, policy({}, { mode: this.mode }), question);
    const event = gateEvent(this.name, 1, question, verdict);
    applyEvent(this.state, event);
    this.events.push(event);
  }

  write(folder: string, boot = "a"): string {
    const path = join(folder, "journal");
    mkdirSync(path, { recursive: true });
    const lines = this.events.map((event, index) => {
      const at_ms = event.type === "gate" ? event.now_ms : NOW_MS;
      return formatLine(index + 1, at_ms, event);
    });
    writeFileSync(join(path, `journal-${boot.charCodeAt(0)}-${boot}-0.jsonl`), Buffer.concat(lines));
    return path;
  }
}

/** A closed trade as freqtrade shows it. */
function shown(over: Record<string, unknown>) {
  const open = Number(over.open_timestamp);
  const order = (ft_is_entry: boolean, at_ms: number, price: number) => ({
    ...{ amount: 100, filled: 100, safe_price: price, ft_is_entry, order_filled_timestamp: at_ms, status: "closed" },
  });
  return {
    ...{ pair: "AAA/BBB", is_open: false, is_short: false, leverage: 1, stake_amount: 100, amount: 100 },
    ...{ open_rate: 1, close_rate: 0.9, profit_abs: -10, profit_ratio: -0.1, min_rate: 0.85, max_rate: 1.05 },
    ...{
      fee_open: 0,
      fee_close: 0,
      close_timestamp: open + 10 * MINUTE_MS,
      exit_reason: "stop_loss",
      enter_tag: "dip",
    },
    orders: [order(true, open, 1), order(false, open + 10 * MINUTE_MS, 0.9)],
    ...over,
  };
}

async function told(journal: string, trades: readonly object[] | null, ...args: string[]): Promise<ReplayResult> {
  const [figures, file] = [join(ran.folder, "figures.json"), join(ran.folder, "trades.json")];
  if (trades !== null) writeFileSync(file, JSON.stringify(trades));
  const given = trades === null ? [] : ["--trades", file];
  expect(await run(["--journal", journal, ...given, ...args, "--json", figures, "--quiet"])).toBe(0);
  const result = JSON.parse(readFileSync(figures, "utf8"));
  expect(Compile(ReplayResultSchema).Check(result)).toBe(true);
  return result;
}

const later = (candles: number) => ({
  candle_open_ms: OPEN_MS + candles * TIMEFRAME_MS,
  now_ms: NOW_MS + candles * TIMEFRAME_MS,
});

describe("a journal in shadow", () => {
  function shadow(): string {
    const bot = new Bot();
    bot.ask({});
    bot.ask({ stage: "final" });
    bot.ask({ ...later(3), ...JUMP });
    bot.ask({ ...later(9), ...DENIED });
    bot.ask({ ...later(12), pair: "CCC/BBB", ...JUMP });
    return bot.write(ran.folder);
  }

  it("counts each question once, with what the gate would have done, and knows no outcome without trades", async () => {
    const result = await told(shadow(), null);
    expect(result.source).toMatchObject({ kind: "journal", strategy: "bot", timeframe: "5m", stake_currency: "BBB" });
    expect(result.counts).toMatchObject({ entries: 4, allowed: 1, reduced: 2, denied: 1, outcome_unknown: 4 });
    expect(
      result.entries.map((entry) => [entry.decision, entry.stake_allowed, entry.profit_abs, entry.close_ms]),
    ).toEqual([
      ["allow", 100, null, null],
      ["reduce", 50, null, null],
      ["deny", 0, null, null],
      ["reduce", 50, null, null],
    ]);
    expect(result.without.profit_abs).toBe(0);
    expect(result.notes.join(" ")).toContain("No trades were given");
  });

  it("takes outcomes from the bot's trades, by pair, side and time, and leaves the others out of every figure", async () => {
    const at = (candles: number) => NOW_MS + candles * TIMEFRAME_MS + 20_000;
    const winner = { close_rate: 1.2, profit_abs: 20, profit_ratio: 0.2 };
    const result = await told(shadow(), [
      shown({ open_timestamp: at(0), ...winner, orders: null }),
      shown({ open_timestamp: at(3) }),
      shown({ open_timestamp: at(9) }),
      shown({ open_timestamp: at(12), pair: "CCC/BBB", is_open: true, close_rate: null, profit_abs: null }),
      shown({ open_timestamp: at(40) }),
      shown({ open_timestamp: at(3), pair: "EEE/BBB" }),
    ]);
    expect(result.counts).toMatchObject({ entries: 4, outcome_unknown: 1 });
    expect(result.without).toMatchObject({ trades: 3, profit_abs: 0 });
    // The loser on the jump counts half, the one that is denied not at all.
    expect(result.with).toMatchObject({ trades: 2, profit_abs: 15 });
    expect(result.effect).toMatchObject({ loss_avoided_abs: 15, profit_foregone_abs: 0 });
    expect(result.notes.join(" ")).toMatch(
      /of 4 entries 3 have one; 1 trade of it is still open.*2 closed trades of trades.json left out/,
    );
  });

  it("takes a trade for the latest question before it, however often it was put, and never twice", async () => {
    const bot = new Bot();
    for (const second of [0, 5, 10]) bot.ask({ now_ms: NOW_MS + second * 1000 });
    bot.ask({ ...later(1), ...JUMP });
    const journal = bot.write(ran.folder);
    const first = await told(journal, [shown({ open_timestamp: NOW_MS + 15_000 })]);
    expect(first.entries.map(({ decision, profit_abs }) => [decision, profit_abs])).toEqual([
      ["allow", -10],
      ["reduce", null],
    ]);
    const both = [shown({ open_timestamp: NOW_MS + 15_000 }), shown({ open_timestamp: NOW_MS + 16_000 })];
    expect((await told(journal, both)).without.trades).toBe(1);
  });

  it("cuts a trade's scale-ins by their own questions", async () => {
    const bot = new Bot();
    bot.ask({});
    bot.ask({ ...later(2), kind: "scale_in", ...JUMP });
    const open_timestamp = NOW_MS + 1000;
    const entry = { amount: 100, filled: 100, ft_is_entry: true };
    const orders = [
      { ...entry, safe_price: 1, order_filled_timestamp: open_timestamp },
      { ...entry, safe_price: 1, order_filled_timestamp: open_timestamp + 2 * TIMEFRAME_MS },
      {
        ...entry,
        amount: 200,
        filled: 200,
        ft_is_entry: false,
        safe_price: 0.9,
        order_filled_timestamp: open_timestamp + 3 * TIMEFRAME_MS,
      },
    ];
    const close_timestamp = open_timestamp + 3 * TIMEFRAME_MS;
    const trade = shown({ open_timestamp, close_timestamp, orders, amount: 200, stake_amount: 200, profit_abs: -20 });
    const result = await told(bot.write(ran.folder), [trade]);
    expect(result.entries.map((one) => [one.kind, one.decision, one.profit_abs, one.profit_with])).toEqual([
      ["entry", "allow", expect.closeTo(-10, 9), expect.closeTo(-10, 9)],
      ["scale_in", "reduce", expect.closeTo(-10, 9), expect.closeTo(-5, 9)],
    ]);
  });

  it("begins and ends where it is told to", async () => {
    const journal = shadow();
    const at = (candles: number) => new Date(NOW_MS + candles * TIMEFRAME_MS).toISOString().slice(0, 19);
    expect((await told(journal, null, "--since", `${at(3)}Z`)).counts.entries).toBe(3);
    expect((await told(journal, null, "--until", `${at(3)}Z`)).counts.entries).toBe(1);
    expect((await told(journal, null, "--since", new Date(NOW_MS).toISOString().slice(0, 10))).counts.entries).toBe(4);
    await expect(told(journal, null, "--since", "1h")).rejects.toThrow("no question in that time");
  });

  it("writes page, ledger and summary that call it a journal", async () => {
    const [page, ledger] = [join(ran.folder, "page.html"), join(ran.folder, "ledger.csv")];
    expect(await run(["--journal", shadow(), "--html", page, "--csv", ledger])).toBe(0);
    expect(readFileSync(page, "utf8")).toContain("<title>Risk journal: bot</title>");
    expect(readFileSync(page, "utf8")).toContain(
      "Of 4 entries the gate would have denied 1 and cut 2. The outcome is known of 0 of them.",
    );
    expect(readFileSync(ledger, "utf8").split("\r\n")[1]).toMatch(/^0,0,AAA\/BBB,long,entry,.*,allow,100,ok,,,,,,/);
    expect(ran.stdout.join("")).toMatch(/^journal of session bot, journal\n/);
    expect(ran.stdout.join("")).toContain("outcome not known of 4");
  });

  it("says so when the settings changed, or lines are damaged", async () => {
    const bot = new Bot();
    bot.ask({});
    bot.hello({ profile: "extreme" });
    bot.ask(later(3));
    const path = bot.write(ran.folder);
    const file = join(path, "journal-97-a-0.jsonl");
    const lines = readFileSync(file, "utf8").split("\n");
    writeFileSync(file, [...lines.slice(0, 5), '{"seq":99}', ""].join("\n"));
    const { notes, gate: used } = await told(path, null);
    expect(notes.join(" ")).toContain("The settings changed 1 time since");
    expect(notes.join(" ")).toContain(
      "The journal is damaged in 1 place, and what is intact was read: journal-97-a-0.jsonl:6 is not a journal line",
    );
    expect(used.settings).toMatchObject({ profile: "extreme", mode: "shadow" });
  });
});

it("takes the trades of a bot that enforced to have been larger without the gate", async () => {
  const bot = new Bot("enforce");
  bot.ask(JUMP);
  bot.ask({ ...later(5), ...DENIED });
  const halved = { stake_amount: 50, amount: 50, profit_abs: -5, orders: null };
  const result = await told(bot.write(ran.folder), [shown({ open_timestamp: NOW_MS + 1000, ...halved })]);
  expect(result.counts).toMatchObject({ entries: 2, reduced: 1, denied: 1, outcome_unknown: 1 });
  expect([result.without.profit_abs, result.with.profit_abs]).toEqual([-10, -5]);
  expect(result.entries[0]).toMatchObject({ stake: 100, stake_allowed: 50 });
});

it("takes no trade of a bot that enforced for what was denied: it was let in by something else", async () => {
  const bot = new Bot("enforce");
  bot.ask({});
  bot.ask({ ...later(2), ...DENIED });
  const trades = [shown({ open_timestamp: NOW_MS + 1000 }), shown({ open_timestamp: NOW_MS + 4 * TIMEFRAME_MS })];
  const result = await told(bot.write(ran.folder), trades);
  expect(result.counts).toMatchObject({ entries: 2, denied: 1, outcome_unknown: 1 });
  expect([result.without.trades, result.with.trades]).toEqual([1, 1]);
  expect(result.notes.join(" ")).toContain("1 closed trade of trades.json left out");
});

it("spans however many questions there are", () => {
  const year = Array.from({ length: 200_000 }, (_, i) => ({ first_ms: 1000 + i, last_ms: 2000 + i }));
  expect(spanOf(year, [], [])).toEqual({ from_ms: 1000, to_ms: 201_999 });
  const known = [{ leg: { asked_ms: 999 } }];
  expect(spanOf(year, known, [{ close_ms: 300_000 }])).toEqual({ from_ms: 999, to_ms: 300_000 });
});

describe("wrong use", () => {
  function journalOf(...names: string[]): string {
    let path = "";
    names.forEach((name, index) => {
      const bot = new Bot("shadow", name);
      bot.ask({});
      path = bot.write(ran.folder, String.fromCharCode(97 + index));
    });
    return path;
  }

  it("asks which session is meant", async () => {
    const journal = journalOf("first", "second");
    await expect(told(journal, null)).rejects.toThrow('2 sessions ("first", "second"); choose one with --session NAME');
    expect((await told(journal, null, "--session", "second")).source.strategy).toBe("second");
    await expect(told(journal, null, "--session", "third")).rejects.toThrow('there are "first", "second"');
  });

  it("names what is missing", async () => {
    const journal = journalOf("bot");
    const broken = join(ran.folder, "broken.json");
    writeFileSync(broken, '[{"pair": "AAA/BBB"}]');
    await expect(run(["--journal", join(ran.folder, "none")])).rejects.toThrow("does not exist");
    await expect(run(["--journal", journal, "--trades", broken])).rejects.toThrow(
      /closed trade 0 is not one that freqtrade shows/,
    );
    await expect(run(["--journal", journal, "--db", join(ran.folder, "gone")])).rejects.toThrow("does not exist");
    await expect(run(["--journal", journal, "--db", broken, "--freqtrade", "/no/such/program"])).rejects.toThrow(
      /show-trades .* failed .*ENOENT[\s\S]*Name freqtrade's program with --freqtrade/,
    );
    await expect(run(["--journal", journal, "--trades", join(ran.folder, "gone")])).rejects.toBeInstanceOf(
      ReplayInputError,
    );
  });

  it.each([
    [["--since", "30d"], "--since goes with --journal"],
    [["--journal", "x", "result.zip"], "a backtest result or --journal"],
    [["--journal", "x", "--profile", "extreme"], "--profile is for a backtest"],
    [["--journal", "x", "--exact"], "--exact is for a backtest"],
    [["--journal", "x", "--since", "yesterday"], "give a day"],
    [["--journal", "x", "--since", "2026-11-01T08:00"], "give a day"],
    [["--journal", "x", "--since", "1d", "--until", "2d"], "--since is not before --until"],
    [["--journal", "x", "--datadir", "/no/such/folder"], "is not a directory"],
  ])("explains %j", async (args, message) => {
    const running = run(args);
    await expect(running).rejects.toBeInstanceOf(UsageError);
    await expect(running).rejects.toThrow(message);
  });

  it("knows timeframes by their seconds", () => {
    expect([60, 300, 3600, 14_400, 86_400, 604_800].map((seconds) => timeframeOf(seconds).timeframe)).toEqual([
      ...["1m", "5m", "1h", "4h", "1d", "1w"],
    ]);
    for (const wrong of [0, -300, Number.NaN, 0.5]) expect(() => timeframeOf(wrong)).toThrow(ReplayInputError);
  });
});
