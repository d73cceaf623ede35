/** What nobody planned for: errors nobody caught, a log that cannot be written, engines that panic, disks that fill up. Real processes. */
import { spawn, spawnSync } from "node:child_process";
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Daemon, MAIN } from "../../../campaigns/lib/daemon.mjs";
import { FAULTY_ADDON } from "../../../scripts/lib/paths.mjs";
import { type LoadedEngine, loadEngine } from "../../src/engine/engine.js";
import { foldJournal } from "../../src/journal/reader.js";
import { DECISION, OP, REASON, STATUS } from "../../src/protocol/codes.js";
import { Client, candles, OPEN_MS, PARAMS, question, temporaryDir, withDaemon } from "../server/harness.js";

const PATIENCE = { timeout: 180_000 };
/** The user `nobody`: root may write where it likes. */
const NOBODY = 65_534;
const is_root = process.getuid?.() === 0;

/** The engine that panics on demand; null when it is not built, or was built from other sources. */
function loadFaulty(): LoadedEngine | null {
  try {
    return loadEngine(FAULTY_ADDON);
  } catch {
    process.stderr.write("skipped: no panic in the engine: build it with `node scripts/build-faults.mjs`\n");
    return null;
  }
}
const faulty = loadFaulty();

let dir = "";
let daemon: Daemon | null = null;
beforeEach(() => {
  dir = temporaryDir();
  mkdirSync(join(dir, "run"), { mode: 0o700 });
  mkdirSync(join(dir, "journal"), { mode: 0o700 });
});
afterEach(async () => {
  await daemon?.end("SIGKILL");
  daemon = null;
  rmSync(dir, { recursive: true, force: true });
});
const run = () => join(dir, "run");
const journal = () => join(dir, "journal");

async function openBot(): Promise<{ client: Client; handle: number }> {
  const client = new Client(run());
  const handle = await client.open("bot");
  await client.ask(OP.portfolio, handle, 1, OPEN_MS, 1000, [], []);
  return { client, handle };
}

async function statusOf(client: Client): Promise<Record<string, Record<string, unknown>>> {
  const [, body] = await client.ask(OP.status);
  return Object(body);
}

describe("errors nobody caught", PATIENCE, () => {
  it("are counted and logged, and service goes on", async () => {
    const hook = join(dir, "hook.mjs");
    writeFileSync(
      hook,
      `process.on("SIGUSR2", () => {
        Promise.reject(new Error("a rejection nobody handled"));
        setTimeout(() => { throw new Error("an exception nobody caught"); }, 1);
      });`,
    );
    daemon = await Daemon.start({ dir: run(), journal: journal(), node: ["--import", hook], log: join(dir, "log") });
    const { client, handle } = await openBot();
    daemon.signal("SIGUSR2");
    while (Number((await statusOf(client)).counters?.uncaught_errors) < 2) await sleep(20);
    expect((await client.ask(OP.gate, handle, ...question())).slice(0, 2)).toEqual([STATUS.ok, DECISION.allow]);
    client.close();
    await daemon.end("SIGTERM");
    expect(daemon.child.exitCode).toBe(0);
    expect(readFileSync(join(dir, "log"), "utf8")).toContain("nobody caught");
  });
});

describe("a log that cannot be written", PATIENCE, () => {
  it.runIf(existsSync("/dev/full"))("because the disk is full does not stop anything", async () => {
    daemon = await Daemon.start({ dir: run(), journal: journal(), log: "/dev/full", log_level: "info" });
    const { client, handle } = await openBot();
    expect((await client.ask(OP.gate, handle, ...question()))[0]).toBe(STATUS.ok);
    client.close();
    await daemon.end("SIGTERM");
    expect(daemon.child.exitCode).toBe(0);
  });

  it("because nobody reads the pipe does not stop anything either", async () => {
    const child = spawn(
      process.execPath,
      [MAIN, "serve", "--dir", run(), "--journal-dir", journal(), "--log-level", "trace"],
      {
        stdio: ["ignore", "pipe", "pipe"],
      },
    );
    // Never read: a pipe holds 64 KiB.
    child.stderr.pause();
    await new Promise((resolve) => child.stdout.once("data", resolve));
    const client = new Client(run());
    for (let i = 0; i < 400; i++) {
      // Each forgets another session beyond the limit, which is a log line at this level.
      await client.open(`session ${i} ${"x".repeat(60)}`, {}, "backtest");
    }
    expect((await statusOf(client)).counters).toMatchObject({ sessions_evicted: 400 - 64 });
    client.close();
    child.kill("SIGTERM");
    const code = await new Promise((resolve) => child.once("exit", resolve));
    expect(code).toBe(0);
  });
});

describe("a panic in the engine", PATIENCE, () => {
  it.runIf(faulty !== null)(
    "is one frame's failed reply, a count and a log line; the next frame is computed",
    async () => {
      await withDaemon(
        async (own) => {
          const client = new Client(own, "batch");
          const bad = candles(700);
          // The volume at which a build with injected faults panics (engine-rs/src/fault.rs).
          bad.writeDoubleLE(6.022_140_76e23, (5 * 700 + 650) * 8);
          const ask = (block: Buffer) => client.raw(client.frame(OP.annotate, 700, 6, PARAMS), block);
          for (let i = 0; i < 5; i++) {
            expect((await ask(bad)).reply.slice(2, 4)).toEqual([STATUS.internal, expect.any(String)]);
            expect((await ask(candles(700))).reply[2]).toBe(STATUS.ok);
          }
          client.close();
          const gate = new Client(own);
          expect(Number((await statusOf(gate)).counters?.handler_errors)).toBeGreaterThanOrEqual(5);
          gate.close();
        },
        {},
        faulty ?? undefined,
      );
    },
  );
});

/** A journal that fills what it may use, denials until there is room, and then everything as before. */
async function fillAndRecover(makeRoom: () => void): Promise<void> {
  const { client, handle } = await openBot();
  let seq = 1;
  let asked = 0;
  const ask = () => client.ask(OP.gate, handle, ...question({ seq, pair: `P${asked}/X` }));
  let reply = await ask();
  while (reply[1] === DECISION.allow && asked < 20_000) {
    asked += 1;
    reply = await ask();
  }
  expect(reply.slice(0, 3)).toEqual([STATUS.ok, DECISION.deny, REASON.journal_failed]);
  expect(reply[6]).toBe(0);
  // Meanwhile it says so, takes portfolios and halts, and goes on denying.
  expect((await statusOf(client)).journal).toMatchObject({ failing: true });
  seq = 2;
  expect(await client.ask(OP.portfolio, handle, seq, OPEN_MS + 1, 900, [], [])).toEqual([STATUS.ok, 2]);
  expect((await ask()).slice(1, 3)).toEqual([DECISION.deny, REASON.journal_failed]);
  expect(await client.ask(OP.control, "bot", 2, 0, "me", "test")).toEqual([STATUS.ok, ["bot"]]);
  expect((await client.ask(OP.control, "bot", 0, 0, "me", "test"))[0]).toBe(STATUS.internal);
  makeRoom();
  // By itself, though nobody asks for an entry.
  while ((await statusOf(client)).journal?.failing === true) await sleep(50);
  expect((await ask()).slice(1, 3)).toEqual([DECISION.deny, REASON.halted]);
  expect(await client.ask(OP.control, "bot", 0, 0, "me", "test")).toEqual([STATUS.ok, ["bot"]]);
  asked += 1;
  expect((await ask()).slice(0, 2)).toEqual([STATUS.ok, DECISION.allow]);
  client.close();
  await daemon?.end("SIGKILL");
  const state = foldJournal(journal()).get("bot")?.state;
  expect([state?.seq, state?.tally.asked]).toEqual([2, asked + 1]);
}

describe("a journal with no room left", PATIENCE, () => {
  it.runIf(existsSync("/usr/bin/prlimit"))(
    "beyond the size a process may write denies entries and recovers by itself",
    async () => {
      // Files of this process may have 200 kB: the journal's own limit per file is far above.
      daemon = await Daemon.start({
        dir: run(),
        journal: journal(),
        wrapper: ["/usr/bin/prlimit", "--fsize=200000:unlimited"],
        log: "/dev/null",
      });
      const { pid } = daemon;
      await fillAndRecover(() => spawnSync("/usr/bin/prlimit", ["--fsize=unlimited:unlimited", "--pid", String(pid)]));
    },
  );

  it.runIf(is_root)("on a full disk of 1 MB denies entries and recovers by itself", async ({ skip }) => {
    const { status } = spawnSync("mount", ["-t", "tmpfs", "-o", "size=1m,mode=700", "tmpfs", journal()]);
    skip(status !== 0, "this root may not mount a tmpfs");
    try {
      daemon = await Daemon.start({ dir: run(), journal: journal(), log: "/dev/null" });
      await fillAndRecover(() => spawnSync("mount", ["-o", "remount,size=32m", journal()]));
    } finally {
      await daemon?.end("SIGKILL");
      spawnSync("umount", [journal()]);
    }
  });
});

describe("a journal directory that may not be written", PATIENCE, () => {
  it("at start is a wrong configuration, said in one sentence", () => {
    chmodSync(journal(), 0o500);
    if (is_root) for (const path of [dir, run(), journal()]) chownSync(path, NOBODY, NOBODY);
    const { status, stderr } = spawnSync(
      process.execPath,
      [MAIN, "serve", "--dir", run(), "--journal-dir", journal()],
      {
        encoding: "utf8",
        timeout: 60_000,
        ...(is_root ? { uid: NOBODY, gid: NOBODY } : {}),
      },
    );
    expect(status).toBe(2);
    expect(stderr).toContain("--journal-dir");
    expect(stderr).not.toContain("    at ");
  });

  it("later denies entries at the next new file, and recovers when it may", async () => {
    if (is_root) for (const path of [dir, run(), journal()]) chownSync(path, NOBODY, NOBODY);
    const config = join(dir, "daemon.json");
    writeFileSync(config, JSON.stringify({ journal: { max_file_bytes: 65_536, max_total_bytes: 1_048_576 } }), {
      mode: 0o644,
    });
    daemon = await Daemon.start({
      dir: run(),
      journal: journal(),
      config_file: config,
      log: "/dev/null",
      ...(is_root ? { uid: NOBODY } : {}),
    });
    chmodSync(journal(), 0o500);
    await fillAndRecover(() => chmodSync(journal(), 0o700));
  });
});

describe("several daemons at once", PATIENCE, () => {
  it("on one directory: one serves, the others end with exit code 2", async () => {
    const children = Array.from({ length: 5 }, () =>
      spawn(process.execPath, [MAIN, "serve", "--dir", run(), "--journal-dir", journal(), "--log-level", "silent"], {
        stdio: ["ignore", "ignore", "ignore"],
      }),
    );
    const codes: (number | null)[] = [];
    const ended = children.map(
      (child) => new Promise<void>((resolve) => child.once("exit", (code) => resolve(void codes.push(code)))),
    );
    while (codes.length < children.length - 1) await sleep(50);
    const { client } = await openBot();
    expect((await statusOf(client)).journal).toMatchObject({ failing: false });
    client.close();
    expect(codes).toEqual([2, 2, 2, 2]);
    for (const child of children) child.kill("SIGTERM");
    await Promise.all(ended);
  });
});
