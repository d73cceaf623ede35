/** The daemon's journal: one writer per directory, the sessions it continues, and what is said when something is wrong with it. */
import { statSync } from "node:fs";
import { join } from "node:path";
import type { Logger } from "pino";
import type { DaemonConfig } from "../config/daemon.js";
import type { HeldLock, LoadedEngine } from "../engine/engine.js";
import { exportGroup } from "../gate/group_snapshot.js";
import { exportSession } from "../gate/snapshot.js";
import { listFiles, repairTail } from "../journal/files.js";
import { JOURNAL_FORMAT, NewerJournalError, type StateEvent } from "../journal/lines.js";
import { holdPrivate, isPrivateFile, isRunning } from "../journal/private.js";
import { foldLive } from "../journal/reader.js";
import { Journal, type JournalFs } from "../journal/writer.js";
import { makeDirectory } from "../make_directory.js";
import type { Counters } from "../metrics/counters.js";
import { SERVER } from "../version.js";
import { ConfigError } from "./directory.js";
import type { Sessions } from "./sessions.js";

/** What the journal needs of the daemon. */
export interface JournalParts {
  readonly config: DaemonConfig;
  readonly engine: LoadedEngine;
  readonly boot: string;
  readonly sessions: Sessions;
  readonly counters: Counters;
  readonly log: Logger;
  /** File operations that are watched. */
  readonly fs: JournalFs;
}

/** What keeps a second daemon from writing there. */
export const journalLock = (dir: string): string => join(dir, "journal.lock");

/** One writer per journal directory, and any number of private daemons, each with a lock that tells others that it runs. */
export function lockJournal(config: DaemonConfig, engine: LoadedEngine, boot: string, log: Logger): HeldLock {
  const dir = config.journal_dir;
  try {
    makeDirectory(dir, 0o700);
  } catch (error) {
    throw new ConfigError(
      `the journal directory ${dir} cannot be created (${messageOf(error)}): choose another with --journal-dir`,
    );
  }
  requireClosed(dir, log);
  if (config.private) return holdPrivate(dir, boot, engine.tryLock);
  let lock: HeldLock | null;
  try {
    lock = engine.tryLock(journalLock(dir));
  } catch (error) {
    throw new ConfigError(
      `the journal directory ${dir} cannot be written (${messageOf(error)}): choose another with --journal-dir`,
    );
  }
  if (lock === null) {
    throw new ConfigError(`another talebridge daemon writes its journal to ${dir}: choose another with --journal-dir`);
  }
  return lock;
}

/** What others could write there would be read as this daemon's own past. Files are 0600: who can only look sees their names. */
function requireClosed(dir: string, log: Logger): void {
  const { mode } = statSync(dir);
  const shown = (mode & 0o777).toString(8);
  if ((mode & 0o022) !== 0) {
    throw new ConfigError(
      `the journal directory ${dir} can be written by other users (mode ${shown}): chmod 700 ${dir}, or choose another with --journal-dir`,
    );
  }
  if ((mode & 0o055) !== 0)
    log.warn({ dir, mode: shown, fix: `chmod 700 ${dir}` }, "other users can look into the journal directory");
}

/**
 * Takes live sessions over from earlier boots. What is damaged is said and left out, what is intact is kept.
 * @throws ConfigError when a newer daemon wrote the journal
 */
export function continueSessions(parts: JournalParts): void {
  try {
    foldSessions(parts);
  } catch (error) {
    if (!(error instanceof NewerJournalError)) throw error;
    throw new ConfigError(
      `${parts.config.journal_dir}: ${error.message}: install the version that wrote it again, or choose another directory with --journal-dir`,
    );
  }
}

function foldSessions({ config, sessions, counters, log }: JournalParts): void {
  const files = listFiles(config.journal_dir);
  files.forEach((file, i) => {
    // Only a boot's last file can end in half a line; a private daemon may be writing its own at this moment.
    if (files[i + 1]?.boot === file.boot || isPrivateFile(file.path)) return;
    const cut = repairTail(file.path);
    if (cut > 0) log.warn({ file: file.path, bytes: cut }, "cut an unfinished line off the journal");
  });
  const folded = foldLive(config.journal_dir, {
    onDamage: ({ path, line, problem }) => {
      counters.add("journal_damage");
      log.error({ file: path, line, problem }, "the journal is damaged: what is intact is kept");
    },
  });
  const left_out = sessions.adopt(folded);
  if (left_out.length > 0) {
    log.error(
      { sessions: left_out },
      "more live sessions in the journal than limits.sessions: the oldest are forgotten",
    );
  }
  if (sessions.size > 0) log.info({ sessions: sessions.size }, "live sessions continued from the journal");
}

/**
 * Opens the journal and writes its first lines.
 * @throws ConfigError when it cannot be written: at start that is a wrong configuration
 */
export function openJournal(parts: JournalParts): Journal {
  const { config, engine, boot, counters, log } = parts;
  const dir = config.journal_dir;
  const journal = new Journal({
    dir,
    boot,
    start_ms: nextStart(dir, Date.now()),
    private: config.private,
    ...config.journal,
    fs: parts.fs,
    isRunning: (other) => isRunning(dir, other, engine.tryLock),
    state: () => stateEvents(parts),
    clock: Date.now,
    monotonic: () => performance.now(),
    onFailure: (error) => {
      counters.add("journal_failures");
      log.error({ err: error, dir }, "the journal cannot be written: entries are denied until it can");
    },
    onRecovery: () => log.warn({ dir }, "the journal can be written again"),
    onUpkeepFailure: (error) => {
      counters.add("journal_upkeep_failures");
      log.error({ err: error, dir }, "old journal files could not be removed: the journal goes on growing");
    },
  });
  const pid = process.pid;
  const head = {
    type: "boot",
    format: JOURNAL_FORMAT,
    server: SERVER,
    engine_version: engine.version,
    boot,
    pid,
  } as const;
  for (const event of [{ ...head, private: config.private }, ...stateEvents(parts)]) {
    const appended = journal.append(event);
    if (appended.ok) continue;
    journal.close();
    throw new ConfigError(
      `the journal in ${dir} cannot be written (${appended.error.message}): choose another directory with --journal-dir`,
    );
  }
  return journal;
}

/** Time in the names of this boot's files: after all that are there, because files are read in this order and the clock may have been set back. */
function nextStart(journal_dir: string, now_ms: number): number {
  const newest = listFiles(journal_dir).at(-1);
  return newest === undefined ? now_ms : Math.max(now_ms, newest.start_ms + 1);
}

/** Everything that the next boot continues, as it stands. */
export function stateEvents({
  config,
  boot,
  sessions,
}: {
  readonly config: Pick<DaemonConfig, "private">;
  readonly boot: string;
  readonly sessions: Sessions;
}): StateEvent[] {
  // A private daemon's sessions end with it: nobody continues them.
  const kept = config.private ? [] : sessions.live().map(({ name, state }) => exportSession(name, state));
  const groups = config.private ? [] : [...sessions.groups].map(([key, group]) => exportGroup(key, group));
  const parts = Math.max(1, kept.length + groups.length);
  return Array.from({ length: parts }, (_, i) => {
    const group = groups[i - kept.length];
    const head = { type: "state", format: JOURNAL_FORMAT, boot, private: config.private, part: i + 1, parts } as const;
    return { ...head, sessions: kept.slice(i, i + 1), ...(group === undefined ? {} : { groups: [group] }) };
  });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
