import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { canonicalJson, fingerprint } from "../../src/config/canonical.js";
import { PROFILE_NAMES } from "../../src/config/profiles.js";
import { resolveSettings } from "../../src/config/resolve.js";
import { loadEngine } from "../../src/engine/engine.js";
import { REASON } from "../../src/protocol/codes.js";

const engine = loadEngine();
const context = { timeframe_s: 300, run_mode: "backtest" } as const;
const resolve = (given: unknown, over: object = {}) => resolveSettings(given, { ...context, ...over }, engine);

function resolved(given: unknown, over: object = {}) {
  const resolution = resolve(given, over);
  if (!resolution.ok) throw new Error(JSON.stringify(resolution.violations));
  return resolution;
}

function violations(given: unknown) {
  const resolution = resolve(given);
  if (resolution.ok) throw new Error("was accepted");
  return resolution.violations;
}

describe("defaults", () => {
  it("are the aggressive profile's", () => {
    const { settings, policy, params, memory_rows } = resolved({});
    expect(settings).toMatchObject({
      profile: "aggressive",
      mode: "enforce",
      window_set: "standard",
      timeframe_s: 300,
      loss_threshold: 0.03,
      adverse_horizon_candles: 48,
      adverse_quantile: 0.95,
      portfolio_limits: true,
      rules: [{ measure: "jump", from: 4, to: 8, min_size: 0.25, deny_above: null }],
      limits: {
        max_verdict_age_candles: 2,
        max_drawdown: 0.2,
        drawdown_window_days: 30,
        max_daily_loss: 0.1,
        max_gross_exposure: 5,
        max_pair_exposure: null,
        soft_drawdown: null,
        max_side_positions: null,
      },
    });
    expect(policy.candle_limits.get(REASON.jump)).toEqual({ from: 4, deny_above: null });
    expect(params.rules).toEqual(settings.rules);
    expect(memory_rows).toBeGreaterThan(500);
  });

  it("grow stricter from extreme to conservative", () => {
    const of = (profile: string) => resolved({ profile }).settings.limits;
    const [conservative, aggressive, extreme] = PROFILE_NAMES.map(of);
    const looseness = (value: number | null | undefined) => value ?? Number.POSITIVE_INFINITY;
    for (const key of ["max_drawdown", "max_daily_loss", "max_gross_exposure"] as const) {
      expect(looseness(conservative?.[key])).toBeLessThan(looseness(aggressive?.[key]));
      expect(looseness(aggressive?.[key])).toBeLessThan(looseness(extreme?.[key]));
    }
    expect(resolved({ profile: "conservative" }).policy.candle_limits.get(REASON.jump)?.deny_above).toBe(6);
  });

  it("differ by what is given: null switches a limit off, absence takes the profile's", () => {
    const { limits } = resolved({ limits: { max_drawdown: null, max_pair_exposure: 0.5 } }).settings;
    expect(limits).toMatchObject({ max_drawdown: null, max_daily_loss: 0.1, max_pair_exposure: 0.5 });
  });
});

describe("portfolio limits", () => {
  it.each([
    ["auto", "backtest", true],
    ["auto", "live", true],
    ["auto", "util", false],
    ["on", "util", true],
    ["off", "live", false],
  ] as const)("%s in %s is %s", (portfolio_limits, run_mode, expected) => {
    const { settings, policy } = resolved({ portfolio_limits }, { run_mode });
    expect([settings.portfolio_limits, policy.portfolio_limits]).toEqual([expected, expected]);
  });
});

describe("market pair", () => {
  it("is part of the decisions' fingerprint", () => {
    const [none, btc] = [resolved({}), resolved({ market_pair: "BTC/USDT" })];
    expect([none.settings.market_pair, btc.settings.market_pair]).toEqual([null, "BTC/USDT"]);
    expect(btc.fingerprint).not.toBe(none.fingerprint);
    expect(btc.engine_fingerprint).toBe(none.engine_fingerprint);
  });

  it.each(["BTCUSDT", "BTC/", "BTC/USDT:", "A/B/C", ""])(
    "%j is refused with the form it should have",
    (market_pair) => {
      const [violation] = violations({ market_pair });
      expect(violation?.path).toBe("market_pair");
      expect(violation?.message).toMatch(/must be a pair such as "BTC\/USDT", for futures "BTC\/USDT:USDT"/);
    },
  );
});

describe("a bridge elsewhere", () => {
  const connect = { gate: "tcp://192.0.2.7:4710", batch: "tcp://[2001:db8::7]:4711", key_file: "bot.key" };

  it("is the shim's matter: checked, and without effect on decisions", () => {
    expect(resolved({ connect }).fingerprint).toBe(resolved({}).fingerprint);
    expect(resolved({ connect: null }).fingerprint).toBe(resolved({}).fingerprint);
  });

  it("is named by addresses with protocol and port", () => {
    expect(violations({ connect: { ...connect, gate: "192.0.2.7" } })).toMatchObject([{ path: "connect.gate" }]);
    expect(violations({ connect: { gate: connect.gate } })).toMatchObject([{ path: "connect.batch" }]);
  });
});

describe("rules", () => {
  it("replace the profile's; an empty list means none", () => {
    expect(resolved({ rules: [] }).settings.rules).toEqual([]);
    const rule = { measure: "es99_long", from: 0.01, to: 0.05, min_size: 0 };
    const { settings, policy } = resolved({ rules: [rule] });
    expect(settings.rules).toEqual([{ ...rule, deny_above: null }]);
    expect(policy.candle_limits.get(REASON.tail)).toEqual({ from: 0.01, deny_above: null });
  });

  it("that share a reason have no one level to show", () => {
    const rule = { measure: "es99_long", from: 0.01, to: 0.05, min_size: 0, deny_above: null };
    const { policy } = resolved({ rules: [rule, { ...rule, measure: "var99_long" }, { ...rule, measure: "sigma" }] });
    expect([...policy.candle_limits.keys()]).toEqual([REASON.volatility]);
  });
});

describe("violations", () => {
  it("come all at once, each with its path and what is admitted", () => {
    const found = violations({
      profile: "bold",
      limits: { max_drawdown: 2, max_daily_loss: "5%", drawdown_window_days: 0 },
      rules: [{ measure: "jump", from: 1, to: 2, min_size: -1 }],
      timeout_ms: 0,
    });
    expect(found).toEqual([
      { path: "profile", message: 'was "bold"; must be one of "conservative", "aggressive", "extreme"' },
      { path: "limits.max_drawdown", message: "was 2; must be a number above 0 and at most 1, or null" },
      { path: "limits.max_daily_loss", message: 'was "5%"; must be a number above 0 and at most 1, or null' },
      { path: "limits.drawdown_window_days", message: "was 0; must be a number at least 1 and at most 365" },
      { path: "rules[0].min_size", message: "was -1; must be a number at least 0 and at most 1" },
      { path: "timeout_ms", message: "was 0; must be a number at least 1 and at most 10000" },
    ]);
  });

  it("include an age no live question could meet: it comes after the candle's close", () => {
    expect(violations({ limits: { max_verdict_age_candles: 0 } })).toEqual([
      { path: "limits.max_verdict_age_candles", message: "was 0; must be a number at least 1 and at most 12" },
    ]);
    expect(resolved({ limits: { max_verdict_age_candles: 1 } }).settings.limits.max_verdict_age_candles).toBe(1);
  });

  it("suggest the near miss of an unknown key", () => {
    expect(violations({ profil: "extreme", limits: { max_drawdwon: 0.1 }, quux: 1 })).toMatchObject([
      { path: "profil", message: 'is not a known setting; did you mean "profile"?' },
      { path: "limits.max_drawdwon", message: 'is not a known setting; did you mean "max_drawdown"?' },
      { path: "quux", message: expect.stringContaining("known: profile, mode") },
    ]);
  });

  it.each([null, 1, "x", [], Number.NaN])("refuse %s for the whole block", (given) => {
    expect(violations(given)).toMatchObject([{ path: "" }]);
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY])("refuse %s for a number", (max_drawdown) => {
    expect(violations({ limits: { max_drawdown } })).toHaveLength(1);
  });

  it("include what only the engine knows", () => {
    const rule = { measure: "moon_phase", from: 1, to: 2, min_size: 0.5 };
    expect(violations({ rules: [rule] })).toMatchObject([{ path: expect.stringContaining("rules[0]") }]);
    expect(resolve({}, { timeframe_s: -1 }).ok).toBe(false);
    expect(resolve({}, { timeframe_s: Number.NaN }).ok).toBe(false);
  });

  it("are bounded, whatever is sent", () => {
    const huge = Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`key${i}`.padEnd(500, "x"), i]));
    const found = violations(huge);
    expect(found.length).toBeLessThanOrEqual(50);
    expect(JSON.stringify(found).length).toBeLessThan(60_000);
  });

  it("never come from inherited names", () => {
    expect(violations(JSON.parse('{"__proto__": {"profile": "bold"}, "constructor": 1}')).length).toBeGreaterThan(0);
  });
});

describe("wanted columns", () => {
  it.each([
    ["some", "columns", 'was "some"; must be one of "all", "verdict", or a list of names'],
    [null, "columns", 'was null; must be one of "all"'],
    [[], "columns", "was a list of 0 items; must be a list of 1 to 256 columns' names"],
    [["risk_jump", "jump"], "columns[1]", 'was "jump"; must be a column\'s name, such as risk_jump'],
    [["risk_jump", 5], "columns[1]", "was 5; must be a column's name"],
  ])("%j are refused with what they may be", (columns, path, message) => {
    const found = violations({ columns });
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({ path, message: expect.stringContaining(message) });
  });
});

describe("fingerprint", () => {
  it("does not depend on the order of keys, or on whether a default is written out", () => {
    const a = resolved({ profile: "extreme", limits: { max_drawdown: 0.3, max_daily_loss: 0.2 } });
    const b = resolved({ limits: { max_daily_loss: 0.2 }, profile: "extreme" });
    expect(a.fingerprint).toBe(b.fingerprint);
    expect(a.fingerprint).toMatch(/^[0-9a-f]{32}$/);
  });

  it("changes with anything that is decided by", () => {
    const all = [
      resolved({}),
      resolved({ mode: "shadow" }),
      resolved({ limits: { max_drawdown: 0.21 } }),
      resolved({ limits: { max_drawdown: null } }),
      resolved({ window_set: "compact" }),
      resolved({ loss_threshold: 0.031 }),
      resolved({ adverse_horizon_candles: 12 }),
      resolved({ adverse_quantile: 0.9 }),
      resolved({}, { timeframe_s: 600 }),
      resolved({}, { run_mode: "util" }),
      resolved({ rules: [] }),
    ].map((resolution) => resolution.fingerprint);
    expect(new Set(all).size).toBe(all.length);
  });

  it("does not change with the shim's part", () => {
    expect(resolved({ timeout_ms: 99 }).fingerprint).toBe(resolved({}).fingerprint);
    for (const columns of ["all", "verdict", ["risk_jump", "risk_sigma"]]) {
      expect(resolved({ columns }).fingerprint).toBe(resolved({}).fingerprint);
      expect(resolved({ columns }).engine_fingerprint).toBe(resolved({}).engine_fingerprint);
    }
  });

  it("is over canonical JSON", () => {
    expect(canonicalJson({ b: [1, { d: null, c: "x" }], a: undefined })).toBe('{"b":[1,{"c":"x","d":null}]}');
    expect(fingerprint({ a: 1, b: 2 })).toBe(fingerprint({ b: 2, a: 1 }));
    expect(() => canonicalJson(Number.NaN)).toThrow(RangeError);
  });
});

describe("JSON Schema", () => {
  it("gives every key a meaning, a part and a default", () => {
    const schema = JSON.parse(readFileSync(new URL("../../../protocol/settings.schema.json", import.meta.url), "utf8"));
    const nodes = Object.entries<Record<string, unknown>>({
      ...schema.properties,
      ...schema.properties.limits.properties,
    });
    expect(nodes.length).toBeGreaterThan(20);
    for (const [key, node] of nodes) {
      if (key === "limits") continue;
      expect(node, key).toHaveProperty("description");
      expect(["gate", "shim"], key).toContain(node["x-part"]);
      expect("default" in node || "x-default-by-profile" in node || node["x-written"] === true, key).toBe(true);
    }
  });
});
