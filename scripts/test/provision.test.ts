import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readCargoMessages } from "../lib/compile.mjs";
import { CommandFailed, runAnyway, runLogged, tail } from "../lib/exec.mjs";
import { withLock } from "../lib/lock.mjs";
import { nodeModulesMatch } from "../lib/provision.mjs";
import { hashInputs, stampFor } from "../lib/stamp.mjs";

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "talebridge-scripts-"));
});

afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

function file(name: string, text: string): string {
  const path = join(directory, name);
  writeFileSync(path, text);
  return path;
}

describe("stamps", () => {
  it("hold for the same inputs and while the outputs are there", () => {
    const input = file("lock", "a==1");
    const output = file("made", "");
    const stamp = stampFor(join(directory, "stamps"), "step");
    expect(stamp.holds(hashInputs([input], ["3.11"]), [])).toBe(false);
    stamp.write(hashInputs([input], ["3.11"]));
    expect(stamp.holds(hashInputs([input], ["3.11"]), [output])).toBe(true);
    expect(stamp.holds(hashInputs([input], ["3.12"]), [output])).toBe(false);
    rmSync(output);
    expect(stamp.holds(hashInputs([input], ["3.11"]), [output])).toBe(false);
    file("lock", "a==2");
    expect(stamp.holds(hashInputs([input], ["3.11"]), [])).toBe(false);
  });

  it("are gone while a step runs, so that an interrupted one is done again", () => {
    const stamp = stampFor(directory, "step");
    stamp.write("x");
    stamp.clear();
    expect(stamp.holds("x", [])).toBe(false);
  });

  it("tell inputs apart however they are cut", () => {
    expect(hashInputs([], ["ab", "c"])).not.toBe(hashInputs([], ["a", "bc"]));
  });
});

describe("node_modules", () => {
  const lock = (packages: Record<string, object>): string => JSON.stringify({ packages: { "": {}, ...packages } });
  const installed = (packages: Record<string, object>): string => JSON.stringify({ packages });
  const a = { version: "1.0.0", integrity: "sha512-a" };
  const other = { version: "2.0.0", integrity: "sha512-o", optional: true };

  it("match when each locked package is there, optional ones for other platforms aside", () => {
    expect(
      nodeModulesMatch(lock({ "node_modules/a": a, "node_modules/o": other }), installed({ "node_modules/a": a })),
    ).toBe(true);
  });

  it.each([
    ["nothing is installed", null],
    ["one is missing", installed({})],
    ["one has another version", installed({ "node_modules/a": { ...a, version: "1.0.1" } })],
    ["one has other contents", installed({ "node_modules/a": { ...a, integrity: "sha512-x" } })],
    ["one is there that is not locked", installed({ "node_modules/a": a, "node_modules/b": a })],
  ])("do not match when %s", (_, there) => {
    expect(nodeModulesMatch(lock({ "node_modules/a": a }), there)).toBe(false);
  });
});

describe("cargo's messages", () => {
  const artifact = (fields: object): string => JSON.stringify({ reason: "compiler-artifact", ...fields });
  const library = { name: "talebridge_engine", kind: ["cdylib", "rlib"] };

  it("name the library and count what was compiled", () => {
    const text = [
      artifact({ fresh: true, filenames: ["/t/libnapi.rlib"], target: { name: "napi", kind: ["lib"] } }),
      artifact({
        fresh: false,
        filenames: ["/t/libtalebridge_engine.rlib", "/t/libtalebridge_engine.so"],
        target: library,
      }),
      JSON.stringify({ reason: "build-finished", success: true }),
      "   Compiling something",
    ].join("\n");
    expect(readCargoMessages(text)).toEqual({ library: "/t/libtalebridge_engine.so", compiled: 1 });
  });

  it("without the library are an error", () => {
    expect(() => readCargoMessages("")).toThrow(/no shared library named talebridge_engine/);
  });
});

describe("running programs", () => {
  const log = () => join(directory, "logs", "program.log");

  it("keeps what they print, and where it can be read in full", async () => {
    const script = "console.log('out'); console.error('err'); process.exit(3)";
    const ran = await runAnyway(process.execPath, ["-e", script], { logFile: log() });
    expect(ran).toMatchObject({ code: 3, stdout: "out\n" });
    expect(ran.output).toContain("err");
    expect(readFileSync(log(), "utf8")).toContain("out");
  });

  it("fails with the end of the output, the exit code and the log's place", async () => {
    const script = "for (let i = 0; i < 500; i++) console.log('line ' + i); process.exitCode = 4";
    const failure = await runLogged(process.execPath, ["-e", script], { logFile: log() }).catch(
      (error: unknown) => error,
    );
    expect(failure).toBeInstanceOf(CommandFailed);
    const message = String(failure);
    expect(message).toContain("line 499");
    expect(message).not.toContain("line 100\n");
    expect(message).toContain("exit code 4");
    expect(message).toContain("program.log");
  });

  it("says which program could not be started", async () => {
    await expect(runLogged("/nowhere/program", [], { logFile: log() })).rejects.toThrow(
      /\/nowhere\/program could not be started/,
    );
  });

  it("shows last lines without blank ones after them", () => {
    expect(tail("a\nb\nc\n\n", 2)).toBe("b\nc");
  });
});

describe("the set-up lock", () => {
  it("lets one in at a time and is gone afterwards", async () => {
    const lock = join(directory, "lock");
    const order: string[] = [];
    const work = (name: string) => async (): Promise<void> => {
      order.push(`${name} in`);
      await new Promise((resolve) => setTimeout(resolve, 20));
      order.push(`${name} out`);
    };
    const holders: number[] = [];
    const waiting = (pid: number): void => {
      holders.push(pid);
    };
    await Promise.all([withLock(lock, waiting, work("a")), withLock(lock, waiting, work("b"))]);
    expect(order).toEqual(["a in", "a out", "b in", "b out"]);
    expect(holders).toEqual([process.pid]);
    expect(existsSync(lock)).toBe(false);
  });

  it("is taken over from a process that is no more", async () => {
    const ended = await runAnyway(process.execPath, ["-e", "console.log(process.pid)"], {
      logFile: join(directory, "log"),
    });
    const lock = file("lock", ended.stdout.trim());
    await expect(
      withLock(
        lock,
        () => expect.unreachable(),
        async () => "in",
      ),
    ).resolves.toBe("in");
  });

  it("is given back when the work fails", async () => {
    const lock = join(directory, "lock");
    const work = async (): Promise<void> => {
      throw new Error("broken");
    };
    await expect(withLock(lock, () => undefined, work)).rejects.toThrow("broken");
    expect(existsSync(lock)).toBe(false);
  });
});
