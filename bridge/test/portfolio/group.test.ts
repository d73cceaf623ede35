/** The chain-linked index of a group: who joins or leaves is neither gain nor loss, a group of one is a session, and nothing denies for ever. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { exportGroup, importGroup } from "../../src/gate/group_snapshot.js";
import { drawdownBreach } from "../../src/portfolio/drawdown.js";
import { DAY_MS, highWaterMark, newEquityTrack, pushSample } from "../../src/portfolio/equity.js";
import {
  exposureOf,
  forgive,
  type GroupState,
  grant,
  leave,
  newGroup,
  newMember,
  takePortfolio,
  worth,
} from "../../src/portfolio/group.js";

const RUNS = { numRuns: 500, seed: 20_261_129 };
const MINUTE_MS = 60_000;
const START_MS = 20_000 * DAY_MS;

/** A clock that every told sample moves on. */
function teller(group: GroupState) {
  let t_ms = START_MS;
  return (name: string, ...equities: readonly number[]) => {
    const samples = equities.map((equity) => {
      t_ms += MINUTE_MS;
      return [t_ms, equity] as const;
    });
    takePortfolio(group, name, { samples, equity: equities.at(-1) ?? 0 }, 0);
    return t_ms;
  };
}

function drawdown(group: GroupState): number {
  const mark = highWaterMark(group, 0)?.equity ?? Number.NaN;
  return 1 - (worth(group) ?? Number.NaN) / mark;
}

describe("the index", () => {
  it("follows the sum of its members, and denies above the limit, not at it", () => {
    const group = newGroup();
    const tell = teller(group);
    tell("a", 1000, 1000);
    tell("b", 3000, 3000);
    const now_ms = tell("b", 2600);
    expect(drawdown(group)).toBeCloseTo(0.1, 12);
    const breach = (max: number) => drawdownBreach(group, worth(group) ?? 0, now_ms, 30, max);
    expect(breach(0.1001)).toBeNull();
    expect(breach(0.0999)).toMatchObject({ limit: 0.0999 });
  });

  it("weighs by money: what one loses counts by its share", () => {
    const group = newGroup();
    const tell = teller(group);
    tell("a", 1000, 1000);
    tell("b", 9000, 9000);
    tell("a", 500);
    expect(drawdown(group)).toBeCloseTo(0.05, 12);
  });

  it("keeps a loss when the loser leaves, and when someone joins", () => {
    const group = newGroup();
    const tell = teller(group);
    tell("a", 1000, 1000);
    tell("b", 1000, 1000);
    tell("a", 600);
    expect(drawdown(group)).toBeCloseTo(0.2, 12);
    leave(group, "a");
    expect(drawdown(group)).toBeCloseTo(0.2, 12);
    tell("c", 50_000, 50_000);
    expect(drawdown(group)).toBeCloseTo(0.2, 12);
    leave(group, "b");
    leave(group, "c");
    expect(worth(group)).toBeNull();
    tell("d", 10, 10);
    expect(drawdown(group)).toBeCloseTo(0.2, 12);
  });

  it("takes no single sample for a mark, nor for a joining member's worth", () => {
    const group = newGroup();
    const tell = teller(group);
    tell("a", 1000, 1000);
    tell("a", 5000);
    tell("b", 7000);
    tell("b", 1000);
    tell("a", 1000);
    expect(drawdown(group)).toBeCloseTo(0, 12);
  });

  it("forgives with a rebase what was taken out before it", () => {
    const group = newGroup();
    const tell = teller(group);
    tell("a", 1000, 1000);
    tell("b", 1000, 1000);
    tell("a", 400);
    expect(drawdown(group)).toBeCloseTo(0.3, 12);
    forgive(group, "a", 600);
    tell("a", 400, 400);
    expect(drawdown(group)).toBeCloseTo(0, 12);
    tell("b", 860);
    expect(drawdown(group)).toBeCloseTo(0.1, 12);
  });

  it("is measurable again after everything was lost", () => {
    const group = newGroup();
    const tell = teller(group);
    tell("a", 1000, 1000);
    tell("a", -5, -5);
    expect(drawdown(group)).toBeGreaterThan(1);
    leave(group, "a");
    const late_ms = tell("b", 100, 100);
    const window_later = late_ms + 31 * DAY_MS;
    takePortfolio(group, "b", { samples: [[window_later, 100]], equity: 100 }, 0);
    takePortfolio(group, "b", { samples: [[window_later + MINUTE_MS, 80]], equity: 80 }, 0);
    expect(drawdownBreach(group, worth(group) ?? 0, window_later + MINUTE_MS, 30, 0.1)?.value).toBeCloseTo(0.2, 9);
  });
});

const money = fc.double({ min: 1, max: 1e6, noNaN: true });
interface Step {
  readonly name: string;
  readonly what: "tell" | "leave" | "forgive";
  readonly equities: readonly number[];
}

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    name: fc.constantFrom("a", "b", "c"),
    what: fc.constantFrom("tell" as const, "tell" as const, "tell" as const, "leave" as const, "forgive" as const),
    equities: fc.array(fc.double({ min: -100, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 4 }),
  }),
  { maxLength: 40 },
);

function walk(group: GroupState, taken: readonly Step[], check: (index: number, what: string) => void = () => {}) {
  const tell = teller(group);
  for (const { name, what, equities } of taken) {
    const { index } = group;
    if (what === "tell") tell(name, ...equities);
    else if (what === "leave") leave(group, name);
    else forgive(group, name, 0);
    check(index, what);
  }
}

describe("whatever happens", () => {
  it("who leaves, joins or begins anew does not move the index, and every number stays finite", () => {
    fc.assert(
      fc.property(steps, (taken) => {
        const group = newGroup();
        walk(group, taken, (index, what) => {
          if (what !== "tell") expect(group.index).toBe(index);
          for (const value of [group.index, group.unit, worth(group) ?? 0]) expect(Number.isFinite(value)).toBe(true);
          expect(group.index).toBeGreaterThan(0);
        });
        for (const name of ["x", "y"]) {
          const { index } = group;
          takePortfolio(group, name, { samples: [[group.last_ms + 1, 500]], equity: 500 }, 0);
          expect(group.index).toBe(index);
          takePortfolio(group, name, { samples: [[group.last_ms + 2, 500]], equity: 500 }, 0);
          expect(group.index / index).toBeCloseTo(1, 9);
          takePortfolio(group, name, { samples: [[group.last_ms + 3, 500]], equity: 500 }, 0);
          expect(group.index / index).toBeCloseTo(1, 9);
        }
      }),
      RUNS,
    );
  });

  it("a group of one stands as its session does", () => {
    fc.assert(
      fc.property(fc.array(money, { minLength: 2, maxLength: 40 }), (equities) => {
        const group = newGroup();
        const track = newEquityTrack();
        const tell = teller(group);
        for (const equity of equities) {
          const t_ms = tell("one", equity);
          pushSample(track, { t_ms, equity });
        }
        const mark = highWaterMark(track, 0);
        const last = equities.at(-1) ?? 0;
        expect(1 - drawdown(group)).toBeCloseTo(last / (mark?.equity ?? Number.NaN), 9);
      }),
      RUNS,
    );
  });

  it("a drawdown ends by time: with members as they are, the old marks leave the window", () => {
    fc.assert(
      fc.property(steps, fc.double({ min: 0.001, max: 0.9, noNaN: true }), (taken, max) => {
        const group = newGroup();
        walk(group, taken);
        const later_ms = group.last_ms + 30 * DAY_MS + 1;
        expect(drawdownBreach(group, worth(group) ?? 1, later_ms, 30, max)).toBeNull();
      }),
      RUNS,
    );
  });

  it("comes back from JSON as it was, to the bit", () => {
    fc.assert(
      fc.property(steps, (taken) => {
        const group = newGroup();
        walk(group, taken);
        for (const member of group.members.values()) grant(member, "A/B long entry 1", 12.5);
        const text = JSON.stringify(exportGroup("live/g", group));
        expect(importGroup(JSON.parse(text))).toStrictEqual(group);
      }),
      RUNS,
    );
  });
});

it("confirmed entries count until the next portfolio, each candidate once, and without bound in number only added up", () => {
  const member = newMember(1000, 100);
  grant(member, "A", 50);
  grant(member, "A", 40);
  grant(member, "B", 5);
  expect(exposureOf(member, null)).toBe(145);
  expect(exposureOf(member, "A")).toBe(105);
  for (let i = 0; i < 2000; i++) grant(member, `C${i}`, 1);
  expect(exposureOf(member, null)).toBe(2145);
  expect(member.granted.size).toBeLessThanOrEqual(513);
  grant(member, "A", 10);
  expect(exposureOf(member, null)).toBe(2115);
  const group = newGroup();
  group.members.set("m", member);
  takePortfolio(group, "m", { samples: [], equity: 1000 }, 300);
  expect(exposureOf(member, null)).toBe(300);
});
