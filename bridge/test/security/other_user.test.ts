/** Another user of the same machine, tried with a real second user id: only root can take one, so without root this is skipped. */
import { spawnSync } from "node:child_process";
import { chmodSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { LOCK_FILE, socketNames } from "../../src/config/paths.js";
import type { Daemon } from "../../src/server/daemon.js";
import { configFor, start, temporaryDir } from "../server/harness.js";

const IS_ROOT = process.getuid?.() === 0;
const NOBODY = 65_534;
const SOCKETS = socketNames(true);

let dir = "";
let daemon: Daemon | null = null;
beforeEach(async () => {
  dir = temporaryDir();
  // A private one has every socket there is.
  daemon = await start(configFor(join(dir, "run"), { private: true }));
  // What is tested is the daemon's own directory, not the one around it.
  chmodSync(dir, 0o755);
});
afterEach(async () => {
  await daemon?.stop("test over");
  rmSync(dir, { recursive: true, force: true });
});

/** Runs a script under another user id; without modules of this repository, which that user may not read. @returns what it printed */
function as(uid: number, script: string): string {
  const drop = uid === 0 ? "" : `process.setgroups([]); process.setgid(${uid}); process.setuid(${uid});`;
  const { stdout, stderr, status } = spawnSync(process.execPath, ["-e", `${drop} ${script}`], {
    encoding: "utf8",
    cwd: "/",
    timeout: 20_000,
  });
  if (status !== 0) throw new Error(stderr);
  return stdout;
}

const connecting = (path: string) => `
  require("node:net").connect(${JSON.stringify(path)})
    .on("connect", function () { process.stdout.write("connected"); this.destroy(); })
    .on("error", (error) => process.stdout.write(error.code));`;
const reading = (path: string) => `
  try { require("node:fs").readFileSync(${JSON.stringify(path)}); process.stdout.write("read"); }
  catch (error) { process.stdout.write(error.code); }`;

const run = (...path: string[]) => join(dir, "run", ...path);

describe.skipIf(!IS_ROOT)("another user (skipped unless run as root, who alone can become one)", () => {
  it.each(SOCKETS)("cannot connect to %s, nor enter its directory", (socket) => {
    expect(as(NOBODY, connecting(run(socket)))).toBe("EACCES");
    expect(as(0, connecting(run(socket)))).toBe("connected");
  });

  it.each(SOCKETS)("cannot connect to %s even if its directory has been opened since", (socket) => {
    chmodSync(run(), 0o755);
    expect(as(NOBODY, connecting(run(socket)))).toBe("EACCES");
    // The attempt itself works: with the file opened, too, the same user gets in.
    chmodSync(run(socket), 0o666);
    expect(as(NOBODY, connecting(run(socket)))).toBe("connected");
  });

  it("cannot read the journal, nor take the lock's file, even with the directory opened", () => {
    chmodSync(run(), 0o755);
    chmodSync(run("journal"), 0o755);
    const [journal = ""] = readdirSync(run("journal")).filter((name) => name.endsWith(".jsonl"));
    expect(as(NOBODY, reading(run("journal", journal)))).toBe("EACCES");
    expect(as(NOBODY, reading(run(LOCK_FILE)))).toBe("EACCES");
    expect(as(0, reading(run("journal", journal)))).toBe("read");
  });

  it("cannot have prepared the directory: one of another user is refused at start", async () => {
    as(0, `require("node:fs").mkdirSync(${JSON.stringify(join(dir, "theirs"))}, 0o777)`);
    as(0, `require("node:fs").chownSync(${JSON.stringify(join(dir, "theirs"))}, ${NOBODY}, ${NOBODY})`);
    await expect(start(configFor(join(dir, "theirs")))).rejects.toThrow(/belongs to user 65534/);
  });
});
