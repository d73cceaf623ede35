/** What scripts rely on: exit codes, --json, and completion that knows every command and option. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { COMMANDS } from "../../src/cli/commands.js";
import { talebridge } from "./harness.js";

const PROCESSES_MS = 60_000;
const NAMES = Object.keys(COMMANDS);
/** Commands whose result is a document by itself, or a script, or a service. */
const WITHOUT_JSON = ["serve", "schema", "completion"];

let dir = "";
let bash_completion = "";
beforeAll(() => {
  bash_completion = talebridge(["completion", "bash"]).stdout;
  dir = mkdtempSync(join(tmpdir(), "tb-contract-"));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

describe("exit codes", () => {
  it("0: done; help and version too", () => {
    for (const args of [["--help"], ["--version"], ["status", "--help"], ["schema"]])
      expect([args, talebridge(args).code]).toEqual([args, 0]);
  });

  it("1: failed, with the reason on stderr and nothing on stdout", () => {
    for (const args of [
      ["status"],
      ["halt", "--why", "x"],
      ["rebase", "--why", "x", "--session", "s"],
      ["override", "--why", "x", "--session", "s", "--set", "limits.max_drawdown=0.2", "--for", "1h"],
      ["override"],
      ["explain", "A/B"],
    ]) {
      const { code, stdout, stderr } = talebridge([...args, "--dir", join(dir, "none")]);
      expect([args, code, stdout]).toEqual([args, 1, ""]);
      expect(stderr).toMatch(/^talebridge: /);
    }
  });

  it(
    "2: wrong use, for every command and for none",
    async () => {
      expect(talebridge([]).code).toBe(2);
      expect(talebridge(["nonsense"]).code).toBe(2);
      expect(talebridge(["status", "--nonsense"]).code).toBe(2);
      // What main() turns into that code, from the others without a process each.
      for (const name of NAMES)
        await expect((async () => (await COMMANDS[name]?.())?.run(["--nonsense"]))(), name).rejects.toMatchObject({
          code: "ERR_PARSE_ARGS_UNKNOWN_OPTION",
        });
    },
    PROCESSES_MS,
  );
});

it.each(NAMES)("%s: usage and options agree, and there is --json", async (name) => {
  const { usage, options } = (await COMMANDS[name]?.()) ?? { usage: "", options: {} };
  const described = new Set([...usage.matchAll(/--([a-z-]+)/g)].map(([, option]) => option));
  expect([...Object.keys(options)].filter((option) => !described.has(option))).toEqual([]);
  if (!WITHOUT_JSON.includes(name)) expect(Object.keys(options)).toContain("json");
});

/** What bash would offer after these words. */
function offered(...words: string[]): string[] {
  const script = `${bash_completion}
COMP_WORDS=(talebridge ${words.map((word) => `'${word}'`).join(" ")}); COMP_CWORD=${words.length}; _talebridge; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr } = spawnSync("bash", ["--norc", "-c", script], { encoding: "utf8", cwd: dir });
  expect(stderr).toBe("");
  return stdout.trim().split("\n");
}

describe("completion", () => {
  it("offers, in bash, commands, their options and an option's values", async () => {
    expect(offered("")).toEqual([...NAMES, "--help", "--version"]);
    const { options } = await import("../../src/cli/status.js");
    expect(offered("status", "--")).toEqual([...Object.keys(options).map((name) => `--${name}`), "--help"]);
    expect(offered("init", "--profile", "")).toEqual(["conservative", "aggressive", "extreme"]);
    expect(offered("keys", "cl")).toEqual(["client"]);
  });

  it.each(["zsh", "fish"])("is a script %s takes, where that is installed", (shell) => {
    const script = talebridge(["completion", shell]).stdout;
    for (const name of NAMES) expect(script).toContain(name);
    const file = join(dir, `completion.${shell}`);
    writeFileSync(file, script);
    const { error, status, stderr } = spawnSync(shell, ["-n", file], { encoding: "utf8" });
    if (error === undefined) expect([status, stderr]).toEqual([0, ""]);
  });
});
