/** Overrides of single limits: what may be set and by whom it is refused, that they end, and that nothing is loosened without a record. */
import { beforeEach, describe, expect, it } from "vitest";
import { exportSession, importSession } from "../../src/gate/snapshot.js";
import { standing } from "../../src/gate/standing.js";
import { FIXED } from "../../src/limits.js";
import { sessionFacts } from "../../src/metrics/gather.js";
import { DAY_MS } from "../../src/portfolio/equity.js";
import { DECISION, OP, REASON, STATUS } from "../../src/protocol/codes.js";
import { TestService } from "./service.js";

const NOW_MS = 20_000 * DAY_MS + 300_000;
const UNTIL_MS = NOW_MS + 3_600_000;
const SETTINGS = { limits: { max_drawdown: 0.1, max_daily_loss: 0.5 } };
let service: TestService;
let handle = 0;
let seq = 0;
beforeEach(() => {
  service = new TestService();
  service.now_ms = NOW_MS;
  handle = service.open("bot", SETTINGS);
  seq = 0;
  // 15 % below the high-water mark.
  tell(850, [1000, 1000]);
});

/** Sends a portfolio, with samples a minute apart before it. */
function tell(equity: number, samples: readonly number[]): void {
  seq += 1;
  const rows = samples.map((value, i) => [service.now_ms - (samples.length - i) * 60_000, value]);
  expect(service.ask(OP.portfolio, handle, seq, service.now_ms, equity, rows, [])[0]).toBe(STATUS.ok);
}

/** `[decision, reason, …]` of a question about the candle that closed just now. */
function question(pair = "AAA/BBB"): unknown[] {
  const open_ms = service.now_ms - 300_000;
  const reply = service.ask(OP.gate, handle, seq, 0, pair, open_ms, service.now_ms, 1024, 0, Number.NaN, 100, 10, 1, 1);
  expect(reply[0]).toBe(STATUS.ok);
  return reply.slice(1);
}

const set = (limits: object, until_ms = UNTIL_MS, session = "bot") =>
  service.ask(OP.override, session, limits, until_ms, "kim", "hedged");
const lift = (names: readonly string[], session = "bot") => service.ask(OP.lift, session, names, "kim", "over");
const state = () => {
  const found = service.sessions.find("bot");
  if (found === null) throw new Error("no session");
  return found;
};

describe("an override", () => {
  it("applies until its time and not a millisecond longer, and leaves the fingerprint alone", () => {
    const before = state().terms?.fingerprint;
    expect(question("A/X").slice(0, 2)).toEqual([DECISION.deny, REASON.drawdown]);
    expect(set({ max_drawdown: 0.2 })).toEqual([
      STATUS.ok,
      {
        session: "bot",
        overrides: [{ limit: "max_drawdown", value: 0.2, until_ms: UNTIL_MS, by: "kim", why: "hedged" }],
      },
    ]);
    expect(question("B/X").slice(0, 2)).toEqual([DECISION.allow, REASON.ok]);
    // The denied candidate stays denied: answers only tighten.
    expect(question("A/X").slice(0, 2)).toEqual([DECISION.deny, REASON.drawdown]);
    service.now_ms = UNTIL_MS - 1;
    expect(question("C/X")[0]).toBe(DECISION.allow);
    service.now_ms = UNTIL_MS;
    expect(question("D/X").slice(0, 2)).toEqual([DECISION.deny, REASON.drawdown]);
    expect(service.hello("bot", SETTINGS)[1]).toMatchObject({ fingerprint: before });
  });

  it("names the limit in force in answers, standing and the journal's audit", () => {
    set({ max_drawdown: 0.12, max_daily_loss: null });
    expect(question()[4]).toBe(0.12);
    expect(standing(state().state, state().terms?.policy ?? null, NOW_MS)).toMatchObject({
      drawdown: { limit: 0.12 },
      daily_loss: { limit: null },
      overrides: [
        { limit: "max_drawdown", value: 0.12, instead_of: 0.1, known: true, by: "kim", why: "hedged" },
        { limit: "max_daily_loss", value: null, instead_of: 0.5 },
      ],
    });
    expect(sessionFacts(service.sessions, {}, NOW_MS).overridden).toBe(1);
    expect(sessionFacts(service.sessions, {}, UNTIL_MS).overridden).toBe(0);
    lift(["max_daily_loss"]);
    expect(service.written.slice(-3)).toMatchObject([
      {
        type: "override",
        session: "bot",
        limits: { max_drawdown: 0.12, max_daily_loss: null },
        until_ms: UNTIL_MS,
        by: "kim",
        why: "hedged",
      },
      { type: "gate", limit: 0.12 },
      { type: "lift", session: "bot", limits: ["max_daily_loss"], by: "kim", why: "over" },
    ]);
  });

  it("of the same limit replaces the former, and one is lifted alone or with all", () => {
    set({ max_drawdown: 0.2, max_gross_exposure: 1 });
    set({ max_drawdown: 0.3 }, UNTIL_MS + 1);
    expect(state().state.overrides).toMatchObject([
      { limit: "max_gross_exposure", value: 1 },
      { limit: "max_drawdown", value: 0.3, until_ms: UNTIL_MS + 1 },
    ]);
    expect(lift(["max_drawdown"])).toMatchObject([STATUS.ok, { overrides: [{ limit: "max_gross_exposure" }] }]);
    expect(lift([])).toEqual([STATUS.ok, { session: "bot", overrides: [] }]);
    expect(lift([])[0]).toBe(STATUS.no_session);
  });

  it("survives a restart", () => {
    set({ max_drawdown: 0.2, max_daily_loss: null });
    const snapshot: ReturnType<typeof exportSession> = JSON.parse(JSON.stringify(exportSession("bot", state().state)));
    expect(importSession(snapshot)).toEqual(state().state);
  });
});

describe("what is refused", () => {
  it("names every violation at once, with its path", () => {
    expect(set({ max_drawdown: 2, max_drwdown: 0.1, max_entries: 1.5 }, NOW_MS)).toMatchObject([
      STATUS.settings,
      expect.stringContaining("4 invalid settings"),
      {
        violations: [
          { path: "limits.max_drawdown", message: expect.stringContaining("at most 1") },
          { path: "limits.max_drwdown", message: expect.stringContaining('did you mean "max_drawdown"') },
          { path: "limits.max_entries" },
          { path: "until_ms", message: expect.stringContaining("is past") },
        ],
      },
    ]);
    expect(set({})[0]).toBe(STATUS.settings);
    expect(set({ mode: "off" })[0]).toBe(STATUS.settings);
    expect(lift(["mode"])[0]).toBe(STATUS.settings);
    expect(state().state.overrides).toEqual([]);
  });

  it("an end too far ahead: at the bound it is taken", () => {
    expect(set({ max_drawdown: 0.2 }, NOW_MS + FIXED.override_ahead_ms + 1)[0]).toBe(STATUS.settings);
    expect(set({ max_drawdown: 0.2 }, NOW_MS + FIXED.override_ahead_ms)[0]).toBe(STATUS.ok);
  });

  it("a backtest's session and one that is not there", () => {
    service.open("bt", {}, "backtest");
    expect(set({ max_drawdown: 0.2 }, UNTIL_MS, "bt")[0]).toBe(STATUS.no_session);
    expect(set({ max_drawdown: 0.2 }, UNTIL_MS, "nobody")[0]).toBe(STATUS.no_session);
    expect(lift([], "bt")[0]).toBe(STATUS.no_session);
  });

  it("switching on what the bot does not tell the numbers for; changing it where it is on is fine", () => {
    expect(set({ max_book_loss: 0.1 })).toMatchObject([
      STATUS.settings,
      expect.anything(),
      { violations: [{ path: "limits.max_book_loss", message: expect.stringContaining("switch it on there") }] },
    ]);
    service.open("other", { limits: { max_book_loss: 0.2 } });
    expect(set({ max_book_loss: 0.1 }, UNTIL_MS, "other")[0]).toBe(STATUS.ok);
    expect(set({ max_book_loss: null }, UNTIL_MS)[0]).toBe(STATUS.ok);
  });
});

describe("while the journal cannot be written", () => {
  it("nothing is loosened, what tightens applies, and lifting that is refused", () => {
    service.room = 0;
    expect(set({ max_drawdown: 0.2 })).toMatchObject([
      STATUS.internal,
      expect.stringContaining("nothing was changed"),
      {},
    ]);
    expect(set({ max_drawdown: null })[0]).toBe(STATUS.internal);
    // One that loosens among several.
    expect(set({ max_gross_exposure: 1, drawdown_window_days: 1 })[0]).toBe(STATUS.internal);
    expect(state().state.overrides).toEqual([]);
    expect(set({ max_drawdown: 0.05, drawdown_window_days: 60 })[0]).toBe(STATUS.ok);
    expect(state().state.overrides).toHaveLength(2);
    expect(lift([])[0]).toBe(STATUS.internal);
    // Looser than what is in force, though not than the settings.
    expect(set({ max_drawdown: 0.1 })[0]).toBe(STATUS.internal);
    expect(state().state.overrides).toHaveLength(2);
  });

  it("nothing is loosened later either, by a stricter override that would end sooner or a looser one that would last", () => {
    const [soon_ms, late_ms] = [UNTIL_MS - 1, UNTIL_MS + 1];
    set({ max_drawdown: 0.05, max_daily_loss: 0.6 });
    service.room = 0;
    expect(set({ max_drawdown: 0.05 }, soon_ms)[0]).toBe(STATUS.internal);
    expect(set({ max_daily_loss: 0.55 }, late_ms)[0]).toBe(STATUS.internal);
    expect(state().state.overrides).toHaveLength(2);
    expect(set({ max_drawdown: 0.04 }, late_ms)[0]).toBe(STATUS.ok);
    expect(set({ max_daily_loss: 0.55 }, soon_ms)[0]).toBe(STATUS.ok);
  });

  it("lifting what loosened applies", () => {
    set({ max_drawdown: 0.2 });
    service.room = 0;
    expect(lift([])[0]).toBe(STATUS.ok);
    expect(state().state.overrides).toEqual([]);
  });

  it("what a change does is not known before the bot has connected: it needs a record", () => {
    state().terms = null;
    expect(set({ max_drawdown: 0.05 })[0]).toBe(STATUS.ok);
    service.room = 0;
    expect(set({ max_drawdown: 0.01 })[0]).toBe(STATUS.internal);
    expect(lift([])[0]).toBe(STATUS.internal);
  });
});
