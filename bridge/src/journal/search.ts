/** Looks one thing up in a journal, newest file first, without folding the rest. */
import type { GateEvent, HelloEvent } from "../gate/events.js";
import { listFiles } from "./files.js";
import { type JournalLine, parseLine } from "./lines.js";
import { splitFile } from "./split.js";

type Stamped<E> = E & { readonly seq: number; readonly t_ms: number };
export type GateLine = Stamped<GateEvent>;
export type HelloLine = Stamped<HelloEvent>;

/**
 * The newest decision about a pair.
 * @param session of this session only; null: of any
 * @returns null when the journal holds none
 */
export function lastDecision(dir: string, pair: string, session: string | null): GateLine | null {
  return newest(dir, `"pair":${JSON.stringify(pair)}`, (line) =>
    line.type === "gate" && line.pair === pair && (session === null || line.session === session) ? line : null,
  );
}

/** What a session had opened with by a time: its settings. Null when that file has been removed since. */
export function lastHello(dir: string, session: string, until_ms: number): HelloLine | null {
  return newest(dir, '"type":"hello"', (line) =>
    line.type === "hello" && line.session === session && line.t_ms <= until_ms ? line : null,
  );
}

/** Pairs decided on in the newest file that has any, most recent first, at most `most`. */
export function recentPairs(dir: string, most: number): string[] {
  for (const { path } of listFiles(dir).reverse()) {
    const pairs = new Set<string>();
    for (const line of linesWith(path, '"type":"gate"')) {
      if (line.type !== "gate") continue;
      pairs.delete(line.pair);
      pairs.add(line.pair);
      const [oldest] = pairs;
      if (pairs.size > most && oldest !== undefined) pairs.delete(oldest);
    }
    if (pairs.size > 0) return [...pairs].reverse();
  }
  return [];
}

/** The last line that is chosen, of the newest file that has one. */
function newest<L>(dir: string, text: string, choose: (line: JournalLine) => L | null): L | null {
  for (const { path } of listFiles(dir).reverse()) {
    let last: L | null = null;
    for (const line of linesWith(path, text)) last = choose(line) ?? last;
    if (last !== null) return last;
  }
  return null;
}

/** Intact lines that hold a text; only those are parsed. */
function* linesWith(path: string, text: string): Generator<JournalLine> {
  const wanted = Buffer.from(text);
  for (const { bytes, whole } of splitFile(path)) {
    const line = whole && bytes?.includes(wanted) === true ? parseLine(bytes) : null;
    if (line !== null) yield line;
  }
}
