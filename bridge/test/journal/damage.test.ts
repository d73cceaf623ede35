/** Journals that were cut, overwritten, spliced: what is intact is kept, what was dropped is said, nothing is read as something else. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { fileName, listFiles, repairTail } from "../../src/journal/files.js";
import { type JournalEvent, type JournalLine, parseLine } from "../../src/journal/lines.js";
import { foldLive, readJournal } from "../../src/journal/reader.js";
import { formatLine } from "./written.js";

let dir = "";
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "talebridge-damage-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

/** Texts that other readers take for line ends, and characters of every width. */
const WHYS = ["plain", "line\u2028separator", "para\u2029graph", "next\u0085line", "ß–𝔘", "\u0000\u001f", '"quoted\\"'];
const RUNS = 500;

function written(count: number, first_seq = 1): { lines: JournalLine[]; bytes: Buffer[] } {
  const head: JournalEvent[] = [
    { type: "boot", server: "t/0", engine_version: "0", boot: "b", pid: 1, private: false },
    { type: "state", boot: "b", private: false, part: 1, parts: 1, sessions: [] },
  ];
  const events = Array.from({ length: count }, (_, i): JournalEvent => {
    const at = head[i];
    if (at !== undefined && first_seq === 1) return at;
    const why = WHYS[i % WHYS.length] ?? "";
    return { type: "control", session: "s", status: "HALTED", until_ms: 1e12 + i, by: "me", why };
  });
  const bytes = events.map((event, i) => formatLine(first_seq + i, 5_000 + i, event));
  const lines = events.map((event, i) => ({ seq: first_seq + i, t_ms: 5_000 + i, ...event }) as JournalLine);
  return { lines, bytes };
}

/** What is read of a journal, and what is said about it. */
function read(): { lines: JournalLine[]; problems: string[] } {
  const problems: string[] = [];
  const lines = [...readJournal(dir, { onDamage: ({ problem }) => problems.push(problem) })];
  return { lines, problems };
}

interface Wound {
  readonly at: number;
  readonly kind: "cut tail" | "flip" | "overwrite" | "drop" | "repeat";
  readonly length: number;
  readonly byte: number;
}
const wound: fc.Arbitrary<Wound> = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  kind: fc.constantFrom("cut tail", "flip", "overwrite", "drop", "repeat"),
  length: fc.integer({ min: 1, max: 300 }),
  byte: fc.integer({ min: 1, max: 255 }),
});

function inflict(file: Buffer, { at, kind, length, byte }: Wound): Buffer {
  const from = Math.floor(at * file.length);
  const to = Math.min(file.length, from + length);
  switch (kind) {
    case "cut tail":
      return file.subarray(0, from);
    case "flip":
      return Buffer.from(file.map((old, i) => (i === from ? old ^ byte : old)));
    case "overwrite":
      return Buffer.concat([file.subarray(0, from), Buffer.alloc(to - from, byte), file.subarray(to)]);
    case "drop":
      return Buffer.concat([file.subarray(0, from), file.subarray(to)]);
    case "repeat":
      return Buffer.concat([file.subarray(0, to), file.subarray(from)]);
  }
}

describe("damage anywhere", () => {
  it("leaves a part of what was written, in order, and whatever is missing before the end is said", () => {
    const { lines, bytes } = written(14);
    const whole = Buffer.concat(bytes);
    const path = join(dir, fileName(1, "b", 0));
    const by_seq = new Map(lines.map((line) => [line.seq, line]));
    fc.assert(
      fc.property(fc.array(wound, { minLength: 1, maxLength: 3 }), (wounds) => {
        const file = wounds.reduce(inflict, whole);
        writeFileSync(path, file);
        const { lines: kept, problems } = read();
        // Nothing else than what was written, each once, in order.
        expect(kept.map((line) => line.seq)).toEqual([...new Set(kept.map((line) => line.seq))].sort((a, b) => a - b));
        for (const line of kept) expect(line).toEqual(by_seq.get(line.seq));
        // Every line that is still there to the byte is read, unless a repeat of it or of a later one came first.
        const intact = bytes.filter((line) => file.includes(line));
        if (!wounds.some(({ kind }) => kind === "repeat")) {
          for (const line of intact) {
            const at = file.indexOf(line);
            const starts = at === 0 || file[at - 1] === 0x0a;
            if (starts) expect(kept).toContainEqual(parseLine(line.subarray(0, -1)));
          }
        }
        // What is missing before the last line kept is said; only an end cut off at a line leaves no trace here.
        const last = kept.at(-1)?.seq ?? 0;
        if (kept.length < last) expect(problems.length).toBeGreaterThan(0);
        if (!file.equals(whole) && kept.length < lines.length) {
          const torn = repairTail(path);
          const ends_at_a_line = file.equals(Buffer.concat(bytes.slice(0, kept.length)));
          expect(problems.length > 0 || torn > 0 || ends_at_a_line).toBe(true);
        }
        expect(() => foldLive(dir, { onDamage: () => undefined })).not.toThrow();
      }),
      { numRuns: RUNS, seed: 20_261_122 },
    );
  });

  it("is told for every single byte of a line, whatever it becomes", () => {
    const { bytes } = written(4);
    const line = bytes[3]?.subarray(0, -1) ?? Buffer.alloc(0);
    expect(parseLine(line)).not.toBeNull();
    for (let at = 0; at < line.length; at++) {
      for (let flip = 1; flip < 256; flip++) {
        line[at] = (line[at] ?? 0) ^ flip;
        if (parseLine(line) !== null) expect.fail(`byte ${at} flipped by ${flip} is taken`);
        line[at] = (line[at] ?? 0) ^ flip;
      }
    }
  });

  it("at a file's end shows in the next file of the boot", () => {
    const first = written(6);
    const second = written(4, 7);
    writeFileSync(join(dir, fileName(1, "b", 0)), Buffer.concat(first.bytes.slice(0, 4)));
    writeFileSync(join(dir, fileName(1, "b", 1)), Buffer.concat(second.bytes));
    const { lines, problems } = read();
    expect(lines.map((line) => line.seq)).toEqual([1, 2, 3, 4, 7, 8, 9, 10]);
    expect(problems).toEqual(["comes after lines 5 to 6 of its boot, which are missing"]);
  });

  it("is not seen where old files were removed, nor between boots", () => {
    writeFileSync(join(dir, fileName(1, "b", 3)), Buffer.concat(written(4, 50).bytes));
    writeFileSync(join(dir, fileName(2, "c", 0)), Buffer.concat(written(4).bytes));
    expect(read().problems).toEqual([]);
    expect(read().lines).toHaveLength(8);
  });

  it("by a flood without line ends is passed over in bounded memory", () => {
    const { bytes } = written(3);
    const flood = Buffer.alloc(40 * 1024 * 1024, 0x78);
    writeFileSync(
      join(dir, fileName(1, "b", 0)),
      Buffer.concat([bytes[0] ?? flood, flood, Buffer.from("\n"), bytes[1] ?? flood]),
    );
    const { lines, problems } = read();
    expect(lines.map((line) => line.seq)).toEqual([1, 2]);
    expect(problems).toHaveLength(1);
  });
});

describe("a state in several lines", () => {
  const state = (part: number, parts: number, session: string): JournalEvent => ({
    type: "state",
    boot: "b",
    private: false,
    part,
    parts,
    sessions: [
      {
        session,
        run_mode: "live",
        manual: { status: "HALTED", until_ms: null },
        seq: 5,
        portfolio: null,
        equity: { peaks: [], last: null, day_base: null, since_ms: 0 },
        asked: [],
        tally: { asked: 0, allowed: 0, reduced: 0, denied: 0, by_reason: {} },
      },
    ],
  });
  const hello = (session: string): JournalEvent => ({
    type: "hello",
    session,
    run_mode: "live",
    client: "c",
    settings: {},
    fingerprint: "f",
  });
  const write = (n: number, first_seq: number, ...events: JournalEvent[]) => {
    const text = events.map((event, i) => formatLine(first_seq + i, 1, event)).join("");
    writeFileSync(join(dir, fileName(1, "b", n)), text);
  };
  const folded = () => foldLive(dir, { onDamage: () => undefined }).sessions;

  it("is enough to begin with when it is whole, and drops what it does not list", () => {
    write(0, 1, state(1, 3, "x"), state(2, 3, "y"), state(3, 3, "z"));
    write(1, 4, state(1, 2, "x"), state(2, 2, "y"), hello("new"));
    expect([...folded().keys()]).toEqual(["x", "y", "new"]);
  });

  it("is filled up from the file before when a part of it is missing", () => {
    write(0, 1, state(1, 2, "x"), state(2, 2, "y"), hello("late"));
    write(1, 4, state(1, 3, "x"), state(3, 3, "late"));
    expect([...folded().keys()]).toEqual(["x", "y", "late"]);
    expect(folded().get("y")?.state.manual.status).toBe("HALTED");
    const [first] = listFiles(dir);
    if (first !== undefined) rmSync(first.path);
    expect([...folded().keys()]).toEqual(["x", "late"]);
  });

  it("does not bring back a session that was forgotten", () => {
    write(0, 1, state(1, 1, "x"), hello("y"), { type: "forget", session: "x" });
    expect([...folded().keys()]).toEqual(["y"]);
    write(1, 4, { type: "forget", session: "y" }, hello("y"));
    expect(folded().get("y")?.state.seq).toBe(0);
  });
});
