/** Reads journals back: for the replay, for counting, and to continue live sessions after a restart. */
import { createReadStream, statSync } from "node:fs";
import { createInterface } from "node:readline";
import type { SessionEvent } from "../gate/events.js";
import { applyEvent, isLive, newSession, type SessionState } from "../gate/session.js";
import { importSession } from "../gate/snapshot.js";
import { type JournalFile, listFiles } from "./files.js";
import { type JournalLine, parseLine } from "./lines.js";

export class JournalError extends Error {
  override readonly name = "JournalError";
}

export interface ReadOptions {
  /** Called for a line that is not one; without it such a line, except a file's torn last one, is an error. */
  readonly onBadLine?: (path: string, line: number) => void;
}

/**
 * Every line of a journal, oldest first.
 * @param path a journal directory or one journal file
 * @throws JournalError naming file and line for a line that is not valid and not a file's last
 */
export async function* readJournal(path: string, options: ReadOptions = {}): AsyncGenerator<JournalLine> {
  const paths = statSync(path).isDirectory() ? listFiles(path).map((file) => file.path) : [path];
  for (const file of paths) yield* readFile(file, options);
}

async function* readFile(path: string, options: ReadOptions): AsyncGenerator<JournalLine> {
  const stream = createReadStream(path);
  const lines = createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY });
  let number = 0;
  let bad = 0;
  try {
    for await (const text of lines) {
      // A bad line is judged when the next one shows that it was not the last.
      if (bad > 0) {
        if (options.onBadLine === undefined) {
          throw new JournalError(`${path}:${bad} is not a journal line: the file was edited or the disk is damaged`);
        }
        options.onBadLine(path, bad);
        bad = 0;
      }
      number += 1;
      const line = parseLine(text);
      if (line === null) bad = number;
      else yield line;
    }
  } finally {
    stream.destroy();
  }
}

export interface FoldedSession {
  readonly state: SessionState;
  /** Time of the newest event, wall clock. */
  readonly last_ms: number;
}

/** Replays events into session states. State lines replace the sessions they list. */
export class Folder {
  readonly sessions = new Map<string, FoldedSession>();

  add(line: JournalLine): void {
    if (line.type === "boot" || line.type === "stop") return;
    if (line.type === "state") {
      for (const snapshot of line.sessions) {
        this.sessions.set(snapshot.session, { state: importSession(snapshot), last_ms: line.t_ms });
      }
      return;
    }
    this.apply(line, line.t_ms);
  }

  private apply(event: SessionEvent, t_ms: number): void {
    const state = this.sessions.get(event.session)?.state ?? newSession();
    this.sessions.set(event.session, { state: applyEvent(state, event), last_ms: t_ms });
  }
}

/** Session states after the last line of a journal: e.g. each session's tally. */
export async function foldJournal(path: string, options: ReadOptions = {}): Promise<Map<string, FoldedSession>> {
  const folder = new Folder();
  for await (const line of readJournal(path, options)) folder.add(line);
  return folder.sessions;
}

/**
 * Live sessions to continue after a restart, folded from the newest state line on. Files of private daemons are left out.
 */
export async function foldLive(dir: string, options: ReadOptions): Promise<Map<string, FoldedSession>> {
  const chain: JournalFile[] = [];
  for (const file of listFiles(dir).reverse()) {
    const head = await firstLines(file.path, options);
    if (head.some((line) => (line.type === "boot" || line.type === "state") && line.private)) continue;
    chain.unshift(file);
    if (head.some((line) => line.type === "state")) break;
  }
  const folder = new Folder();
  for (const file of chain) {
    for await (const line of readFile(file.path, options)) folder.add(line);
  }
  for (const [name, { state }] of folder.sessions) {
    if (!isLive(state.run_mode)) folder.sessions.delete(name);
  }
  return folder.sessions;
}

/** The first two lines: a boot's first file has its state second. */
async function firstLines(path: string, options: ReadOptions): Promise<JournalLine[]> {
  const head: JournalLine[] = [];
  for await (const line of readFile(path, options)) {
    head.push(line);
    if (head.length === 2) break;
  }
  return head;
}
