import * as nodeFs from "node:fs";
import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { loadEngine } from "../../src/engine/engine.js";
import { type ControlEvent, gateEvent, type PortfolioEvent, type SessionEvent } from "../../src/gate/events.js";
import { gate } from "../../src/gate/gate.js";
import { applyEvent, newSession, type SessionState } from "../../src/gate/session.js";
import { exportSession, importSession } from "../../src/gate/snapshot.js";
import { RETRY_MS } from "../../src/journal/backoff.js";
import { fileName, listFiles, repairTail } from "../../src/journal/files.js";
import type { JournalEvent, JournalLine, StateEvent } from "../../src/journal/lines.js";
import { parseLine } from "../../src/journal/lines.js";
import { holdPrivate, isRunning } from "../../src/journal/private.js";
import { type Damage, foldJournal, foldLive, JournalError, readJournal } from "../../src/journal/reader.js";
import {
  Journal,
  type JournalFs,
  type JournalOptions,
  MAX_FILE_MS,
  RECOVER_MS,
  SYNC_AFTER_MS,
} from "../../src/journal/writer.js";
import { FIXED } from "../../src/limits.js";
import { REASON } from "../../src/protocol/codes.js";
import { NOW_MS, policy, request } from "../gate/fixture.js";
import { formatLine, sealJson } from "./written.js";

const engine = loadEngine();
let dir = "";
/** Time that passes between any two looks at it, so that what failed is tried again at once. */
let passed_ms = 0;
const passing = () => {
  passed_ms += RETRY_MS;
  return passed_ms;
};
beforeEach(() => {
  passed_ms = 0;
  dir = mkdtempSync(join(tmpdir(), "talebridge-journal-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const stateOf = (...sessions: StateEvent["sessions"]): StateEvent => ({
  type: "state",
  boot: "b",
  private: false,
  part: 1,
  parts: 1,
  sessions,
});

function journal(over: Partial<JournalOptions> = {}): Journal {
  return new Journal({
    dir,
    boot: "b",
    start_ms: 1,
    private: false,
    max_file_bytes: 1 << 20,
    max_total_bytes: 1 << 30,
    isRunning: () => false,
    max_age_days: null,
    state: () => [stateOf()],
    clock: () => 1_000,
    monotonic: passing,
    onFailure: () => undefined,
    onRecovery: () => undefined,
    onUpkeepFailure: () => undefined,
    ...over,
  });
}

const control = (why: string, session = "s"): ControlEvent => ({
  type: "control",
  session,
  status: "ACTIVE",
  until_ms: null,
  by: "me",
  why,
});

const lines = (path = dir): JournalLine[] => [...readJournal(path)];

const whys = (all: readonly JournalLine[]) => all.flatMap((line) => (line.type === "control" ? [line.why] : []));

/** What a daemon would have journalled for a session with a little of everything. */
function history(state: SessionState): SessionEvent[] {
  const events: SessionEvent[] = [];
  const apply = (event: SessionEvent) => {
    events.push(event);
    applyEvent(state, event);
  };
  const portfolio = (snapshot_seq: number, at_ms: number, equity: number): PortfolioEvent => ({
    type: "portfolio",
    session: "s",
    snapshot_seq,
    at_ms,
    equity,
    samples: [[at_ms - 10, equity + 5]],
    positions: [["CCC/BBB", "short", 12.5, 2, "pending"]],
    closes: { step_s: 3600, keep: 82, rows: [["CCC/BBB", at_ms - (at_ms % 3_600_000), [1.5, null, equity / 100]]] },
  });
  apply({
    type: "hello",
    session: "s",
    run_mode: "live",
    client: "c",
    settings: { profile: "extreme" },
    fingerprint: "f",
  });
  apply({ type: "rebase", session: "s", at_ms: NOW_MS - 2 * 86_400_000, by: "me", why: "test" });
  apply(portfolio(1, NOW_MS - 86_400_000, 1000));
  apply(portfolio(2, NOW_MS, 990));
  apply({ type: "control", session: "s", status: "REDUCING", until_ms: NOW_MS - 1, by: "me", why: "test" });
  const limits = { max_drawdown: 0.5, max_daily_loss: null, max_entries: 9 };
  apply({ type: "override", session: "s", limits, until_ms: NOW_MS + 1, by: "me", why: "test" });
  apply({ type: "lift", session: "s", limits: ["max_entries"], by: "me", why: "test" });
  for (const over of [
    {},
    { candle_size: 0.5, candle_reason: REASON.jump, candle_value: 5 },
    { pair: "CCC/BBB", stake: Number.NaN },
    { pair: "DDD/BBB", candle_size: 0.25, candle_reason: REASON.tail },
  ]) {
    const question = request(over);
    apply(gateEvent("s", state.seq, question, gate(state, policy(), question)));
  }
  return events;
}

describe("writing and reading", () => {
  it("gives back every event, numbered from 1, before append returns", async () => {
    const events = history(newSession("live"));
    const made = journal();
    events.forEach((event, i) => {
      expect(made.append(event)).toEqual({ ok: true, seq: i + 1 });
      expect(readFileSync(join(dir, fileName(1, "b", 0)), "utf8").split("\n")).toHaveLength(i + 2);
    });
    expect(lines()).toEqual(events.map((event, i) => ({ seq: i + 1, t_ms: 1_000, ...event })));
    made.close();
  });

  it("makes files only their owner can read", () => {
    journal().append(control("x"));
    expect(statSync(join(dir, fileName(1, "b", 0))).mode & 0o777).toBe(0o600);
  });

  it("orders files by start, boot and number, and ignores others", () => {
    for (const name of [
      "journal-2-a-0.jsonl",
      "journal-1-b-10.jsonl",
      "journal-1-b-9.jsonl",
      "notes.txt",
      "journal-x-b-1.jsonl",
    ]) {
      writeFileSync(join(dir, name), "");
    }
    expect(listFiles(dir).map((file) => [file.start_ms, file.n])).toEqual([
      [1, 9],
      [1, 10],
      [2, 0],
    ]);
  });
});

describe("a session read back", () => {
  it("is the session that was written, by folding and by snapshot", async () => {
    const live = newSession("live");
    const made = journal();
    for (const event of history(live)) made.append(event);
    const folded = foldJournal(dir).get("s")?.state;
    expect(folded).toEqual(live);
    expect(importSession(JSON.parse(JSON.stringify(exportSession("s", live))))).toEqual(live);
    expect(live.tally).toMatchObject({ asked: 3, allowed: 0, reduced: 2, denied: 1 });
  });

  it("continues from a state line without the files before it", async () => {
    const live = newSession("live");
    const events = history(live);
    const made = journal({
      max_file_bytes: 900,
      state: () => [stateOf(exportSession("s", live))],
    });
    made.append({ type: "boot", server: "t/0", engine_version: "0", boot: "b", pid: 1, private: false });
    made.append(stateOf());
    const replayed = newSession("live");
    // The journal is written before the state changes, as the daemon does it.
    Object.assign(live, newSession("live"));
    for (const event of events) {
      made.append(event);
      applyEvent(live, event);
      applyEvent(replayed, event);
    }
    const files = listFiles(dir);
    expect(files.length).toBeGreaterThan(2);
    for (const file of files.slice(0, -1)) rmSync(file.path);
    expect(foldLive(dir, {}).sessions.get("s")?.state).toEqual(replayed);
  });

  it("is not continued when it was not live, or another's private one", async () => {
    const made = journal();
    made.append({ ...(history(newSession("live"))[0] as SessionEvent), session: "bot" } as SessionEvent);
    made.append({ type: "hello", session: "bt", run_mode: "backtest", client: "c", settings: {}, fingerprint: "f" });
    const other = journal({ boot: "p", start_ms: 2, private: true });
    other.append({ type: "boot", server: "t/0", engine_version: "0", boot: "p", pid: 1, private: true });
    other.append({ ...stateOf(), private: true });
    other.append({ type: "hello", session: "mine", run_mode: "live", client: "c", settings: {}, fingerprint: "f" });
    expect([...foldLive(dir, {}).sessions.keys()]).toEqual(["bot"]);
  });
});

describe("a crash", () => {
  const path = () => join(dir, fileName(1, "b", 0));

  it("leaves a torn last line that readers pass over and repair cuts", async () => {
    const made = journal();
    made.append(control("a"));
    made.append(control("b"));
    made.close();
    const whole = statSync(path()).size;
    appendFileSync(path(), '{"seq":3,"t_ms":1,"type":"con');
    expect(whys(lines())).toEqual(["a", "b"]);
    expect(repairTail(path())).toBeGreaterThan(0);
    expect(statSync(path()).size).toBe(whole);
    expect(repairTail(path())).toBe(0);
  });

  it("may leave zeros after a power cut", async () => {
    const made = journal();
    made.append(control("a"));
    made.close();
    const whole = statSync(path()).size;
    appendFileSync(path(), Buffer.concat([Buffer.alloc(5000), Buffer.from("\n"), Buffer.alloc(100)]));
    expect(repairTail(path())).toBe(5101);
    expect(statSync(path()).size).toBe(whole);
  });

  it("is told from damage in the middle, which is an error with file and line", async () => {
    const made = journal();
    made.append(control("a"));
    appendFileSync(path(), "garbage\n");
    made.append(control("b"));
    expect(() => lines()).toThrow(JournalError);
    expect(() => lines()).toThrow(`${path()}:2`);
    const bad: Damage[] = [];
    const found = [...readJournal(dir, { onDamage: (damage) => bad.push(damage) })];
    expect(bad).toEqual([{ path: path(), line: 2, problem: expect.stringContaining("not a journal line") }]);
    expect(whys(found)).toEqual(["a", "b"]);
  });
});

describe("lines", () => {
  const event = history(newSession("live"));
  const text = (value: object) => JSON.stringify({ seq: 1, t_ms: 1, ...value });
  const parsed = (json: string) => parseLine(Buffer.from(sealJson(json)));

  it.each([
    ["not JSON", "{"],
    ["a number", "1"],
    ["null", "null"],
    ["of no type", text({})],
    ["of an unknown type", text({ type: "party" })],
    ["of a type every object has", text({ type: "constructor" })],
    ["without a number", JSON.stringify({ t_ms: 1, ...control("x") })],
    ["with an unknown reason", text({ ...event.at(-1), reason: "moon" })],
    ["with an equity of text", text({ ...event[2], equity: "1000" })],
    ["with a position of five texts", text({ ...event[2], positions: [["a", "b", "c", "d", "e"]] })],
  ])("are refused: %s", (_, line) => {
    expect(parsed(line)).toBeNull();
  });

  it("are taken when whole, with fields a later version added", () => {
    for (const one of event) expect(parsed(text({ ...one, later: 1 }))).not.toBeNull();
  });
});

describe("the disk", () => {
  it("has every line within a second, one sync at a time", () => {
    vi.useFakeTimers();
    try {
      const pending: (() => void)[] = [];
      let running = 0;
      let most = 0;
      const fs: JournalFs = {
        ...nodeFs,
        fsync: ((_: number, done: (error: NodeJS.ErrnoException | null) => void) => {
          running += 1;
          most = Math.max(most, running);
          pending.push(() => {
            running -= 1;
            done(null);
          });
        }) as typeof nodeFs.fsync,
      };
      expect(SYNC_AFTER_MS).toBeLessThan(1000);
      const made = journal({ fs });
      made.append(control("a"));
      expect(pending).toHaveLength(0);
      vi.advanceTimersByTime(SYNC_AFTER_MS);
      expect(pending).toHaveLength(1);
      // Lines that come while the disk is slow are in the next sync, which begins when this one has ended.
      made.append(control("b"));
      vi.advanceTimersByTime(10 * SYNC_AFTER_MS);
      expect(pending).toHaveLength(1);
      pending.shift()?.();
      vi.advanceTimersByTime(SYNC_AFTER_MS);
      expect(pending).toHaveLength(1);
      pending.shift()?.();
      vi.advanceTimersByTime(10 * SYNC_AFTER_MS);
      expect([pending.length, most]).toEqual([0, 1]);
      made.close();
    } finally {
      vi.useRealTimers();
    }
  });
});

describe("age", () => {
  it("closes a file after a day, so that a year of quiet days is many short files within their limit", () => {
    const DAY = 86_400_000;
    let now_ms = 0;
    // A file's time is that of its last line, as on a real disk, but of this clock.
    const fs: JournalFs = {
      ...nodeFs,
      fsyncSync: () => undefined,
      writeSync: ((fd: number, data: Buffer, offset: number, length: number) => {
        const written = nodeFs.writeSync(fd, data, offset, length);
        nodeFs.futimesSync(fd, now_ms / 1000, now_ms / 1000);
        return written;
      }) as typeof nodeFs.writeSync,
    };
    const live = newSession("live");
    const made = journal({
      fs,
      max_age_days: 30,
      clock: () => now_ms,
      monotonic: () => now_ms,
      state: () => [stateOf(exportSession("s", live))],
    });
    for (let hour = 0; hour < 366 * 24; hour += 6) {
      now_ms = hour * 3_600_000;
      const event: PortfolioEvent = {
        type: "portfolio",
        session: "s",
        snapshot_seq: hour + 1,
        at_ms: now_ms,
        equity: 5000 - hour / 10,
        samples: [[now_ms, 5000 - hour / 10]],
        positions: [],
      };
      made.append(event);
      applyEvent(live, event);
    }
    made.close();
    const files = listFiles(dir);
    expect(files.length).toBeGreaterThan(28);
    expect(files.length).toBeLessThanOrEqual(32);
    expect(files.at(-1)?.n).toBeGreaterThanOrEqual(Math.floor((366 * DAY) / MAX_FILE_MS) - 1);
    // High-water marks far older than any file are still known.
    expect(foldLive(dir, {}).sessions.get("s")?.state).toStrictEqual(live);
    expect(live.equity.peaks.length).toBeGreaterThan(1000);
  });
});

describe("a clock that steps", () => {
  it("changes neither the order of lines nor when files are closed, and back removes nothing", () => {
    let wall_ms = Date.now();
    let passed = 0;
    const made = journal({ clock: () => wall_ms, monotonic: () => passed, max_age_days: 1 });
    made.append(control("before"));
    wall_ms -= 400 * 86_400_000;
    made.append(control("a year back"));
    passed += MAX_FILE_MS;
    made.append(control("the next day"));
    wall_ms += 400 * 86_400_000;
    made.append(control("set right"));
    made.close();
    expect(listFiles(dir)).toHaveLength(2);
    expect(whys(lines())).toEqual(["before", "a year back", "the next day", "set right"]);
  });
});

describe("size", () => {
  it("is limited per file and in total; the newest stays", async () => {
    const made = journal({ max_file_bytes: 2_000, max_total_bytes: 8_000 });
    for (let i = 0; i < 400; i++) made.append(control(`line ${i}`.padEnd(100, ".")));
    const files = listFiles(dir);
    const total = files.reduce((sum, file) => sum + statSync(file.path).size, 0);
    expect(total).toBeLessThanOrEqual(8_000);
    expect(files.length).toBeGreaterThan(1);
    const all = lines();
    expect(whys(all).at(-1)).toContain("line 399");
    expect(all.at(-1)?.seq).toBe(made.lastSeq);
    for (const file of files.slice(1)) expect(lines(file.path)[0]?.type).toBe("state");
  });

  it("counts lines, not the state at a file's head, so that a large state does not begin a file for every line", () => {
    const live = newSession("live");
    for (const event of history(live)) applyEvent(live, event);
    const state = () => Array.from({ length: 20 }, () => stateOf(exportSession("s", live)));
    const made = journal({ max_file_bytes: 2_000, state });
    for (let i = 0; i < 60; i++) made.append(control("x".repeat(100)));
    expect(statSync(listFiles(dir)[1]?.path ?? "").size).toBeGreaterThan(10_000);
    expect(listFiles(dir).length).toBeLessThan(10);
    expect(whys(lines())).toHaveLength(60);
    made.close();
  });

  /** A directory with 50 kB each of a live daemon, of a private one that runs, and of two that ended. */
  function crowded(): () => string[] {
    const write = (start_ms: number, boot: string, is_private: boolean, first: "boot" | "state") => {
      const head = { server: "t/0", engine_version: "0", boot, pid: 1, private: is_private };
      const state = { ...stateOf(), boot, private: is_private };
      const line = formatLine(1, 1, first === "boot" ? { type: "boot", ...head } : state);
      writeFileSync(join(dir, fileName(start_ms, boot, 0)), `${line}${"x".repeat(50_000)}\n`);
    };
    write(0, "live", false, "boot");
    write(1, "running", true, "boot");
    write(2, "ended", true, "boot");
    write(3, "rotated", true, "state");
    return () => [...new Set(listFiles(dir).map((file) => file.boot))];
  }
  const limits = { boot: "mine", start_ms: 9, max_file_bytes: 2_000, isRunning: (boot: string) => boot === "running" };

  it("is kept by private daemons, too: the oldest files of ended private runs go, and no others", () => {
    const boots = crowded();
    const made = journal({ ...limits, max_total_bytes: 152_500, private: true });
    made.append(control("x"));
    expect(boots()).toEqual(["live", "running", "rotated", "mine"]);
    made.close();
    const strict = journal({ ...limits, start_ms: 10, max_total_bytes: 8_000, private: true });
    for (let i = 0; i < 200; i++) strict.append(control("x".repeat(100)));
    expect(boots()).toEqual(["live", "running", "mine"]);
  });

  it("is kept by a live daemon without the files of running private ones", () => {
    const boots = crowded();
    journal({ ...limits, max_total_bytes: 8_000 }).append(control("x"));
    expect(boots()).toEqual(["running", "mine"]);
  });

  it("is kept by several at once: a file another one has just removed is no failure", () => {
    const boots = crowded();
    const fs: JournalFs = {
      ...nodeFs,
      unlinkSync: (path) => {
        nodeFs.unlinkSync(path);
        nodeFs.unlinkSync(path);
      },
    };
    const made = journal({ ...limits, max_total_bytes: 8_000, private: true, fs });
    expect(made.append(control("x"))).toEqual({ ok: true, seq: 1 });
    expect(boots()).toEqual(["live", "running", "mine"]);
  });
});

describe("a private daemon's lock", () => {
  const files = () => nodeFs.readdirSync(dir);

  it("tells a running boot from an ended one and leaves nothing behind", () => {
    const held = holdPrivate(dir, "b", engine.tryLock);
    expect(isRunning(dir, "b", engine.tryLock)).toBe(true);
    held.release();
    expect(isRunning(dir, "b", engine.tryLock)).toBe(false);
    expect(files()).toEqual([]);
  });

  it("is removed for a killed one", () => {
    writeFileSync(join(dir, "private-b.lock"), "");
    expect(isRunning(dir, "b", engine.tryLock)).toBe(false);
    expect(files()).toEqual([]);
  });
});

describe("a disk that fails", () => {
  /** node:fs, with writes that fail while `broken` is set, after letting some bytes through. */
  function failing(code: string, let_through = 0) {
    const control_panel = { broken: false, truncate_fails: false };
    const error = () => Object.assign(new Error(`${code}: write`), { code });
    const fs: JournalFs = {
      ...nodeFs,
      openSync: ((...args: Parameters<typeof nodeFs.openSync>) => {
        if (control_panel.broken && code === "EROFS") throw error();
        return nodeFs.openSync(...args);
      }) as typeof nodeFs.openSync,
      writeSync: ((fd: number, data: Buffer, offset: number, length: number) => {
        if (!control_panel.broken) return nodeFs.writeSync(fd, data, offset, length);
        if (offset < let_through) return nodeFs.writeSync(fd, data, offset, Math.min(length, let_through - offset));
        throw error();
      }) as typeof nodeFs.writeSync,
      ftruncateSync: (fd: number, length?: number) => {
        if (control_panel.truncate_fails) throw error();
        nodeFs.ftruncateSync(fd, length);
      },
    };
    return { control_panel, fs };
  }

  it.each([0, 20])(
    "says so while it lasts, recovers by itself and writes the state first (%i bytes came through)",
    async (bytes) => {
      const { control_panel, fs } = failing("ENOSPC", bytes);
      const seen: string[] = [];
      const made = journal({
        fs,
        onFailure: (error) => seen.push(error.message),
        onRecovery: () => seen.push("recovered"),
      });
      made.append(control("a"));
      control_panel.broken = true;
      expect(made.append(control("lost"))).toMatchObject({ ok: false, error: { code: "ENOSPC" } });
      expect(made.append(control("lost")).ok).toBe(false);
      expect(made.failing).toBe(true);
      control_panel.broken = false;
      expect(made.append(control("b"))).toEqual({ ok: true, seq: 3 });
      expect(made.failing).toBe(false);
      expect(seen).toEqual(["ENOSPC: write", "recovered"]);
      expect(lines().map((line) => line.type)).toEqual(["control", "state", "control"]);
      expect(whys(lines())).toEqual(["a", "b"]);
    },
  );

  it("is tried again after a while, not by every question: each try writes the whole state", () => {
    const { control_panel, fs } = failing("ENOSPC");
    let now = 0;
    let states = 0;
    const state = () => {
      states += 1;
      return [stateOf()];
    };
    const made = journal({ fs, state, monotonic: () => now });
    control_panel.broken = true;
    for (let i = 0; i < 50; i++)
      expect(made.append(control("lost"))).toMatchObject({ ok: false, error: { code: "ENOSPC" } });
    expect(states).toBe(0);
    now += RETRY_MS;
    for (let i = 0; i < 50; i++) expect(made.append(control("lost")).ok).toBe(false);
    expect(states).toBe(1);
    control_panel.broken = false;
    expect(made.append(control("lost")).ok).toBe(false);
    now += RETRY_MS;
    expect(made.append(control("b")).ok).toBe(true);
    made.close();
  });

  it("is found well again though nobody asks, and holds what changed meanwhile", () => {
    vi.useFakeTimers();
    try {
      const { control_panel, fs } = failing("ENOSPC");
      const live = newSession("live");
      const seen: string[] = [];
      const made = journal({
        fs,
        state: () => [stateOf(exportSession("s", live))],
        onFailure: () => seen.push("failed"),
        onRecovery: () => seen.push("recovered"),
      });
      made.append(control("a"));
      control_panel.broken = true;
      const halt: ControlEvent = { ...control("halt"), status: "HALTED" };
      expect(made.append(halt).ok).toBe(false);
      applyEvent(live, halt);
      vi.advanceTimersByTime(3 * RECOVER_MS);
      expect(seen).toEqual(["failed"]);
      control_panel.broken = false;
      vi.advanceTimersByTime(RECOVER_MS);
      expect(seen).toEqual(["failed", "recovered"]);
      expect(made.failing).toBe(false);
      expect(foldJournal(dir).get("s")?.state.manual.status).toBe("HALTED");
      made.close();
    } finally {
      vi.useRealTimers();
    }
  });

  it("is not opened again after a close that failed to sync", () => {
    vi.useFakeTimers();
    try {
      const opened: unknown[] = [];
      const fs: JournalFs = {
        ...nodeFs,
        openSync: ((path: string, ...rest: [string, number]) => {
          opened.push(path);
          return nodeFs.openSync(path, ...rest);
        }) as typeof nodeFs.openSync,
        fsyncSync: () => {
          if (opened.length > 2) throw Object.assign(new Error("EIO: fsync"), { code: "EIO" });
        },
      };
      const made = journal({ fs });
      expect(made.append(control("a")).ok).toBe(true);
      opened.push("what follows fails");
      made.close();
      vi.advanceTimersByTime(3 * RECOVER_MS);
      expect(opened).toEqual([join(dir, fileName(1, "b", 0)), dir, "what follows fails"]);
    } finally {
      vi.useRealTimers();
    }
  });

  it("does not go on in a file somebody has removed", async () => {
    const made = journal();
    made.append(control("a"));
    rmSync(join(dir, fileName(1, "b", 0)));
    await new Promise((resolve) => setTimeout(resolve, 2 * SYNC_AFTER_MS));
    expect(made.failing).toBe(true);
    expect(made.append(control("b")).ok).toBe(true);
    expect(lines().map((line) => line.type)).toEqual(["state", "control"]);
    made.close();
  });

  it("that cannot remove old files goes on writing, and says so", () => {
    const seen: string[] = [];
    const fs: JournalFs = {
      ...nodeFs,
      unlinkSync: () => {
        throw Object.assign(new Error("EPERM: unlink"), { code: "EPERM" });
      },
    };
    const made = journal({
      fs,
      max_file_bytes: 1_000,
      max_total_bytes: 3_000,
      onUpkeepFailure: (error) => seen.push(error.message),
    });
    for (let i = 0; i < 50; i++) expect(made.append(control("x".repeat(100))).ok).toBe(true);
    expect(seen.length).toBeGreaterThan(3);
    expect(whys(lines())).toHaveLength(50);
    made.close();
  });

  it("takes a new file when half a line cannot be taken back", async () => {
    const { control_panel, fs } = failing("EIO", 20);
    const made = journal({ fs });
    made.append(control("a"));
    control_panel.broken = true;
    control_panel.truncate_fails = true;
    expect(made.append(control("lost")).ok).toBe(false);
    control_panel.broken = false;
    expect(made.append(control("b")).ok).toBe(true);
    expect(listFiles(dir)).toHaveLength(2);
    expect(whys(lines())).toEqual(["a", "b"]);
  });

  it("is asked again for a new file when it is read-only", async () => {
    const { control_panel, fs } = failing("EROFS");
    const made = journal({ fs, max_file_bytes: 100 });
    made.append(control("a".repeat(100)));
    control_panel.broken = true;
    expect(made.append(control("lost")).ok).toBe(false);
    expect(made.append(control("lost")).ok).toBe(false);
    control_panel.broken = false;
    expect(made.append(control("b")).ok).toBe(true);
    expect(whys(lines())).toEqual(["a".repeat(100), "b"]);
  });

  it("is not trusted further after a failed sync", async () => {
    let failed: Promise<void> = Promise.resolve();
    const fs: JournalFs = {
      ...nodeFs,
      fsync: ((_: number, done: (error: NodeJS.ErrnoException | null) => void) => {
        failed = Promise.resolve().then(() => done(new Error("EIO: fsync")));
      }) as typeof nodeFs.fsync,
    };
    let resolveFailure: () => void = () => undefined;
    const noticed = new Promise<void>((resolve) => {
      resolveFailure = resolve;
    });
    const made = journal({ fs, onFailure: () => resolveFailure() });
    made.append(control("a"));
    await noticed;
    await failed;
    expect(made.failing).toBe(true);
    expect(made.append(control("b")).ok).toBe(true);
    expect(listFiles(dir)).toHaveLength(2);
    expect(lines(listFiles(dir)[1]?.path).map((line) => line.type)).toEqual(["state", "control"]);
  });
});

describe("a disk that takes lines but cannot sync them", () => {
  it("gets new files at ever longer intervals, and is believed again only when it has synced", () => {
    vi.useFakeTimers();
    try {
      let now_ms = 0;
      let broken = false;
      const broke = () => Object.assign(new Error("EIO: fsync"), { code: "EIO" });
      const fs: JournalFs = {
        ...nodeFs,
        fsync: ((_: number, done: (error: NodeJS.ErrnoException | null) => void) => {
          done(broken ? broke() : null);
        }) as typeof nodeFs.fsync,
        fsyncSync: (fd) => {
          if (broken && !nodeFs.fstatSync(fd).isDirectory()) throw broke();
        },
      };
      const made = journal({ fs, monotonic: () => now_ms });
      const pass = (ms: number) => {
        for (let i = 0; i < ms; i += 50) {
          now_ms += 50;
          vi.advanceTimersByTime(50);
        }
      };
      made.append(control("a"));
      broken = true;
      pass(SYNC_AFTER_MS);
      expect(made.failing).toBe(true);
      const answers = new Set<boolean>();
      const filesIn = (ms: number) => {
        const before = listFiles(dir).length;
        // Asked all the while, as by a bot that goes on.
        for (let i = 0; i < ms; i += 50) {
          answers.add(made.append(control("lost")).ok);
          pass(50);
        }
        return listFiles(dir).length - before;
      };
      const first_minute = filesIn(60_000);
      filesIn(480_000);
      const tenth_minute = filesIn(60_000);
      expect([...answers]).toEqual([false]);
      expect(first_minute).toBeLessThanOrEqual(10);
      expect(tenth_minute).toBe(60_000 / FIXED.journal_retry_ms);
      broken = false;
      pass(FIXED.journal_retry_ms);
      expect([made.failing, made.append(control("b")).ok]).toEqual([false, true]);
      expect(whys(lines(listFiles(dir).at(-1)?.path))).toEqual(["b"]);
      made.close();
    } finally {
      vi.useRealTimers();
    }
  });
});

describe("tallies", () => {
  it("are the sessions' own, one by one", async () => {
    const made = journal();
    const events: JournalEvent[] = history(newSession("live"));
    for (const event of events) made.append(event);
    for (const event of events) made.append({ ...event, session: "other" } as JournalEvent);
    const folded = foldJournal(dir);
    expect([...folded.keys()]).toEqual(["s", "other"]);
    expect(folded.get("other")?.state.tally).toEqual(folded.get("s")?.state.tally);
    expect(Object.fromEntries(folded.get("s")?.state.tally.by_reason ?? [])).toEqual({
      jump: 1,
      bad_stake: 1,
      tail: 1,
    });
  });
});
