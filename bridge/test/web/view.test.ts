/** The page's state, made of sessions without a socket. */
import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { NOMINAL } from "../../../scripts/lib/shares-page.mjs";
import { NOMINAL_SHARE } from "../../src/config/profiles.js";
import { resolveSettings } from "../../src/config/resolve.js";
import { gateEvent } from "../../src/gate/events.js";
import { gate } from "../../src/gate/gate.js";
import { applyEvent } from "../../src/gate/session.js";
import type { GateRequest } from "../../src/gate/types.js";
import { NO_FACTS } from "../../src/gate/types.js";
import { FIXED } from "../../src/limits.js";
import { Counters } from "../../src/metrics/counters.js";
import type { Facts } from "../../src/metrics/facts.js";
import { Histogram } from "../../src/metrics/histogram.js";
import { REASON } from "../../src/protocol/codes.js";
import { Sessions } from "../../src/server/sessions.js";
import { applyPatch, byVerdict, diff } from "../../src/web/diff.js";
import { RecentDecisions } from "../../src/web/recent.js";
import type { PairView, WebState } from "../../src/web/state.js";
import { quantile } from "../../src/web/timing.js";
import { profileRules, Viewer } from "../../src/web/view.js";
import { engine } from "../server/harness.js";

const CANDLE_MS = 300_000;
const NOW_MS = 1_790_000_100_000;
const OPEN_MS = Math.floor(NOW_MS / CANDLE_MS) * CANDLE_MS - CANDLE_MS;
let sessions: Sessions;
/** gate/starvation.ts */
const STARVING_LEAST = 20;
let viewer: Viewer;
let recent: RecentDecisions;
beforeEach(() => {
  sessions = new Sessions(64, () => undefined);
  viewer = new Viewer(profileRules(engine), () => null);
  recent = new RecentDecisions();
});

function bot(name: string, settings: object = {}, run_mode: "live" | "backtest" = "live"): void {
  const resolved = resolveSettings(settings, { timeframe_s: 300, run_mode }, engine);
  const session = sessions.open(name, run_mode, NOW_MS);
  if (!resolved.ok || session === null) throw new Error("not opened");
  session.terms = { settings: resolved.settings, policy: resolved.policy, fingerprint: "" };
  applyEvent(session.state, {
    type: "portfolio",
    session: name,
    snapshot_seq: 1,
    at_ms: NOW_MS - 1000,
    equity: 960,
    samples: [
      [NOW_MS - 3000, 1000],
      [NOW_MS - 2000, 1000],
      [NOW_MS - 1000, 960],
    ],
    positions: [["BTC/X", "long", 90, 1, "open"]],
  });
}

function ask(name: string, over: Partial<GateRequest>): void {
  const session = sessions.find(name);
  if (session?.terms == null) throw new Error(`no ${name}`);
  session.last_used_ms = over.now_ms ?? NOW_MS;
  const request: GateRequest = {
    pair: "AAA/X",
    side: "long",
    kind: "entry",
    stage: "size",
    candle_open_ms: OPEN_MS,
    now_ms: OPEN_MS + CANDLE_MS,
    candle_size: 1,
    candle_reason: REASON.ok,
    candle_value: Number.NaN,
    stake: 100,
    min_stake: 5,
    leverage: 1,
    rate: 1,
    facts: NO_FACTS,
    ...over,
  };
  const event = gateEvent(name, 1, request, gate(session.state, session.terms.policy, request));
  applyEvent(session.state, event);
  recent.note([event], recent.list().length + 1);
}

const cut = (pair: string, over: Partial<GateRequest> = {}): Partial<GateRequest> => ({
  pair,
  candle_size: 0.5,
  candle_reason: REASON.jump,
  candle_value: 5.5,
  ...over,
});

function view(
  over: { now_ms?: number; frame_ms?: number | null; failing?: boolean; webhook_failing?: string } = {},
): WebState {
  const facts: Omit<Facts, "sessions"> = {
    counters: new Counters(),
    build: { version: "1", engine: "1", simd: "avx2", protocol: "1.1", node: "20" },
    uptime_s: 3600,
    batches: { running: 0, waiting: 0, waiting_bytes: 0 },
    journal: { lines: 7, failing: over.failing ?? false, unsynced_s: 0 },
    process: { rss_bytes: 1, heap_bytes: 1, cpu_s: 1, open_files: 1 },
    loop_delay: new Histogram([1]),
  };
  const { now_ms = NOW_MS, frame_ms = NOW_MS } = over;
  const { webhook_failing = null } = over;
  const seen = { now_ms, boot: "b", facts, sessions: sessions.list(), groups: [], frame_ms, decisions: recent.list() };
  return viewer.view({ ...seen, webhook_failing });
}

describe("bots", () => {
  it("shows equity, drawdown, state and a day's answers against the profile's nominal share", () => {
    bot("one", { profile: "conservative" });
    ask("one", { pair: "AAA/X" });
    ask("one", cut("BBB/X"));
    ask("one", cut("CCC/X", { candle_size: 0, candle_value: 7 }));
    ask("one", cut("OLD/X", { candle_open_ms: OPEN_MS - 289 * CANDLE_MS, now_ms: OPEN_MS - 288 * CANDLE_MS }));
    const [one] = view().bots;
    expect(one).toMatchObject({
      session: "one",
      profile: "conservative",
      mode: "enforce",
      positions: 1,
      nominal_share: 0.21,
    });
    expect(one?.standing.equity).toBe(960);
    expect(one?.standing.drawdown.value).toBeCloseTo(0.04, 12);
    expect(one?.day).toEqual({
      asked: 3,
      reduced: 1,
      denied: 1,
      by_candle: 2,
      stale_last_hour: 0,
      reasons: [{ reason: "jump", count: 2 }],
    });
    expect(one?.total).toEqual({ asked: 4, reduced: 2, denied: 1 });
  });

  it("has no nominal share for rules of one's own", () => {
    bot("own", { rules: [{ measure: "jump", from: 2, to: 3, min_size: 0.1 }] });
    bot("usual", {});
    expect(view().bots.map(({ nominal_share }) => nominal_share)).toEqual([null, 0.125]);
  });

  it("shows the shares the published page is about", () => {
    expect(NOMINAL_SHARE).toEqual(NOMINAL);
  });

  it("counts backtests, and lists none", () => {
    bot("live");
    bot("test", {}, "backtest");
    const state = view();
    expect(state.bots.map(({ session }) => session)).toEqual(["live"]);
    expect(state.daemon).toMatchObject({ live_sessions: 1, other_sessions: 1 });
  });

  it("sees what is asked between two looks in one millisecond", () => {
    bot("one");
    ask("one", { pair: "AAA/X" });
    expect(view().pairs).toHaveLength(1);
    ask("one", { pair: "BBB/X" });
    expect(view().pairs).toHaveLength(2);
  });
});

describe("pairs", () => {
  it("shows the newest answer per pair with its reason, numbers and what ends it, denied first", () => {
    bot("one", { profile: "conservative" });
    ask("one", { pair: "AAA/X" });
    ask("one", cut("BBB/X"));
    ask("one", cut("ZZZ/X", { candle_size: 0, candle_value: 7 }));
    const { pairs } = view();
    expect(pairs.map(({ pair, verdict }) => [pair, verdict])).toEqual([
      ["ZZZ/X", "deny"],
      ["BBB/X", "reduce"],
      ["AAA/X", "allow"],
    ]);
    expect(pairs[1]).toMatchObject({ stake: 100, ceiling: 50, reason: "jump", value: 5.5, limit: 3 });
    expect(pairs[1]?.release).toMatchObject({ reason: "jump", until_ms: OPEN_MS + 2 * CANDLE_MS, holds: true });
    expect(pairs[2]?.release).toBeNull();
    ask("one", { pair: "ZZZ/X", candle_open_ms: OPEN_MS + CANDLE_MS, now_ms: OPEN_MS + 2 * CANDLE_MS });
    const later = view({ now_ms: NOW_MS + 1 }).pairs.find(({ pair }) => pair === "ZZZ/X");
    expect(later?.verdict).toBe("allow");
  });

  it("never tells more than the limit, whatever was asked, and says how many there are", () => {
    bot("one");
    bot("two");
    for (let i = 0; i < FIXED.web_pairs; i++) ask("one", { pair: `P${i}/X` });
    for (let i = 0; i < 10; i++) ask("two", { pair: `Q${i}/X` });
    const { pairs, daemon } = view();
    expect(pairs).toHaveLength(FIXED.web_pairs);
    expect(daemon.pairs).toBe(FIXED.web_pairs + 10);
  });
});

describe("alarms", () => {
  const kinds = (state: WebState) => state.alarms.map(({ kind, level }) => [kind, level]);

  it("are none while all is well", () => {
    bot("one");
    ask("one", { pair: "AAA/X" });
    expect(view().alarms).toEqual([]);
  });

  it("say that a bot starves, with the binding reason and what releases it", () => {
    bot("one", { profile: "conservative" });
    const deny = (i: number) => ask("one", cut(`P${i}/X`, { candle_size: 0, candle_value: 7 }));
    for (let i = 0; i < STARVING_LEAST - 1; i++) deny(i);
    expect(kinds(view())).toEqual([]);
    deny(STARVING_LEAST);
    const [alarm] = view().alarms;
    expect(alarm).toMatchObject({ kind: "starving", level: "critical", session: "one" });
    expect(alarm?.text).toContain(`${STARVING_LEAST} of the last ${STARVING_LEAST}`);
    expect(alarm?.text).toContain("jump");
    expect(alarm?.advice).not.toBe("");
  });

  it("do not call a halt by hand starvation", () => {
    bot("one");
    const session = sessions.find("one");
    if (session === null) throw new Error("no session");
    const halt = { type: "control", session: "one", until_ms: null, by: "me", why: "news" } as const;
    applyEvent(session.state, { ...halt, status: "HALTED" });
    for (let i = 0; i < 2 * STARVING_LEAST; i++) ask("one", { pair: `P${i}/X` });
    expect(kinds(view())).toEqual([["denied", "warning"]]);
    applyEvent(session.state, { ...halt, status: "ACTIVE" });
    expect(kinds(view())).toEqual([]);
  });

  it("say that every entry is denied by an account limit", () => {
    bot("one", { limits: { max_drawdown: 0.03 } });
    expect(kinds(view())).toEqual([["denied", "critical"]]);
    expect(view().bots[0]?.standing.denied).toMatchObject([{ reason: "drawdown" }]);
  });

  it("say that no candles come, when a bot is connected", () => {
    expect(kinds(view({ frame_ms: null }))).toEqual([]);
    bot("one");
    expect(kinds(view({ frame_ms: NOW_MS - 3 * CANDLE_MS }))).toEqual([]);
    expect(kinds(view({ frame_ms: NOW_MS - 3 * CANDLE_MS - 1 }))).toEqual([["silent", "warning"]]);
    expect(kinds(view({ frame_ms: null }))).toEqual([["silent", "warning"]]);
  });

  it("say that a bot asks about old candles", () => {
    bot("one");
    ask("one", { candle_open_ms: OPEN_MS - 3 * CANDLE_MS });
    expect(kinds(view())).toEqual([["stale", "warning"]]);
    expect(kinds(view({ now_ms: NOW_MS + 3_600_000, frame_ms: NOW_MS + 3_600_000 }))).toEqual([]);
  });

  it("say that the webhook takes nothing, and why", () => {
    const [alarm] = view({ webhook_failing: "it answered 500" }).alarms;
    expect(alarm).toMatchObject({
      kind: "webhook",
      level: "warning",
      text: expect.stringContaining("it answered 500"),
    });
  });

  it("say that the journal fails, before all others", () => {
    bot("one", { limits: { max_drawdown: 0.03 } });
    expect(kinds(view({ failing: true }))).toEqual([
      ["journal", "critical"],
      ["denied", "critical"],
    ]);
  });
});

describe("decisions", () => {
  it("are the last ones, newest first, and no more", () => {
    bot("one");
    bot("watching", { mode: "shadow" });
    for (let i = 0; i < FIXED.web_decisions + 5; i++) ask("one", { pair: `P${i}/X` });
    ask("watching", cut("CUT/X"));
    const { decisions } = view();
    expect(decisions).toHaveLength(FIXED.web_decisions);
    expect(decisions[0]).toMatchObject({ pair: "CUT/X", would: "reduce", enforced: false });
    expect(decisions[1]).toMatchObject({ pair: `P${FIXED.web_decisions + 4}/X`, would: "allow", enforced: true });
  });

  it("are numbered as in the journal, several at once as well", () => {
    const ring = new RecentDecisions(3);
    bot("one");
    const session = sessions.find("one");
    if (session?.terms == null) throw new Error("no session");
    ask("one", {});
    const [first] = recent.list();
    expect(first?.seq).toBe(1);
    const hello = { type: "forget", session: "x" } as const;
    ring.note([hello, hello], 9);
    expect(ring.list()).toEqual([]);
  });
});

describe("what is sent", () => {
  it("is the same state again after its patch", () => {
    const pair = fc.record({
      key: fc.constantFrom("a", "b", "c", "d", "e"),
      pair: fc.constantFrom("A/X", "B/X"),
      session: fc.constantFrom("s", "t"),
      verdict: fc.constantFrom("allow", "reduce", "deny"),
      ceiling: fc.integer({ min: 0, max: 3 }),
    });
    const pairs = fc.uniqueArray(pair, { selector: ({ key }) => key }).map((list) => list as unknown as PairView[]);
    const state = (list: PairView[], now_ms: number): WebState => {
      const base = view();
      return {
        ...base,
        daemon: { ...base.daemon, now_ms },
        pairs: list.sort((a, b) => byVerdict(a, b) || (a.key < b.key ? -1 : 1)),
      };
    };
    const sorted = ({ pairs: list, ...rest }: WebState) => ({
      ...rest,
      pairs: [...list].sort((a, b) => (a.key < b.key ? -1 : 1)),
    });
    fc.assert(
      fc.property(pairs, pairs, fc.nat(2), fc.nat(2), (before, after, t0, t1) => {
        const [old, next] = [state(before, t0), state(after, t1)];
        expect(sorted(applyPatch(old, JSON.parse(JSON.stringify(diff(old, next)))))).toEqual(sorted(next));
      }),
      { seed: 8, numRuns: 200 },
    );
  });

  it("is nothing when nothing changed", () => {
    bot("one");
    expect(diff(view(), view())).toEqual({});
  });
});

it("gives quantiles as the bounds that are known", () => {
  const bounds = [1, 2, 4];
  expect(quantile(bounds, [0, 0, 0, 0], 0.5)).toBeNull();
  expect(quantile(bounds, [50, 98, 99, 100], 0.5)).toEqual({ s: 1, above: false });
  expect(quantile(bounds, [50, 98, 99, 100], 0.99)).toEqual({ s: 4, above: false });
  expect(quantile(bounds, [0, 0, 0, 9], 0.5)).toEqual({ s: 4, above: true });
});
