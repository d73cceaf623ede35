/** What scripts rely on: exit codes and --json. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { COMMANDS } from "../../src/cli/commands.js";
import { talebridge } from "./harness.js";

const PROCESSES_MS = 60_000;
const NAMES = Object.keys(COMMANDS);
/** Commands whose result is a document by itself, or a script, or a service. */
const WITHOUT_JSON = ["serve", "schema", "completion", "man"];

let dir = "";
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "tb-contract-"));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** Every command, as it fails with each code where nothing is that it needs; null: it cannot fail that way. */
const FAILS: Readonly<Record<string, readonly [failed: readonly string[] | null, usage: readonly string[]]>> = {
  serve: [null, ["--dir", "/proc/none"]],
  status: [
    ["--dir", "none"],
    ["--every", "0"],
  ],
  halt: [
    ["--why", "x", "--dir", "none"],
    ["--dir", "none"],
  ],
  reduce: [
    ["--why", "x", "--dir", "none"],
    ["--why", "x", "--for", "soon"],
  ],
  resume: [["--why", "x", "--dir", "none"], []],
  rebase: [
    ["--why", "x", "--session", "s", "--dir", "none"],
    ["--why", "x"],
  ],
  override: [
    ["--session", "s", "--dir", "none"],
    ["--session", "s", "--set", "nonsense"],
  ],
  keys: [null, ["revoke", "nobody", "--keys-dir", "keys"]],
  web: [["--dir", "none"], ["nonsense"]],
  explain: [["A/B", "--dir", "none"], []],
  doctor: [["--dir", "none"], ["nonsense"]],
  init: [null, ["--userdir", "none"]],
  schema: [null, ["nonsense"]],
  replay: [["none.zip"], []],
  calibrate: [null, ["--datadir", "none", "--timeframe", "5m"]],
  quantum: [null, ["--datadir", "none", "--pair", "A/B", "--timeframe", "5m"]],
  completion: [null, ["tcsh"]],
  man: [null, ["nonsense"]],
};

describe("exit codes", { timeout: PROCESSES_MS }, () => {
  it("0: done; help and version too", () => {
    for (const args of [["--help"], ["--version"], ["status", "--help"], ["schema"]])
      expect([args, talebridge(args).code]).toEqual([args, 0]);
  });

  it("are tried for every command", () => {
    expect(Object.keys(FAILS)).toEqual(NAMES);
  });

  it.each(NAMES)("%s: 1 failed, 2 wrong use, with the reason on stderr and nothing on stdout", (name) => {
    const [failed, usage] = FAILS[name] ?? [null, []];
    for (const [args, code] of [
      [failed, 1],
      [usage, 2],
    ] as const) {
      if (args === null) continue;
      const ended = talebridge([name, ...args], { cwd: dir });
      expect([name, args, ended.code]).toEqual([name, args, code]);
      // Doctor's findings are its result.
      if (name === "doctor" && code === 1) continue;
      expect([name, ended.stdout]).toEqual([name, ""]);
      expect(ended.stderr).toMatch(/^talebridge: |\ntalebridge: |^usage|^talebridge /);
    }
  });

  it("2: for an option nobody knows, and for no command", async () => {
    expect(talebridge([]).code).toBe(2);
    expect(talebridge(["nonsense"]).code).toBe(2);
    expect(talebridge(["status", "--nonsense"]).code).toBe(2);
    // What main() turns into that code, from the others without a process each.
    for (const name of NAMES)
      await expect((async () => (await COMMANDS[name]?.())?.run(["--nonsense"]))(), name).rejects.toMatchObject({
        code: "ERR_PARSE_ARGS_UNKNOWN_OPTION",
      });
  });
});

it.each(NAMES)("%s: usage and options agree, and there is --json", async (name) => {
  const { usage, options } = (await COMMANDS[name]?.()) ?? { usage: "", options: {} };
  const described = new Set([...usage.matchAll(/--([a-z-]+)/g)].map(([, option]) => option));
  expect([...Object.keys(options)].filter((option) => !described.has(option))).toEqual([]);
  if (!WITHOUT_JSON.includes(name)) expect(Object.keys(options)).toContain("json");
});
