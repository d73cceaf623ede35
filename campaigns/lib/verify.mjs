/** What must be true of a journal after its daemon died: it holds every answer a client has, and folds into the session that died. */
import { existsSync, readFileSync } from "node:fs";
import { listFiles } from "../../bridge/dist/journal/files.js";
import { Folder, foldLive, readJournal } from "../../bridge/dist/journal/reader.js";
import { fingerprintOf } from "./canonical.mjs";

/** @typedef {import("../../bridge/dist/journal/lines.js").JournalLine} JournalLine */
/** @typedef {Record<string, unknown> & { boot: string, what: string }} Noted */

/** Whole lines of a file another process appended to. @param {string} path @returns {any[]} */
export function readNotes(path) {
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, "utf8").split("\n");
  lines.pop();
  return lines.map((line) => JSON.parse(line));
}

/** @param {string} dir @param {string} boot @returns {{ lines: Map<number, JournalLine>, damage: string[] }} */
export function linesOf(dir, boot) {
  /** @type {string[]} */
  const damage = [];
  const lines = new Map();
  for (const file of listFiles(dir)) {
    if (file.boot !== boot) continue;
    const onDamage = (/** @type {import("../../bridge/dist/journal/reader.js").Damage} */ { line, problem }) =>
      damage.push(`${file.path}:${line} ${problem}`);
    for (const line of readJournal(file.path, { onDamage })) lines.set(line.seq, line);
  }
  return { lines, damage };
}

const GATE_KEYS = [
  "snapshot_seq",
  "pair",
  "side",
  "kind",
  "stage",
  "candle_open_ms",
  "now_ms",
  "stake",
  "decision",
  "would",
  "reason",
  "stake_allowed",
];

/**
 * Every answer of one boot against its journal.
 * @param {Map<number, JournalLine>} lines @param {readonly Noted[]} notes of one session and boot @param {string} session
 * @returns {{ checked: number, wrong: string[] }}
 */
export function checkNotes(lines, notes, session) {
  /** @type {string[]} */
  const wrong = [];
  let checked = 0;
  const portfolios = new Map();
  for (const line of lines.values()) {
    if (line.type === "portfolio" && line.session === session) portfolios.set(line.snapshot_seq, line);
  }
  for (const note of notes) {
    if (note.what === "portfolio") {
      checked += 1;
      const line = portfolios.get(note.seq);
      if (line?.equity !== note.equity || line?.at_ms !== note.at_ms)
        wrong.push(`portfolio ${note.seq} of ${session} is not there`);
    }
    if (note.what !== "gate" || note.journal_seq === 0) continue;
    checked += 1;
    const line = lines.get(Number(note.journal_seq));
    if (line?.type !== "gate" || line.session !== session) {
      wrong.push(`line ${note.journal_seq}, an answer to ${session}, is not there`);
      continue;
    }
    /** @type {Record<string, unknown>} */
    const written = { ...line };
    for (const key of GATE_KEYS) {
      if (written[key] !== note[key])
        wrong.push(`line ${note.journal_seq}: ${key} is ${written[key]}, the client was told ${note[key]}`);
    }
  }
  return { checked, wrong };
}

/**
 * The last look each session's memory left against the fold of the journal up to that line.
 * @param {string} dir @param {string} boot @param {string} witness file
 * @returns {{ compared: number, wrong: string[] }}
 */
export function checkWitness(dir, boot, witness) {
  /** @type {Map<string, { seq: number, print: string }>} */
  const last = new Map();
  for (const [seq, session, print] of readNotes(witness)) last.set(session, { seq, print });
  /** @type {string[]} */
  const wrong = [];
  if (last.size === 0) return { compared: 0, wrong };
  const folder = new Folder();
  /** @type {Map<string, string>} what a session looked like after the last line that the witness can have seen */
  const folded = new Map();
  /** @type {Map<string, number>} lines after that */
  const later = new Map();
  const boots = new Map(listFiles(dir).map((file) => [file.path, file.boot]));
  for (const [path, file_boot] of boots) {
    for (const line of readJournal(path, { onDamage: () => undefined })) {
      const name = "session" in line ? line.session : null;
      const seen = name === null ? undefined : last.get(name);
      if (name !== null && seen !== undefined && file_boot === boot && line.seq > seen.seq) {
        if (!folded.has(name)) folded.set(name, fingerprintOf(folder.sessions.get(name)?.state));
        later.set(name, (later.get(name) ?? 0) + 1);
      }
      folder.add(line);
    }
  }
  for (const [name, { seq, print }] of last) {
    const found = folded.get(name) ?? fingerprintOf(folder.sessions.get(name)?.state);
    if (found !== print) wrong.push(`${name} after line ${seq}: what died is not what is folded`);
    // One question at a time: at most one line can have been written that was not looked at any more.
    if ((later.get(name) ?? 0) > 1) wrong.push(`${name}: ${later.get(name)} lines after the last look`);
  }
  return { compared: last.size, wrong };
}

/** Live sessions as a next boot will fold them. @param {string} dir @returns {Map<string, string>} */
export function foldedPrints(dir) {
  const { sessions } = foldLive(dir, { onDamage: () => undefined });
  return new Map([...sessions].map(([name, { state }]) => [name, fingerprintOf(state)]));
}
