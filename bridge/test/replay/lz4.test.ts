import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeLz4Frame, Lz4Error } from "../../src/replay/read/lz4.js";
import { xxhash32 } from "../../src/replay/read/xxhash32.js";
import { fixture } from "./fixture.js";

const TEXT_FRAMES = [
  "independent",
  "linked",
  "block-checksums",
  "content-size",
  "no-content-checksum",
  "arrow",
] as const;

/** The same as in fixtures/make.py. */
function sample(lines: number): string {
  return Array.from({ length: lines }, (_, i) => `${i} ${(i * i) % 97} ${"=".repeat(i % 61)}\n`).join("");
}

function frame(name: string): Uint8Array {
  return readFileSync(fixture(`lz4/${name}.lz4`));
}

describe("LZ4 frames written by others", () => {
  it.each(TEXT_FRAMES)("unpacks the text of %s", (name) => {
    expect(new TextDecoder().decode(decodeLz4Frame(frame(name)))).toBe(sample(2500));
  });

  it("unpacks stored blocks and empty frames", () => {
    expect(decodeLz4Frame(frame("stored")).length).toBe(2048);
    expect(decodeLz4Frame(frame("empty")).length).toBe(0);
  });

  it("ignores what follows the frame", () => {
    const padded = new Uint8Array([...frame("stored"), 0, 0, 0]);
    expect(decodeLz4Frame(padded).length).toBe(2048);
  });
});

describe("bad LZ4 frames", () => {
  it("refuses every truncation", () => {
    const whole = frame("linked");
    for (let length = 0; length < whole.length; length += length < 64 ? 1 : 997) {
      expect(() => decodeLz4Frame(whole.subarray(0, length))).toThrow(Lz4Error);
    }
  });

  it("notices any change of a byte under checksums", () => {
    const whole = frame("block-checksums");
    fc.assert(
      fc.property(fc.integer({ min: 0, max: whole.length - 1 }), fc.integer({ min: 1, max: 255 }), (at, by) => {
        const changed = Uint8Array.from(whole);
        changed[at] = (changed[at] ?? 0) ^ by;
        expect(() => decodeLz4Frame(changed)).toThrow(Lz4Error);
      }),
      { seed: 1, numRuns: 300 },
    );
  });

  it("ends in an error or a bounded result whatever the bytes are", () => {
    const limit = 1 << 20;
    const bases = [frame("arrow"), frame("stored"), frame("no-content-checksum")];
    fc.assert(
      fc.property(
        fc.constantFrom(...bases),
        fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 8 }),
        (base, changes) => {
          const changed = Uint8Array.from(base);
          for (const [at, value] of changes) changed[at % changed.length] = value;
          try {
            expect(decodeLz4Frame(changed, limit).length).toBeLessThanOrEqual(limit);
          } catch (error) {
            expect(error).toBeInstanceOf(Lz4Error);
          }
        },
      ),
      { seed: 2, numRuns: 500 },
    );
  });

  it("does not unpack beyond the limit", () => {
    expect(() => decodeLz4Frame(frame("arrow"), 1000)).toThrow("more than 1000 bytes");
    expect(() => decodeLz4Frame(frame("content-size"), 1000)).toThrow("more than 1000 bytes");
  });
});

it("computes xxHash32", () => {
  const hash = (text: string): number => xxhash32(new TextEncoder().encode(text));
  // From the reference implementation (xxhsum -H32).
  expect(hash("")).toBe(0x02cc5d05);
  expect(hash("abc")).toBe(0x32d153ff);
  expect(hash("Nobody inspects the spammish repetition")).toBe(0xe2293b2f);
});
