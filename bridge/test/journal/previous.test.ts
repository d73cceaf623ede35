/** Journals that earlier versions of the daemon wrote (previous/make.mjs made them), and what those versions themselves made of them after a restart. */
import { cpSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { exportSession } from "../../src/gate/snapshot.js";
import { listFiles } from "../../src/journal/files.js";
import { foldLive, readJournal } from "../../src/journal/reader.js";
import { OP } from "../../src/protocol/codes.js";
import { Client, configFor, start } from "../server/harness.js";

const PREVIOUS = fileURLToPath(new URL("previous", import.meta.url));
const VERSIONS = readdirSync(PREVIOUS, { withFileTypes: true }).filter((entry) => entry.isDirectory());
let dir = "";
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "tb-previous-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

it("there are versions before this one", () => {
  expect(VERSIONS.map(({ name }) => name)).toEqual(["before-checksums", "format-1"]);
});

describe.each(VERSIONS)("the journal of $name", ({ name }) => {
  const files = () => listFiles(join(PREVIOUS, name));

  it("is read without damage, every line of it", () => {
    const lines = [...readJournal(join(PREVIOUS, name))];
    expect(lines.filter(({ type }) => type === "gate")).toHaveLength(6);
    expect(lines.filter(({ type }) => type === "boot")).toHaveLength(2);
  });

  it("is folded into what that version folded it into", () => {
    const [first, second] = files();
    if (first === undefined || second === undefined) throw new Error("two boots were written");
    const theirs = [...readJournal(second.path)].flatMap((line) => (line.type === "state" ? line.sessions : []));
    expect(theirs.map(({ session }) => session).sort()).toEqual(["alpha", "beta"]);
    cpSync(first.path, join(dir, first.path.slice(first.path.lastIndexOf("/"))));
    const folded = foldLive(dir, {}).sessions;
    expect([...folded.keys()].sort()).toEqual(["alpha", "beta"]);
    for (const snapshot of theirs) {
      const mine = folded.get(snapshot.session);
      if (mine === undefined) throw new Error(`${snapshot.session} is lost`);
      // Whatever they told stands; what this version keeps besides, they did not know.
      expect(exportSession(snapshot.session, mine.state)).toMatchObject(snapshot);
    }
  });

  it("is gone on with: who was halted is halted, and says so in the new journal", async () => {
    cpSync(join(PREVIOUS, name), join(dir, "journal"), { recursive: true });
    const config = configFor(dir);
    const daemon = await start(config);
    const bot = new Client(dir);
    try {
      await bot.open("beta", {}, "dry_run");
      const [, status] = await bot.ask(OP.status);
      const { sessions, counters } = Object(status);
      expect(counters.journal_damage).toBe(0);
      const told = Object.fromEntries(sessions.map((one: { session: string }) => [one.session, one]));
      expect(told.beta.standing).toMatchObject({ status: "HALTED", equity: 1010 });
      expect(told.alpha.standing).toMatchObject({ status: "ACTIVE", equity: 965.25 });
      expect(told.alpha).toMatchObject({ asked: 3, reduced: 1, denied: 1 });
    } finally {
      bot.close();
      await daemon.stop("test");
    }
    // The new boot begins with a state of its own: the old files are no longer needed.
    for (const { path } of files()) rmSync(join(config.journal_dir, path.slice(path.lastIndexOf("/"))));
    expect([...foldLive(config.journal_dir, {}).sessions.keys()].sort()).toEqual(["alpha", "beta"]);
  });
});
