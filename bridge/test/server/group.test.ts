/** Several bots in a named group: common exposure and drawdown, who may join, who no longer counts, and the same after a restart. */
import { beforeEach, describe, expect, it } from "vitest";
import { applyAll } from "../../src/gate/groups.js";
import { standing } from "../../src/gate/standing.js";
import { Folder } from "../../src/journal/reader.js";
import { DAY_MS } from "../../src/portfolio/equity.js";
import { DECISION, OP, REASON, STATUS } from "../../src/protocol/codes.js";
import { reportGroups, summaryOf } from "../../src/server/groups.js";
import { TestService } from "./service.js";

const NOW_MS = 20_000 * DAY_MS + 300_000;
const HOUR_MS = 3_600_000;
const SPOT = { max_gross_exposure: 0.5, max_drawdown: 0.1, drawdown_window_days: 30, silent_hours: 24 };
const GROUPS = { spot: SPOT, other: { ...SPOT, max_gross_exposure: null, max_drawdown: null } };
const OFF = { max_drawdown: null, max_daily_loss: null, max_gross_exposure: null };
const SETTINGS = { group: "spot", limits: OFF };

let service: TestService;
const handles = new Map<string, number>();
const seqs = new Map<string, number>();
beforeEach(() => {
  service = new TestService(GROUPS);
  service.now_ms = NOW_MS;
  handles.clear();
  seqs.clear();
});

function open(name: string, settings: object = SETTINGS, run_mode = "live", currency = "USDT"): void {
  handles.set(name, service.open(name, settings, run_mode, { stake_currency: currency }));
}

/** A portfolio whose two samples a minute apart say the same, unless others are given. */
function tell(name: string, equity: number, positions: readonly unknown[] = [], samples = [equity, equity]): void {
  const seq = (seqs.get(name) ?? 0) + 1;
  seqs.set(name, seq);
  const rows = samples.map((value, i) => [service.now_ms - (samples.length - i) * 60_000, value]);
  const reply = service.ask(OP.portfolio, handles.get(name), seq, service.now_ms, equity, rows, positions);
  expect(reply[0]).toBe(STATUS.ok);
}

const FINAL = 8;
const SCALE_IN = 2;
function ask(name: string, stake: number, { pair = "AAA/X", flags = 0, leverage = 1 } = {}) {
  const open_ms = service.now_ms - 300_000;
  const candle = [pair, open_ms, service.now_ms, 1024, 0, Number.NaN];
  const reply = service.ask(OP.gate, handles.get(name), seqs.get(name), flags, ...candle, stake, 1, leverage, 1);
  expect(reply[0]).toBe(STATUS.ok);
  const [, decision, reason, stake_allowed, value, limit] = reply;
  return { decision, reason, stake: stake_allowed, value, limit };
}

const long = (stake: number, leverage = 1, state = 0) => ["POS/X", 0, stake, leverage, state];

describe("common exposure", () => {
  beforeEach(() => {
    for (const name of ["a", "b"]) open(name);
    // Half of 2000 may be held, 800 is.
    tell("a", 1000, [long(300, 2), long(200, 1, 1)]);
    tell("b", 1000);
  });

  it("cuts to the room that the other bots leave: at the limit it does not bind, above it does", () => {
    expect(ask("b", 199)).toMatchObject({ decision: DECISION.allow, reason: REASON.ok, stake: 199 });
    expect(ask("b", 200, { pair: "B/X" })).toMatchObject({ decision: DECISION.allow, reason: REASON.ok, stake: 200 });
    expect(ask("b", 201, { pair: "C/X" })).toEqual({
      decision: DECISION.reduce,
      reason: REASON.group_exposure,
      stake: 200,
      value: 1001 / 2000,
      limit: 0.5,
    });
    expect(ask("b", 150, { pair: "D/X", leverage: 2 })).toMatchObject({
      decision: DECISION.reduce,
      reason: REASON.group_exposure,
      stake: 100,
    });
  });

  it("counts an entry as soon as it is let through for good, before its bot's next portfolio, and once", () => {
    expect(ask("b", 150)).toMatchObject({ decision: DECISION.allow });
    expect(ask("a", 200)).toMatchObject({ decision: DECISION.allow });
    expect(ask("b", 150, { flags: FINAL })).toMatchObject({ decision: DECISION.allow });
    expect(ask("b", 150, { flags: FINAL })).toMatchObject({ decision: DECISION.allow });
    // What was sized before no longer fits when it is to be placed.
    expect(ask("a", 200, { flags: FINAL })).toMatchObject({ decision: DECISION.deny, reason: REASON.group_exposure });
    expect(ask("a", 60, { pair: "B/X" })).toMatchObject({
      decision: DECISION.reduce,
      reason: REASON.group_exposure,
      stake: 50,
    });
    // Its next portfolio tells what became of it.
    tell("b", 1000, [long(100)]);
    expect(ask("a", 120, { pair: "C/X" })).toMatchObject({
      decision: DECISION.reduce,
      reason: REASON.group_exposure,
      stake: 100,
    });
  });

  it("counts an addition with its only question", () => {
    expect(ask("b", 120, { flags: SCALE_IN })).toMatchObject({ decision: DECISION.allow });
    expect(ask("a", 100)).toMatchObject({ decision: DECISION.reduce, reason: REASON.group_exposure, stake: 80 });
  });

  it("counts several questions of one message as if they came one by one", () => {
    const open_ms = service.now_ms - 300_000;
    const question = (pair: string, flags: number) => [
      flags,
      pair,
      open_ms,
      service.now_ms,
      1024,
      0,
      Number.NaN,
      150,
      1,
      1,
      1,
    ];
    const items = [question("A/X", SCALE_IN), question("B/X", 0), question("C/X", FINAL)];
    const [status, answers] = service.ask(OP.gates, handles.get("b"), 1, items);
    expect(status).toBe(STATUS.ok);
    expect((answers as unknown[][]).map((answer) => answer.slice(1, 4))).toEqual([
      [DECISION.allow, REASON.ok, 150],
      [DECISION.reduce, REASON.group_exposure, 50],
      [DECISION.deny, REASON.group_exposure, 0],
    ]);
  });

  it("denies when nothing is left, and binds only the group's bots", () => {
    tell("a", 1000, [long(1000)]);
    expect(ask("b", 100)).toMatchObject({ decision: DECISION.deny, reason: REASON.group_exposure, stake: 0 });
    open("alone", { limits: OFF });
    tell("alone", 1000);
    expect(ask("alone", 100)).toMatchObject({ decision: DECISION.allow });
    open("dry", SETTINGS, "dry_run");
    tell("dry", 1000);
    expect(ask("dry", 100)).toMatchObject({ decision: DECISION.allow });
  });

  it("counts a bot in shadow mode: its positions are real", () => {
    open("shadow", { ...SETTINGS, mode: "shadow" });
    tell("shadow", 1000);
    // Let through though the group had denied it; 1500 of 3000 · 0.5 are taken then.
    expect(ask("shadow", 700, { flags: FINAL }).decision).toBe(DECISION.allow);
    expect(ask("b", 100)).toMatchObject({ decision: DECISION.deny, reason: REASON.group_exposure });
  });
});

describe("common drawdown", () => {
  beforeEach(() => {
    for (const name of ["a", "b"]) open(name);
    tell("a", 1000);
    tell("b", 1000);
    service.now_ms += HOUR_MS;
  });

  it("denies every bot above the limit, not at it, and ends when the mark leaves the window", () => {
    tell("a", 800, [], [800]);
    expect(ask("b", 10)).toMatchObject({ decision: DECISION.allow, reason: REASON.ok });
    service.now_ms += HOUR_MS;
    tell("a", 799, [], [799]);
    expect(ask("b", 10)).toMatchObject({
      decision: DECISION.deny,
      reason: REASON.group_drawdown,
      value: expect.closeTo(0.1005, 9),
      limit: 0.1,
    });
    expect(ask("a", 10).reason).toBe(REASON.group_drawdown);
    const session = service.sessions.find("b");
    if (session === null) throw new Error("no session");
    const group = summaryOf(service.sessions, GROUPS, session, null);
    const stands = standing(session.state, session.terms?.policy ?? null, service.now_ms, group);
    const [denied] = stands.denied;
    expect(denied).toMatchObject({ reason: "group_drawdown", until_ms: expect.any(Number) });
    service.now_ms = (denied?.until_ms ?? 0) - 1;
    expect(ask("b", 10).reason).toBe(REASON.group_drawdown);
    service.now_ms += 1;
    expect(ask("b", 10).reason).toBe(REASON.ok);
  });

  it("is not moved by a bot that joins, leaves for another group, or is begun anew after a withdrawal", () => {
    tell("a", 700, [], [700]);
    open("c");
    tell("c", 100_000);
    expect(ask("c", 10).reason).toBe(REASON.group_drawdown);
    open("a", { ...SETTINGS, group: "other" });
    expect(ask("b", 10, { pair: "B/X" }).reason).toBe(REASON.group_drawdown);
    open("a");
    service.now_ms += HOUR_MS;
    tell("b", 1000, [], [1000, 1000]);
    expect(ask("b", 10, { pair: "C/X" }).reason).toBe(REASON.group_drawdown);
  });

  it("forgives a withdrawal when its bot is rebased", () => {
    tell("a", 100, [], [100]);
    expect(ask("b", 10).reason).toBe(REASON.group_drawdown);
    expect(service.ask(OP.rebase, "a", "me", "withdrawal")[0]).toBe(STATUS.ok);
    expect(ask("b", 10, { pair: "B/X" }).reason).toBe(REASON.ok);
    service.now_ms += HOUR_MS;
    tell("a", 100, [], [100, 100]);
    expect(ask("b", 10, { pair: "C/X" }).reason).toBe(REASON.ok);
  });

  it("is not forgiven what a bot lost before it was in the group: that is no loss of the group's", () => {
    open("late", { limits: OFF });
    tell("late", 1000);
    service.now_ms += HOUR_MS;
    tell("late", 500, [], [500, 500]);
    open("late");
    service.now_ms += HOUR_MS;
    tell("late", 500, [], [500, 500]);
    service.now_ms += HOUR_MS;
    tell("a", 700, [], [700, 700]);
    expect(ask("b", 10).reason).toBe(REASON.group_drawdown);
    expect(service.ask(OP.rebase, "late", "me", "begun anew")[0]).toBe(STATUS.ok);
    service.now_ms += HOUR_MS;
    tell("late", 500, [], [500, 500]);
    expect(ask("b", 10, { pair: "B/X" }).reason).toBe(REASON.group_drawdown);
  });
});

describe("a silent bot", () => {
  beforeEach(() => {
    for (const name of ["a", "b"]) open(name);
    tell("a", 1000, [long(1000)]);
    tell("b", 1000);
  });

  it("counts as last told for the stated time, then no longer, and again when it is heard", () => {
    service.now_ms += 24 * HOUR_MS;
    expect(ask("b", 100)).toMatchObject({ decision: DECISION.deny, reason: REASON.group_exposure });
    service.now_ms += 1;
    tell("b", 1000, [], [1000]);
    expect(ask("b", 600)).toMatchObject({ decision: DECISION.reduce, reason: REASON.group_exposure, stake: 500 });
    expect(service.written.filter(({ type }) => type === "leave")).toEqual([{ type: "leave", session: "a" }]);
    // Its question is word enough: its last portfolio stands.
    expect(ask("a", 100)).toMatchObject({ decision: DECISION.deny, reason: REASON.group_exposure });
    service.now_ms += HOUR_MS;
    expect(ask("b", 100)).toMatchObject({ decision: DECISION.deny, reason: REASON.group_exposure });
  });

  it("goes on counting while that cannot be recorded", () => {
    service.now_ms += 25 * HOUR_MS;
    service.room = 0;
    tell("b", 1000, [], [1000]);
    expect(reportGroups(service.sessions, GROUPS, service.now_ms)).toMatchObject([{ members: ["a", "b"] }]);
  });
});

describe("who may join", () => {
  const refusal = (reply: unknown[]) => {
    expect(reply[0]).toBe(STATUS.settings);
    return Object(reply[2]).violations;
  };
  const currency = { stake_currency: "USDT" };

  it("is told the groups there are", () => {
    const [violation] = refusal(service.hello("a", { group: "sopt" }, "live", currency));
    expect(violation).toEqual({ path: "group", message: expect.stringContaining("it has spot, other") });
    const none = new TestService();
    expect(refusal(none.hello("a", SETTINGS, "live", currency))[0].message).toContain("it has none");
    expect(refusal(service.hello("a", { group: "a b" }, "live", currency))[0].path).toBe("group");
  });

  it("must tell its account, and its currency, which must be the others'", () => {
    const off = service.hello("a", { ...SETTINGS, portfolio_limits: "off" }, "live", currency);
    expect(refusal(off)[0].message).toContain("portfolio_limits");
    expect(refusal(service.hello("a", SETTINGS))[0].message).toContain("update the shim");
    open("a");
    const other = service.hello("b", SETTINGS, "live", { stake_currency: "BTC" });
    expect(refusal(other)).toEqual([
      { path: "group", message: expect.stringMatching(/counts in USDT \(session "a"\).* BTC/) },
    ]);
    // Once the other is gone for good there is nothing to add up with.
    service.now_ms += 24 * HOUR_MS + 1;
    open("b", SETTINGS, "live", "BTC");
  });

  it("must say hello again when it comes back to others of another currency, which then refuses it", () => {
    open("a");
    tell("a", 100_000);
    service.now_ms += 24 * HOUR_MS + 1;
    open("b", SETTINGS, "live", "BTC");
    tell("b", 4);
    // 100000 USDT are no room for bitcoins.
    const open_ms = service.now_ms - 300_000;
    const candle = ["AAA/X", open_ms, service.now_ms, 1024, 0, Number.NaN];
    const question = [handles.get("a"), 1, 0, ...candle, 10, 1, 1, 1];
    expect(service.ask(OP.gate, ...question)[0]).toBe(STATUS.no_session);
    expect(service.ask(OP.portfolio, handles.get("a"), 2, service.now_ms, 100_000, [], [])[0]).toBe(STATUS.no_session);
    expect(service.ask(OP.standing, handles.get("a"), 1, service.now_ms)[0]).toBe(STATUS.no_session);
    expect(ask("b", 3)).toMatchObject({ decision: DECISION.reduce, reason: REASON.group_exposure, stake: 2 });
    expect(refusal(service.hello("a", SETTINGS, "live", currency))[0].message).toContain('counts in BTC (session "b")');
    // Who is refused keeps nobody out.
    open("b", SETTINGS, "live", "BTC");
    expect(reportGroups(service.sessions, GROUPS, service.now_ms)).toMatchObject([{ members: ["b"], equity: 4 }]);
  });

  it("is nobody in a backtest: a group it does not know is no error, and binds nothing", () => {
    open("bt", { ...SETTINGS, group: "unheard-of" }, "backtest");
    expect(service.sessions.find("bt")?.state.group).toBeNull();
    expect(service.sessions.find("bt")?.terms?.settings.group).toBeUndefined();
  });

  it("keeps the fingerprint it had without a group", () => {
    open("a", { limits: OFF });
    const plain = service.sessions.find("a")?.terms?.fingerprint;
    open("b", { ...SETTINGS, group: null });
    expect(service.sessions.find("b")?.terms?.fingerprint).toBe(plain);
    open("c");
    expect(service.sessions.find("c")?.terms?.fingerprint).not.toBe(plain);
  });
});

it("what the journal folds to is what stood, to the bit, and decides alike", () => {
  for (const name of ["a", "b", "c"]) open(name);
  tell("a", 1000, [long(100)]);
  tell("b", 2000.1);
  tell("c", 333.3, [long(50, 3)]);
  service.now_ms += HOUR_MS;
  tell("a", 900.7, [long(90.2)], [950.5, 901.1]);
  ask("b", 33.3, { flags: FINAL });
  service.ask(OP.rebase, "c", "me", "moved");
  open("b", { ...SETTINGS, group: "other" });
  service.now_ms += 25 * HOUR_MS;
  tell("a", 905.1, [], [906.3]);
  tell("c", 300, [], [301, 302]);
  const folder = new Folder();
  service.written.forEach((event, i) => {
    folder.add(JSON.parse(JSON.stringify({ seq: i + 1, t_ms: 0, ...event })));
  });
  expect(folder.groups).toStrictEqual(service.sessions.groups);
  expect([...folder.groups.keys()]).toEqual(["live/spot", "live/other"]);
  for (const { name, state } of service.sessions.live()) expect(folder.sessions.get(name)?.state).toStrictEqual(state);
  // An event of a session in no group changes none.
  const before = structuredClone(folder.groups);
  applyAll(
    folder.groups,
    folder.sessions.get("x")?.state ?? ({ ...service.sessions.live()[0]?.state, group: null } as never),
    {
      type: "rebase",
      session: "x",
      at_ms: 0,
      by: "me",
      why: "test",
    },
  );
  expect(folder.groups).toStrictEqual(before);
});

it("status tells each group and who is in it", () => {
  for (const name of ["a", "b"]) open(name);
  tell("a", 1000, [long(100)]);
  tell("b", 1000);
  expect(service.ask(OP.status)).toMatchObject([
    STATUS.ok,
    {
      groups: [
        {
          group: "spot",
          run_mode: "live",
          members: ["a", "b"],
          equity: 2000,
          exposure: { value: 0.05, limit: 0.5 },
          drawdown: { value: 0, limit: 0.1 },
        },
      ],
      sessions: [{ standing: { group: { group: "spot" } } }, { standing: { group: { group: "spot" } } }],
    },
  ]);
});
