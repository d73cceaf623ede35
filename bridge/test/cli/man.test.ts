/** The manual page: from the same usage texts as --help, and clean where something checks it. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { COMMANDS } from "../../src/cli/commands.js";
import { manualPage } from "../../src/cli/man.js";
import { talebridge } from "./harness.js";

const PAGE = fileURLToPath(new URL("../../assets/man/talebridge.1", import.meta.url));
const installed = (program: string) => spawnSync(program, ["--version"]).error === undefined;

describe("the manual page", () => {
  it("is printed, and packed, as it is made", async () => {
    const page = await manualPage();
    expect(readFileSync(PAGE, "utf8")).toBe(page);
    expect(talebridge(["man"]).stdout).toBe(page);
  });

  it("has every command and each of its options", async () => {
    const sections = new Map(
      (await manualPage())
        .split("\n.SS ")
        .slice(1)
        .map((text) => [text.slice(0, text.indexOf("\n")), text.replaceAll("\\-", "-")]),
    );
    expect([...sections.keys()]).toEqual(Object.keys(COMMANDS));
    for (const [name, load] of Object.entries(COMMANDS))
      for (const option of Object.keys((await load()).options)) expect(sections.get(name)).toContain(`--${option}`);
  });

  it("is plain ASCII, and no line of it is a request by accident", async () => {
    const page = await manualPage();
    expect(page).toMatch(/^[\n -~]*$/);
    const requests = new Set(page.match(/^[.'][A-Za-z]*/gm));
    expect([...requests].sort()).toEqual([".B", ".I", ".PP", ".SH", ".SS", ".TH", ".TP", ".fi", ".nf"]);
  });

  it.runIf(installed("man"))("is shown by man(1) without a warning", () => {
    const env = { ...process.env, LC_ALL: "C.UTF-8", MANWIDTH: "100", MANPAGER: "cat" };
    const { stdout, stderr, status } = spawnSync("man", ["--warnings", "-l", PAGE], { encoding: "utf8", env });
    expect([status, stderr]).toEqual([0, ""]);
    expect(stdout).toContain("talebridge - a risk gate for freqtrade");
    // A hyphen of an option stays one that a shell takes.
    expect(stdout).toContain("--journal-dir");
  });

  it.runIf(spawnSync("mandoc", ["-V"]).error === undefined)(
    "passes mandoc's checks, but for the date it leaves out",
    () => {
      const { stdout } = spawnSync("mandoc", ["-Tlint", "-W", "warning", PAGE], { encoding: "utf8" });
      expect(stdout.split("\n").filter((line) => line !== "" && !line.includes("missing date"))).toEqual([]);
    },
  );
});
