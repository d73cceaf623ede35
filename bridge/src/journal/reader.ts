/** Reads journals back: for counting, for audits, and to continue live sessions after a restart. */
import { statSync } from "node:fs";
import { basename, dirname } from "node:path";
import type { SessionEvent } from "../gate/events.js";
import { importGroup } from "../gate/group_snapshot.js";
import { applyAll, forgetMember, type Groups } from "../gate/groups.js";
import { isLive, newSession, type SessionState } from "../gate/session.js";
import { importSession } from "../gate/snapshot.js";
import { type JournalFile, listFiles } from "./files.js";
import { isBeforeChecksums, type JournalLine, parseLine, parseUnsummed, type StateEvent } from "./lines.js";
import { splitFile } from "./split.js";

export class JournalError extends Error {
  override readonly name = "JournalError";
}

/** Something in a journal that is not as it was written. */
export interface Damage {
  readonly path: string;
  /** Counted from 1. */
  readonly line: number;
  readonly problem: string;
}

export interface ReadOptions {
  /** Told of everything that is left out or missing; without it damage is an error. Half a line at a file's end was never answered: no damage. */
  readonly onDamage?: (damage: Damage) => void;
}

/**
 * Every intact line of a journal, oldest first, each as it was written and once.
 * @param path a journal directory or one journal file
 * @throws JournalError naming file and line for damage, unless `onDamage` is given
 */
export function* readJournal(path: string, options: ReadOptions = {}): Generator<JournalLine> {
  yield* readFiles(statSync(path).isDirectory() ? listFiles(path) : [fileOf(path)], options);
}

/** A file by its path; one that was renamed counts as a boot of its own. */
function fileOf(path: string): JournalFile {
  const known = listFiles(dirname(path)).find((file) => basename(file.path) === basename(path));
  return known ?? { path, start_ms: 0, boot: path, n: 1 };
}

function* readFiles(files: readonly JournalFile[], options: ReadOptions): Generator<JournalLine> {
  /** Number of the last line read of each boot. */
  const last_seq = new Map<string, number>();
  for (const { path, boot, n } of files) {
    let parse = parseLine;
    for (const { number, bytes, whole } of splitFile(path)) {
      const report = (problem: string) => damaged({ path, line: number, problem }, options);
      if (number === 1 && bytes !== null && isBeforeChecksums(bytes)) parse = parseUnsummed;
      const line = bytes === null ? null : parse(bytes);
      if (line === null || !whole) {
        if (whole) report("is not a journal line: the file was edited or the disk is damaged");
        continue;
      }
      const last = last_seq.get(boot);
      if (last !== undefined && line.seq <= last) {
        report(`repeats line ${line.seq} of its boot, or is out of order`);
        continue;
      }
      if (last !== undefined && line.seq > last + 1) report(missing(last + 1, line.seq - 1));
      // Files are removed oldest first, so what is left of a boot may begin later than 1, but only at the beginning of a later file.
      if (last === undefined && line.seq > 1 && (n === 0 || number > 1)) report(missing(1, line.seq - 1));
      last_seq.set(boot, line.seq);
      yield line;
    }
  }
}

function missing(from: number, to: number): string {
  return from === to
    ? `comes after line ${from} of its boot, which is missing`
    : `comes after lines ${from} to ${to} of its boot, which are missing`;
}

function damaged(damage: Damage, options: ReadOptions): void {
  if (options.onDamage === undefined) throw new JournalError(`${damage.path}:${damage.line} ${damage.problem}`);
  options.onDamage(damage);
}

export interface FoldedSession {
  readonly state: SessionState;
  /** Time of the newest event, wall clock. */
  readonly last_ms: number;
}

export interface Folded {
  readonly sessions: ReadonlyMap<string, FoldedSession>;
  readonly groups: Groups;
}

/** Replays events into session states and the groups they are in. A whole run of state lines replaces all live sessions and all groups. */
export class Folder {
  readonly sessions = new Map<string, FoldedSession>();
  readonly groups: Groups = new Map();
  /** Sessions and groups in the run of state lines being read, and how many lines of it there were. */
  private listed = new Set<string>();
  private listed_groups = new Set<string>();
  private parts = 0;

  add(line: JournalLine): void {
    switch (line.type) {
      case "boot":
      case "stop":
        return;
      case "state":
        this.replace(line, line.t_ms);
        return;
      case "forget":
        this.forget(line.session);
        return;
      default:
        this.apply(line, line.t_ms);
    }
  }

  private replace(event: StateEvent, t_ms: number): void {
    if (event.part === 1) {
      this.listed = new Set();
      this.listed_groups = new Set();
      this.parts = 0;
    }
    this.parts += 1;
    for (const snapshot of event.sessions) {
      this.sessions.set(snapshot.session, { state: importSession(snapshot), last_ms: t_ms });
      this.listed.add(snapshot.session);
    }
    for (const snapshot of event.groups ?? []) {
      this.groups.set(snapshot.key, importGroup(snapshot));
      this.listed_groups.add(snapshot.key);
    }
    // Nothing is concluded from a list that is not whole, nor from a private daemon's, which knows no live sessions.
    if (event.private || event.part !== event.parts || this.parts !== event.parts) return;
    for (const [name, { state }] of this.sessions) {
      if (isLive(state.run_mode) && !this.listed.has(name)) this.sessions.delete(name);
    }
    for (const key of this.groups.keys()) if (!this.listed_groups.has(key)) this.groups.delete(key);
  }

  private forget(name: string): void {
    const known = this.sessions.get(name);
    if (known !== undefined) forgetMember(this.groups, name, known.state);
    this.sessions.delete(name);
  }

  private apply(event: SessionEvent, t_ms: number): void {
    const state = this.sessions.get(event.session)?.state ?? newSession();
    this.sessions.set(event.session, { state: applyAll(this.groups, state, event), last_ms: t_ms });
  }
}

/** Session states after the last line of a journal: e.g. each session's tally. */
export function foldJournal(path: string, options: ReadOptions = {}): Map<string, FoldedSession> {
  const folder = new Folder();
  for (const line of readJournal(path, options)) folder.add(line);
  return folder.sessions;
}

/**
 * Live sessions and their groups to continue after a restart, folded from the newest whole state on. Files of private daemons are left out.
 */
export function foldLive(dir: string, options: ReadOptions): Folded {
  const chain: JournalFile[] = [];
  for (const file of listFiles(dir).reverse()) {
    const head = headOf(file);
    if (head.private) continue;
    chain.unshift(file);
    if (head.state) break;
  }
  const folder = new Folder();
  for (const line of readFiles(chain, options)) folder.add(line);
  for (const [name, { state }] of folder.sessions) {
    if (!isLive(state.run_mode)) folder.sessions.delete(name);
  }
  return folder;
}

/** Whether a file is a private daemon's, and whether it begins with a whole state. A boot's first file has its boot line before that. */
function headOf(file: JournalFile): { readonly private: boolean; readonly state: boolean } {
  let parts = 0;
  // Damage is told when the file is read as a whole.
  for (const line of readFiles([file], { onDamage: () => undefined })) {
    if (line.type === "boot" && line.private) return { private: true, state: false };
    if (line.type === "boot") continue;
    if (line.type !== "state") break;
    if (line.private) return { private: true, state: false };
    parts += 1;
    if (line.part !== parts) break;
    if (parts === line.parts) return { private: false, state: true };
  }
  return { private: false, state: false };
}
