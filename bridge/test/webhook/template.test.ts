import { describe, expect, it } from "vitest";
import { encodeBody, formatProblem } from "../../src/webhook/payload.js";
import { fill, templateProblems } from "../../src/webhook/template.js";
import { VALUES, type Values } from "../../src/webhook/values.js";

const values = (over: Partial<Values> = {}): Values =>
  ({ ...Object.fromEntries(Object.keys(VALUES).map((name) => [name, `<${name}>`])), ...over }) as Values;

describe("a template", () => {
  it("is filled in all its texts, and only in its texts", () => {
    const template = { text: "{session}: {text}", list: ["{at}", 5, null, { deep: "{status}{status}" }], "{at}": true };
    expect(fill(template, values())).toEqual({
      text: "<session>: <text>",
      list: ["<at>", 5, null, { deep: "<status><status>" }],
      "{at}": true,
    });
  });

  it("has doubled braces for single ones", () => {
    expect(fill("{{{status}}} {{}} {{status}}", values())).toBe("{<status>} {} {status}");
  });

  it("does not read what was put in as a template again", () => {
    expect(fill("{text}", values({ text: "{status} {{ $& $1" }))).toBe("{status} {{ $& $1");
  });

  it("is refused, by path, for names and braces that Python would choke on or this does not have", () => {
    const bad = { a: "{profit_ratio:.2f}", b: ["{", "}"], c: "{}", d: { e: "{status!r}" }, f: "{ status}" };
    expect(templateProblems(bad, "webhook.status").map(({ path }) => path)).toEqual([
      "webhook.status.a",
      "webhook.status.b[0]",
      "webhook.status.b[1]",
      "webhook.status.c",
      "webhook.status.d.e",
      "webhook.status.f",
    ]);
    expect(templateProblems(bad, "x")[0]?.message).toContain("known: status, type");
    expect(templateProblems({ a: "{{}} {status}", b: 1, c: null, d: [true] }, "x")).toEqual([]);
  });
});

describe("formats", () => {
  it("are a form, JSON, or one text", () => {
    const payload = { text: "a & b", n: 1.5, yes: true, list: ["x", "y"] };
    expect(encodeBody("form", payload)).toEqual({
      type: "application/x-www-form-urlencoded",
      body: "text=a+%26+b&n=1.5&yes=True&list=x&list=y",
    });
    expect(encodeBody("json", payload)).toEqual({ type: "application/json", body: JSON.stringify(payload) });
    expect(encodeBody("raw", { data: "just this" })).toEqual({ type: "text/plain", body: "just this" });
  });

  it("say what a template lacks for them", () => {
    expect(formatProblem("raw", { text: "x" })).toContain('no text "data"');
    expect(formatProblem("raw", { data: "x" })).toBeNull();
    expect(formatProblem("form", { embeds: [{ a: 1 }] })).toContain("embeds");
    expect(formatProblem("form", { a: { b: 1 } })).toContain("a, whose value");
    expect(formatProblem("form", { a: null })).toContain("a, whose value");
    expect(formatProblem("form", { a: [1, "x"], b: "y" })).toBeNull();
    expect(formatProblem("json", { embeds: [{ a: null }] })).toBeNull();
  });
});
