import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DecisionCounts } from "../../src/metrics/decisions.js";
import { Histogram } from "../../src/metrics/histogram.js";
import { renderText } from "../../src/metrics/text.js";
import { REASON } from "../../src/protocol/codes.js";
import { readExposition } from "./exposition.js";

describe("histogram", () => {
  it("puts a value on a bound into that bound's bucket, and one above all into the last", () => {
    const histogram = new Histogram([1, 2]);
    for (const seconds of [0, 1, 1.5, 2, 3, -1]) histogram.observe(seconds);
    expect(histogram.cumulative()).toEqual([3, 5, 6]);
    expect(histogram.sum).toBe(7.5);
  });

  it("counts each observation once", () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 4, noNaN: true }), { maxLength: 50 }), (values) => {
        const histogram = new Histogram([0.5, 1, 2]);
        for (const value of values) histogram.observe(value);
        const upTo = (bound: number) => values.filter((value) => value <= bound).length;
        expect(histogram.cumulative()).toEqual([upTo(0.5), upTo(1), upTo(2), values.length]);
      }),
    );
  });
});

describe("decisions", () => {
  it("are counted apart by verdict, reason and enforcement", () => {
    const counts = new DecisionCounts();
    counts.add("deny", REASON.drawdown, true);
    counts.add("deny", REASON.drawdown, true);
    counts.add("deny", REASON.drawdown, false);
    counts.add("reduce", REASON.jump, true);
    expect(counts.all()).toEqual([
      { verdict: "reduce", reason: "jump", enforced: true, count: 1 },
      { verdict: "deny", reason: "drawdown", enforced: true, count: 2 },
      { verdict: "deny", reason: "drawdown", enforced: false, count: 1 },
    ]);
    expect([counts.of("deny"), counts.of("allow")]).toEqual([3, 0]);
  });
});

describe("text", () => {
  it("survives any label and any number", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.double(), (label, value) => {
        const text = renderText([
          { name: "a", help: "x\\\ny", type: "gauge", samples: [{ labels: { b: label }, value }] },
        ]);
        const [sample] = readExposition(text).get("a")?.samples ?? [];
        expect(sample?.labels).toEqual({ b: label });
        expect(Object.is(sample?.value, value) || sample?.value === value).toBe(true);
      }),
    );
  });
});

describe("the strict reader", () => {
  const good = "# HELP a_total x\n# TYPE a_total counter\na_total 1\n";
  it("takes what is right", () => {
    expect(readExposition(good).get("a_total")?.samples).toEqual([{ name: "a_total", labels: {}, value: 1 }]);
  });

  it.each([
    ["no end of line", good.slice(0, -1)],
    ["a sample before its type", `a_total 1\n${good}`],
    ["a repeated sample", `${good}a_total 1\n`],
    ["a repeated family", good + good],
    ["a counter below 0", good.replace(" 1\n", " -1\n")],
    ["a counter without _total", good.replaceAll("a_total", "a")],
    ["a word for a number", good.replace(" 1\n", " one\n")],
    ["an open label", good.replace("a_total 1", 'a_total{b="} 1')],
    ["a stranger's sample", good.replace("\na_total 1", "\nb_total 1")],
    [
      "a histogram that falls",
      '# HELP h x\n# TYPE h histogram\nh_bucket{le="1"} 2\nh_bucket{le="+Inf"} 1\nh_sum 1\nh_count 1\n',
    ],
    ["a histogram without its last bucket", '# HELP h x\n# TYPE h histogram\nh_bucket{le="1"} 2\nh_sum 1\nh_count 2\n'],
  ])("refuses %s", (_, text) => {
    expect(() => readExposition(text)).toThrow();
  });
});
