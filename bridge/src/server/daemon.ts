/** The daemon: directory, lock, journal, engine and the ways in, in the order that makes each safe; and the way back down. */
import { randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import v8 from "node:v8";
import type { Logger } from "pino";
import type { DaemonConfig } from "../config/daemon.js";
import type { HeldLock, LoadedEngine } from "../engine/engine.js";
import { isLive } from "../gate/session.js";
import type { JournalEvent } from "../journal/lines.js";
import type { Appended, Journal } from "../journal/writer.js";
import { Counters } from "../metrics/counters.js";
import type { Facts } from "../metrics/facts.js";
import { processFacts, sessionFacts } from "../metrics/gather.js";
import { serveMetrics } from "../metrics/http.js";
import { JournalWatch } from "../metrics/journal_watch.js";
import { LoopDelay } from "../metrics/loop_delay.js";
import { LIMITS, PROTOCOL_MINOR, PROTOCOL_VERSION } from "../protocol/codes.js";
import { openDoor } from "../security/door.js";
import { SERVER, VERSION } from "../version.js";
import { openWeb } from "../web/open.js";
import { RecentDecisions } from "../web/recent.js";
import { profileRules, Viewer } from "../web/view.js";
import type { Webhook } from "../webhook/open.js";
import { BatchService } from "./batch_service.js";
import { requireOpenFiles } from "./descriptors.js";
import { ensurePrivateDirectory, lockDirectory, lockOf, removeSockets, socketsOf } from "./directory.js";
import { type Entrances, openEntrances } from "./entrances.js";
import { GateService } from "./gate_service.js";
import { summaryOf } from "./groups.js";
import type { Identity } from "./hello.js";
import { Home, identity } from "./home.js";
import { continueSessions, journalLock, lockJournal, openJournal } from "./journal.js";
import { Sessions } from "./sessions.js";
import { Sparse } from "./sparse.js";
import { warmUp } from "./warm_up.js";

export interface Daemon {
  readonly boot: string;
  /** Addresses listened on over tcp and HTTP, with the ports taken; empty when there are none. */
  readonly endpoints: Readonly<Record<string, string>>;
  /** Told of an exception nobody caught: counted and logged, and service goes on. */
  onUncaught(error: unknown): void;
  /** Stops serving, writes the journal's last line and removes what was created. */
  stop(why: string): Promise<void>;
}

/**
 * Starts serving. Resolves when all its sockets are bound.
 * @throws ConfigError when the directory or the journal cannot be used
 */
export async function startDaemon(
  config: DaemonConfig,
  engine: LoadedEngine,
  log: Logger,
  uid: number,
): Promise<Daemon> {
  requireOpenFiles();
  const created = ensurePrivateDirectory(config.dir, uid);
  const locks: Locks = { directory: lockDirectory(config.dir, engine), journal: null };
  const boot = randomBytes(8).toString("hex");
  try {
    removeSockets(config.dir);
    locks.journal = lockJournal(config, engine, boot, log);
    return await serve(config, engine, log, boot, locks, created, uid);
  } catch (error) {
    release(locks);
    throw error;
  }
}

/** Replaced when their files were deleted. */
interface Locks {
  directory: HeldLock;
  journal: HeldLock | null;
}

async function serve(
  config: DaemonConfig,
  engine: LoadedEngine,
  log: Logger,
  boot: string,
  locks: Locks,
  created: boolean,
  uid: number,
): Promise<Daemon> {
  const started_ms = performance.now();
  const endpoints: Record<string, string> = {};
  const counters = new Counters();
  const sparse = new Sparse();
  const door = config.tcp === null ? null : openDoor(config.tcp, uid, counters, log);
  const sessions = new Sessions(config.limits.sessions, ({ name, state }) => {
    counters.add("sessions_evicted");
    log.debug({ session: name }, "session forgotten");
    if (isLive(state.run_mode)) append([{ type: "forget", session: name }]);
  });
  const watch = new JournalWatch(counters.fsync_seconds);
  const parts = { config, engine, boot, sessions, counters, log, fs: watch.fs };
  if (!config.private) continueSessions(parts);
  const journal = openJournal(parts);
  const recent = config.web === null ? null : new RecentDecisions();
  const append = (events: readonly JournalEvent[]): Appended => {
    const appended = journal.appendAll(events);
    if (appended.ok) {
      watch.wrote();
      recent?.note(events, appended.seq);
    }
    return appended;
  };

  const identity: Identity = { server: SERVER, boot, limits: { ...LIMITS, batch_bytes: config.limits.batch_bytes } };
  const gates = new GateService({
    engine,
    sessions,
    counters,
    identity,
    private: config.private,
    groups: config.groups,
    clock: Date.now,
    append,
    onFailure: (error) => {
      counters.add("handler_errors");
      sparse.say("question", (left_out) => log.error({ err: error, left_out }, "a question failed"));
    },
    about: () => ({ ...about(config, journal, started_ms), web: webAddress(config, endpoints) }),
  });
  const batches = new BatchService({
    engine,
    counters,
    identity,
    private: config.private,
    groups: config.groups,
    clock: Date.now,
    onFailure: (error) => {
      counters.add("handler_errors");
      sparse.say("frame", (left_out) => log.error({ err: error, left_out }, "the engine failed on a frame"));
    },
    ...config.limits,
  });
  warmUp(engine, identity);

  const loop = new LoopDelay();
  const processed = (): Omit<Facts, "sessions"> => ({
    counters,
    build: {
      version: VERSION,
      engine: engine.version,
      simd: engine.simd,
      protocol: `${PROTOCOL_VERSION}.${PROTOCOL_MINOR}`,
      node: process.versions.node,
    },
    uptime_s: (performance.now() - started_ms) / 1000,
    batches: batches.load,
    journal: { lines: journal.lastSeq, failing: journal.failing, unsynced_s: watch.unsynced_s },
    process: processFacts(),
    loop_delay: loop.histogram,
  });
  const facts = (): Facts => ({ ...processed(), sessions: sessionFacts(sessions, config.groups, Date.now()) });
  const opened: { close(): Promise<void> }[] = [];
  const closeAll = async (): Promise<void> => {
    loop.stop();
    for (const part of opened) await part.close();
  };
  let frame_ms: number | null = null;
  let webhook: Webhook | null = null;
  const viewer =
    config.web === null && config.webhook === null
      ? null
      : new Viewer(profileRules(engine), (session) => summaryOf(sessions, config.groups, session, null));
  const failure = (kind: "web" | "alarms", what: string) => (error: unknown) => {
    counters.add("handler_errors");
    sparse.say(kind, (left_out) => log.error({ err: error, left_out }, what));
  };
  try {
    const entrances = await openEntrances({
      config,
      door,
      counters,
      log,
      answerGate: (frames) => gates.handle(frames),
      handleBatch: (frames, reply, client) => {
        frame_ms = Date.now();
        batches.handle(frames, reply, client);
      },
    });
    opened.push(entrances);
    opened.unshift(watchHome(config, engine, log, boot, locks, entrances, uid));
    Object.assign(endpoints, entrances.endpoints);
    if (config.metrics !== null) {
      const metrics = await serveMetrics(config.metrics.listen, facts);
      opened.push(metrics);
      endpoints.metrics = metrics.url;
    }
    if (config.webhook !== null && viewer !== null) {
      // Loaded only where it is wanted: it brings TLS, and start-up counts.
      const { openWebhook } = await import("../webhook/open.js");
      webhook = openWebhook({
        config: config.webhook,
        viewer,
        sessions,
        facts: processed,
        frame_ms: () => frame_ms,
        counters,
        log,
        onFailure: failure("alarms", "looking for alarms failed"),
      });
    }
    if (config.web !== null && recent !== null && viewer !== null) {
      const web = await openWeb({
        config: config.web,
        boot,
        uid,
        viewer,
        sessions,
        groups: config.groups,
        recent,
        facts: processed,
        frame_ms: () => frame_ms,
        webhook_failing: () => webhook?.failing() ?? null,
        append,
        onFailure: failure("web", "the web page's state failed"),
      });
      opened.push(web);
      endpoints.web = web.url;
    }
  } catch (error) {
    await closeAll();
    journal.close();
    throw error;
  }

  webhook?.started();
  let stopping: Promise<void> | null = null;
  const stop = async (why: string): Promise<void> => {
    await closeAll();
    journal.append({ type: "stop", why });
    journal.close();
    removeSockets(config.dir);
    await webhook?.stopped(why);
    release(locks);
    if (config.private && created) rmSync(config.dir, { recursive: true, force: true });
  };
  return {
    boot,
    endpoints,
    onUncaught: (error) => {
      counters.add("uncaught_errors");
      sparse.say("uncaught", (left_out) =>
        log.error({ err: error, left_out }, "an error nobody caught: service goes on"),
      );
    },
    stop: (why) => {
      stopping ??= stop(why);
      return stopping;
    },
  };
}

/** For `talebridge web`: where the page is, and whose token it asks for. */
function webAddress({ web }: DaemonConfig, endpoints: Readonly<Record<string, string>>): object | null {
  return web === null ? null : { url: endpoints.web ?? "", token_file: web.token_file };
}

function about(config: DaemonConfig, journal: Journal, started_ms: number): Record<string, unknown> {
  const memory = process.memoryUsage();
  const young = v8.getHeapSpaceStatistics().find((space) => space.space_name === "new_space");
  return {
    pid: process.pid,
    dir: config.dir,
    private: config.private,
    uptime_s: Math.round((performance.now() - started_ms) / 1000),
    journal: { dir: config.journal_dir, seq: journal.lastSeq, failing: journal.failing },
    memory: { rss_bytes: memory.rss, heap_bytes: memory.heapUsed, young_bytes: young?.space_size ?? 0 },
  };
}

/** A private daemon's journal lock is not looked for: its run ends sooner than anybody could mistake it. */
function watchHome(
  config: DaemonConfig,
  engine: LoadedEngine,
  log: Logger,
  boot: string,
  locks: Locks,
  entrances: Entrances,
  uid: number,
): Home {
  const lock_file = lockOf(config.dir);
  let held = identity(lock_file);
  const directory = {
    what: "the daemon's directory or what is in it",
    paths: [lock_file, ...socketsOf(config.dir, config.private)],
    async restore(): Promise<void> {
      ensurePrivateDirectory(config.dir, uid);
      if (identity(lock_file) !== held) {
        // Fails when another daemon has come to serve the directory: its sockets are left alone then.
        const lock = lockDirectory(config.dir, engine);
        held = identity(lock_file);
        locks.directory.release();
        locks.directory = lock;
      }
      removeSockets(config.dir);
      await entrances.reopen();
    },
  };
  const journal = {
    what: "the journal's directory or its lock",
    paths: [journalLock(config.journal_dir)],
    restore(): void {
      const lock = lockJournal(config, engine, boot, log);
      locks.journal?.release();
      locks.journal = lock;
    },
  };
  return new Home(config.private ? [directory] : [directory, journal], log);
}

function release({ directory, journal }: Locks): void {
  journal?.release();
  directory.release();
}
