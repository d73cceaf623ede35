/** The daemon: directory, lock, journal, engine and the two sockets, in the order that makes each safe; and the way back down. */
import { randomBytes } from "node:crypto";
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import v8 from "node:v8";
import type { Logger } from "pino";
import type { DaemonConfig } from "../config/daemon.js";
import { BATCH_SOCKET, GATE_SOCKET } from "../config/paths.js";
import type { HeldLock, LoadedEngine } from "../engine/engine.js";
import { exportSession } from "../gate/snapshot.js";
import { listFiles, repairTail } from "../journal/files.js";
import { holdPrivate, isRunning } from "../journal/private.js";
import { foldLive } from "../journal/reader.js";
import { Journal } from "../journal/writer.js";
import { Counters } from "../metrics/counters.js";
import { LIMITS } from "../protocol/codes.js";
import { SERVER } from "../version.js";
import { BatchService } from "./batch_service.js";
import { ConfigError, ensurePrivateDirectory, lockDirectory, removeSockets } from "./directory.js";
import { GateService } from "./gate_service.js";
import type { Identity } from "./hello.js";
import { Sessions } from "./sessions.js";
import { ServerSocket } from "./socket.js";
import { warmUp } from "./warm_up.js";

const GATE_HIGH_WATER_MARK = 64;
const BATCH_HIGH_WATER_MARK = 2;

export interface Daemon {
  readonly boot: string;
  /** Stops serving, writes the journal's last line and removes what was created. */
  stop(why: string): Promise<void>;
}

/**
 * Starts serving. Resolves when both sockets are bound.
 * @throws ConfigError when the directory or the journal cannot be used
 */
export async function startDaemon(
  config: DaemonConfig,
  engine: LoadedEngine,
  log: Logger,
  uid: number,
): Promise<Daemon> {
  const created = ensurePrivateDirectory(config.dir, uid);
  const locks = [lockDirectory(config.dir, engine)];
  const boot = randomBytes(8).toString("hex");
  try {
    removeSockets(config.dir);
    locks.push(lockJournal(config, engine, boot));
    return await serve(config, engine, log, boot, locks, created);
  } catch (error) {
    release(locks);
    throw error;
  }
}

async function serve(
  config: DaemonConfig,
  engine: LoadedEngine,
  log: Logger,
  boot: string,
  locks: readonly HeldLock[],
  created: boolean,
): Promise<Daemon> {
  const started_ms = Date.now();
  const counters = new Counters();
  const sessions = new Sessions(config.limits.sessions, (name) => {
    counters.add("sessions_evicted");
    log.debug({ session: name }, "session forgotten");
  });
  if (!config.private) await continueSessions(config, sessions, log);

  const journal = openJournal(config, engine, boot, nextStart(config.journal_dir, started_ms), sessions, counters, log);
  writeHead(journal, config, engine, boot, sessions);

  const identity: Identity = { server: SERVER, boot, limits: { ...LIMITS, batch_bytes: config.limits.batch_bytes } };
  const gates = new GateService({
    engine,
    sessions,
    counters,
    identity,
    private: config.private,
    clock: Date.now,
    append: (event) => journal.append(event),
    about: () => about(config, journal, started_ms),
  });
  const batches = new BatchService({ engine, counters, identity, private: config.private, ...config.limits });
  warmUp(engine, identity);

  const sockets = [
    new ServerSocket({
      path: join(config.dir, GATE_SOCKET),
      max_message_bytes: LIMITS.portfolio_bytes,
      high_water_mark: GATE_HIGH_WATER_MARK,
      counters,
      log,
      handle: (frames, reply) => reply([gates.handle(frames)]),
    }),
    new ServerSocket({
      path: join(config.dir, BATCH_SOCKET),
      max_message_bytes: config.limits.batch_bytes,
      high_water_mark: BATCH_HIGH_WATER_MARK,
      counters,
      log,
      handle: (frames, reply) => batches.handle(frames, reply),
    }),
  ];
  for (const socket of sockets) await socket.start();

  let stopping: Promise<void> | null = null;
  const stop = async (why: string): Promise<void> => {
    for (const socket of sockets) await socket.close();
    journal.append({ type: "stop", why });
    journal.close();
    removeSockets(config.dir);
    release(locks);
    if (config.private && created) rmSync(config.dir, { recursive: true, force: true });
  };
  return {
    boot,
    stop: (why) => {
      stopping ??= stop(why);
      return stopping;
    },
  };
}

/** One writer per journal directory, and any number of private daemons, each with a lock that tells others that it runs. */
function lockJournal(config: DaemonConfig, engine: LoadedEngine, boot: string): HeldLock {
  const dir = config.journal_dir;
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new ConfigError(
      `the journal directory ${dir} cannot be created (${error instanceof Error ? error.message : String(error)}): choose another with --journal-dir`,
    );
  }
  if (config.private) return holdPrivate(dir, boot, engine.tryLock);
  const lock = engine.tryLock(join(dir, "journal.lock"));
  if (lock === null) {
    throw new ConfigError(`another talebridge daemon writes its journal to ${dir}: choose another with --journal-dir`);
  }
  return lock;
}

async function continueSessions(config: DaemonConfig, sessions: Sessions, log: Logger): Promise<void> {
  for (const file of listFiles(config.journal_dir)) {
    const cut = repairTail(file.path);
    if (cut > 0) log.warn({ file: file.path, bytes: cut }, "cut an unfinished line off the journal");
  }
  const folded = await foldLive(config.journal_dir, {
    onBadLine: (file, line) => log.error({ file, line }, "not a journal line: left out"),
  });
  sessions.adopt(folded);
  if (sessions.size > 0) log.info({ sessions: sessions.size }, "live sessions continued from the journal");
}

/** Time in the names of this boot's files: after all that are there, because files are read in this order and the clock may have been set back. */
function nextStart(journal_dir: string, now_ms: number): number {
  const newest = listFiles(journal_dir).at(-1);
  return newest === undefined ? now_ms : Math.max(now_ms, newest.start_ms + 1);
}

function openJournal(
  config: DaemonConfig,
  engine: LoadedEngine,
  boot: string,
  start_ms: number,
  sessions: Sessions,
  counters: Counters,
  log: Logger,
): Journal {
  return new Journal({
    dir: config.journal_dir,
    boot,
    start_ms,
    private: config.private,
    ...config.journal,
    isRunning: (other) => isRunning(config.journal_dir, other, engine.tryLock),
    state: () => stateEvent(config, boot, sessions),
    clock: Date.now,
    onFailure: (error) => {
      counters.add("journal_failures");
      log.error(
        { err: error, dir: config.journal_dir },
        "the journal cannot be written: entries are denied until it can",
      );
    },
    onRecovery: () => log.warn({ dir: config.journal_dir }, "the journal can be written again"),
  });
}

function stateEvent(config: DaemonConfig, boot: string, sessions: Sessions) {
  // A private daemon's sessions end with it: nobody continues them.
  const kept = config.private ? [] : sessions.live();
  return {
    type: "state" as const,
    boot,
    private: config.private,
    sessions: kept.map((session) => exportSession(session.name, session.state)),
  };
}

/** The first lines. A journal that cannot be written at start is a wrong configuration. */
function writeHead(
  journal: Journal,
  config: DaemonConfig,
  engine: LoadedEngine,
  boot: string,
  sessions: Sessions,
): void {
  const head = journal.append({
    type: "boot",
    server: SERVER,
    engine_version: engine.version,
    boot,
    pid: process.pid,
    private: config.private,
  });
  const state = head.ok ? journal.append(stateEvent(config, boot, sessions)) : head;
  if (!state.ok) {
    throw new ConfigError(
      `the journal in ${config.journal_dir} cannot be written (${state.error.message}): choose another directory with --journal-dir`,
    );
  }
}

function about(config: DaemonConfig, journal: Journal, started_ms: number): Record<string, unknown> {
  const memory = process.memoryUsage();
  const young = v8.getHeapSpaceStatistics().find((space) => space.space_name === "new_space");
  return {
    pid: process.pid,
    dir: config.dir,
    private: config.private,
    uptime_s: Math.round((Date.now() - started_ms) / 1000),
    journal: { dir: config.journal_dir, seq: journal.lastSeq, failing: journal.failing },
    memory: { rss_bytes: memory.rss, heap_bytes: memory.heapUsed, young_bytes: young?.space_size ?? 0 },
  };
}

function release(locks: readonly HeldLock[]): void {
  for (const lock of locks) lock.release();
}
