import { describe, expect, it } from "vitest";
import { compareDecisions, decisionsSaid } from "../../campaigns/lib/decisions.mjs";
import { loopSpread, memoryCourse, spread } from "../../campaigns/lib/spread.mjs";

type Questions = Parameters<typeof compareDecisions>[0]["questions"];
type Gate = Questions extends Map<string, infer G> ? G : never;

const SESSION = "bot";
const SETTLED_MS = Date.UTC(2026, 0, 1, 13);

function gate(over: Partial<Gate> = {}): Gate {
  return {
    type: "gate",
    seq: 7,
    t_ms: Date.UTC(2026, 0, 1, 12, 0, 5),
    session: SESSION,
    pair: "AAA/USDT",
    side: "long",
    kind: "entry",
    stage: "final",
    stake: 123.456789123,
    stake_allowed: 123.456789123,
    decision: "allow",
    reason: "none",
    ...over,
  } as Gate;
}

function line(verb: string, over: { pair?: string; stake?: string; number?: number; kind?: string } = {}): string {
  const { pair = "AAA/USDT", stake = "123.45679", number = 7, kind = "entry" } = over;
  const because = verb === "allows" ? "" : ": drawdown (0.2, limit 0.1). Meaning. Ends: later.";
  return `2026-01-01 12:00:05,250 - talebridge.decide - DEBUG - talebridge ${verb} the long ${kind} of ${pair} with stake ${stake}${because} (journal line ${number} of boot b1)`;
}

const trade = (link: object | null, pair = "AAA/USDT") => ({
  ...{ id: 1, pair, open_ms: 0, close_ms: null, exit_reason: null, entries: [] as { at_ms: number; cost: number }[] },
  link: link as { session: string; boot: string; line: number } | null,
});
const added = (at_ms: number) => ({ ...trade(LINK), entries: [0, at_ms].map((at) => ({ at_ms: at, cost: 1 })) });
const LINK = { session: SESSION, boot: "b1", line: 7 };

function compare(log: readonly string[], gates: readonly Gate[], trades: readonly ReturnType<typeof trade>[]) {
  const questions = new Map(gates.map((one) => [`b1 ${one.seq}`, one]));
  return compareDecisions({ log: log.join("\n"), questions, trades, settled_ms: SETTLED_MS });
}

describe("decisions of a bot's log against the journal", () => {
  it("reads what the log says", () => {
    expect(decisionsSaid(["else", line("cuts to 61.728395")].join("\n"))).toEqual([
      {
        ...{ at_ms: Date.UTC(2026, 0, 1, 12, 0, 5, 250), key: "b1 7", verb: "cuts to 61.728395", allowed: "61.728395" },
        ...{ side: "long", kind: "entry", pair: "AAA/USDT", stake: "123.45679" },
      },
    ]);
  });

  it("finds nothing wrong where all three agree", () => {
    const size = gate({ seq: 6, stage: "size", decision: "reduce", stake_allowed: 61.7283945615 });
    const log = [line("cuts to 61.728395", { number: 6 }), line("allows")];
    expect(compare(log, [size, gate()], [trade(LINK)])).toEqual({
      ...{ wrong: [], said: 2, journalled: 2, unheard: 0, linked: 1, not_placed: 0 },
    });
  });

  it.each<[string, readonly string[], readonly Gate[], readonly ReturnType<typeof trade>[], RegExp]>([
    ["a decision without its line", [line("denies")], [], [], /b1 7 about AAA\/USDT: is not in the journal/],
    ["another decision", [line("allows")], [gate({ decision: "deny" })], [], /allows against deny/],
    ["another pair", [line("denies", { pair: "BBB/USDT" })], [gate({ decision: "deny" })], [], /another entry/],
    ["another stake", [line("denies", { stake: "124" })], [gate({ decision: "deny" })], [], /stake 124 against/],
    [
      "another cut",
      [line("cuts to 60")],
      [gate({ stage: "size", decision: "reduce", stake_allowed: 61 })],
      [],
      /cut to 60 against 61/,
    ],
    ["a line named twice", [line("denies"), line("denies")], [gate({ decision: "deny" })], [], /twice/],
    ["a question nobody heard of", [], [gate({ decision: "deny" })], [], /1 questions .* tells of 0 without an answer/],
    ["a trade without a link", [line("allows")], [gate()], [trade(null)], /trade 1 .* linked to null/],
    [
      "a trade linked to a denial",
      [line("denies")],
      [gate({ decision: "deny" })],
      [trade(LINK)],
      /let in no such entry/,
    ],
    [
      "a trade of another session",
      [line("allows")],
      [gate({ session: "other" })],
      [trade(LINK)],
      /linked to session bot/,
    ],
    ["an entry let in that no trade is linked to", [line("allows")], [gate()], [], /no trade is linked to it/],
  ])("tells of %s", (_, log, gates, trades, expected) => {
    expect(compare(log, gates, trades).wrong.join("\n")).toMatch(expected);
  });

  it("leaves out what a bot had begun when it was told to stop", () => {
    const late = { ...trade(null), open_ms: SETTLED_MS };
    expect(compare([], [], [late]).wrong).toEqual([]);
    expect(compare([], [], [{ ...late, open_ms: SETTLED_MS - 1 }]).wrong).toHaveLength(1);
  });

  it("wants an answer before every addition to a position", () => {
    const log = [line("allows"), line("allows", { number: 8, kind: "scale_in" })];
    const gates = [gate(), gate({ seq: 8, kind: "scale_in", stage: "size" })];
    const asked_ms = gate().t_ms;
    expect(compare(log, gates, [added(asked_ms + 500)]).wrong).toEqual([]);
    expect(compare(log, gates, [added(asked_ms + 61_000)]).wrong.join()).toMatch(/was added to, which no line/);
    expect(compare(log, gates, [added(asked_ms - 2000)]).wrong.join()).toMatch(/was added to, which no line/);
  });

  it("compares stakes to as many digits as the log prints, whichever way they were rounded", () => {
    const cut = gate({ stage: "size", decision: "reduce", stake_allowed: 251.953125 });
    for (const text of ["251.95312", "251.95313"])
      expect(compare([line(`cuts to ${text}`)], [cut], []).wrong).toEqual([]);
    expect(compare([line("cuts to 251.9532")], [cut], []).wrong).toHaveLength(1);
  });

  it("takes a question whose answer came too late for unheard, as often as the log says so", () => {
    const late = "the bridge at gate.sock gave no answer within 50 ms. Entries are paused";
    expect(compare([late], [gate({ decision: "deny" })], [])).toMatchObject({ wrong: [], unheard: 1 });
  });
});

describe("spreads", () => {
  it("takes percentiles by rank", () => {
    expect(spread([3, 1, 2, 4])).toEqual({ n: 4, p50_ms: 2, p99_ms: 4, max_ms: 4 });
  });

  it("counts the loops of a span, and those with new candles apart", () => {
    const loops = [
      { at_ms: 10, ms: 1, candle: true },
      { at_ms: 20, ms: 5, candle: false },
      { at_ms: 30, ms: 9, candle: true },
    ];
    const { all, candle } = loopSpread(loops, { from_ms: 10, to_ms: 30 });
    expect([all.n, all.max_ms, candle.n, candle.p50_ms]).toEqual([2, 9, 1, 9]);
  });

  it("tells memory at both ends and the median of the first and last quarter", () => {
    expect(memoryCourse([9, 1, 1, 1, 1, 1, 1, 2, 3, 4, 5, 6])).toEqual({ first: 9, early: 1, late: 5, last: 6 });
  });
});
