/** Completion in the shells themselves: what they offer, asked of bash and fish by their own means, and of bash and zsh by a terminal and its tab key. */
import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { COMMANDS } from "../../src/cli/commands.js";
import { talebridge } from "./harness.js";

const NAMES = Object.keys(COMMANDS);
const SHELLS = ["bash", "zsh", "fish"] as const;
const TERMINAL_MS = 120_000;
const PYTHON = fileURLToPath(new URL("../../../.venv/bin/python", import.meta.url));
const TYPE_KEYS = fileURLToPath(new URL("type_keys.py", import.meta.url));
const scripts = new Map<string, string>();
let dir = "";
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "tb-completion-"));
  for (const shell of SHELLS) {
    scripts.set(shell, talebridge(["completion", shell]).stdout);
    writeFileSync(join(dir, `completion.${shell}`), scripts.get(shell) ?? "");
  }
  // zsh completes options of commands it can find.
  writeFileSync(join(dir, "talebridge"), "#!/bin/sh\n");
  chmodSync(join(dir, "talebridge"), 0o755);
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const installed = (shell: string) => spawnSync(shell, ["-c", ":"]).error === undefined;
const lines = (text: string) => text.trim().split("\n");

/** What bash would offer after these words. */
function bash(...words: string[]): string[] {
  const script = `source completion.bash
COMP_WORDS=(talebridge ${words.map((word) => `'${word}'`).join(" ")}); COMP_CWORD=${words.length}; _talebridge; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr } = spawnSync("bash", ["--norc", "-c", script], { encoding: "utf8", cwd: dir });
  expect(stderr).toBe("");
  return lines(stdout);
}

/** What fish would offer at the end of this line, without descriptions. */
function fish(line: string): string[] {
  const script = `source completion.fish; complete -C ${JSON.stringify(line)}`;
  const { stdout, stderr } = spawnSync("fish", ["--no-config", "-c", script], { encoding: "utf8", cwd: dir });
  expect(stderr).toBe("");
  return lines(stdout).map((offer) => offer.split("\t")[0] ?? "");
}

describe("bash", () => {
  it("offers commands, their options and an option's values", async () => {
    expect(bash("")).toEqual([...NAMES, "--help", "--version"]);
    const { options } = await import("../../src/cli/status.js");
    expect(bash("status", "--")).toEqual([...Object.keys(options).map((name) => `--${name}`), "--help"]);
    expect(bash("init", "--profile", "")).toEqual(["conservative", "aggressive", "extreme"]);
    expect(bash("keys", "cl")).toEqual(["client"]);
  });

  it("knows every option of every command", async () => {
    for (const [name, load] of Object.entries(COMMANDS)) {
      const { options } = await load();
      const offers = bash(name, "--");
      for (const option of Object.keys(options))
        expect([name, offers]).toEqual([name, expect.arrayContaining([`--${option}`])]);
    }
  });
});

describe.runIf(installed("fish"))("fish", () => {
  it("offers commands, their options and an option's values", async () => {
    expect(fish("talebridge ").sort()).toEqual([...NAMES].sort());
    const { options } = await import("../../src/cli/status.js");
    expect(fish("talebridge status --")).toEqual(
      expect.arrayContaining(Object.keys(options).map((name) => `--${name}`)),
    );
    expect(fish("talebridge init --profile ")).toEqual(["aggressive", "conservative", "extreme"]);
    expect(fish("talebridge keys cl")).toEqual(["client"]);
  });
});

describe("at a terminal, the tab key", { timeout: TERMINAL_MS }, () => {
  const ZSH = ["autoload -Uz compinit", 'compinit -u -d "$PWD/zcompdump"', "source completion.zsh"];
  it.each([
    ["bash", ["--norc", "--noprofile", "-i"], ["source completion.bash"]],
    ["zsh", ["-f", "-i"], ZSH],
  ] as const)("completes in %s, where that is installed", (shell, args, setup) => {
    if (!installed(shell)) return;
    const type = (typed: string, wanted: string) => {
      const words = [TYPE_KEYS, wanted, typed, shell, ...args, "--", ...setup];
      const env = { ...process.env, PATH: `${dir}:${process.env.PATH}`, TERM: "dumb", PS1: "> ", ZDOTDIR: dir };
      const { stdout, stderr } = spawnSync(PYTHON, words, { encoding: "utf8", cwd: dir, env, timeout: TERMINAL_MS });
      expect(stderr).toBe("");
      return stdout;
    };
    expect(type("talebridge expl", "explain ")).toContain("talebridge explain ");
    expect(type("talebridge init --mode sh", "shadow ")).toContain("--mode shadow ");
  });
});
