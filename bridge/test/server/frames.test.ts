/** Messages told apart by their lengths: however the bytes are cut up, the same messages come out, and memory is taken only for what came. */
import { describe, expect, it } from "vitest";
import { Frames, Parcel } from "../../src/server/frames.js";

const MOST = 300;

/** By hand, so that both directions are tested against a third opinion. */
function framed(...messages: readonly Buffer[]): Buffer {
  return Buffer.concat(
    messages.flatMap((message) => {
      const { length } = message;
      return [Buffer.from([length & 255, (length >> 8) & 255, (length >> 16) & 255, length >>> 24]), message];
    }),
  );
}

function announcing(length: number): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt32LE(length);
  return head;
}

/** What comes out when the pieces come in one after the other. */
function read(frames: Frames, ...pieces: readonly Buffer[]): string[] {
  const out: string[] = [];
  for (const piece of pieces) {
    frames.push(piece);
    for (let message = frames.next(); message !== null; message = frames.next()) out.push(message.toString("latin1"));
  }
  return out;
}

const text = (length: number, letter: string) => letter.repeat(length);

describe("frames", () => {
  const messages = ["a", "bc", text(7, "d"), "\0\0\0\0\u0001", "e"];
  const bytes = framed(...messages.map((message) => Buffer.from(message, "latin1")));

  it("come out whole and in order, cut anywhere into three pieces", () => {
    for (let first = 0; first <= bytes.length; first++) {
      for (let second = first; second <= bytes.length; second++) {
        const pieces = [bytes.subarray(0, first), bytes.subarray(first, second), bytes.subarray(second)];
        expect(read(new Frames(MOST), ...pieces), `${first}, ${second}`).toEqual(messages);
      }
    }
  });

  it("come out of every split of a short sequence", () => {
    const short = framed(Buffer.from("x"), Buffer.from("yz"), Buffer.from("w"));
    const cuts = short.length - 1;
    for (let split = 0; split < 2 ** cuts; split++) {
      const pieces: Buffer[] = [];
      let from = 0;
      for (let at = 1; at <= cuts; at++) {
        if ((split & (1 << (at - 1))) === 0) continue;
        pieces.push(short.subarray(from, at));
        from = at;
      }
      pieces.push(short.subarray(from));
      const out = read(new Frames(MOST), ...pieces);
      if (out.join() !== "x,yz,w") expect.fail(`${split}: ${out.join()}`);
    }
  });

  it("of the longest length come byte by byte and at once", () => {
    const longest = text(MOST, "m");
    const all = framed(Buffer.from(longest), Buffer.from("n"));
    expect(read(new Frames(MOST), all)).toEqual([longest, "n"]);
    expect(read(new Frames(MOST), ...[...all].map((byte) => Buffer.from([byte])))).toEqual([longest, "n"]);
  });

  it("that came whole are not copied", () => {
    const chunk = framed(Buffer.from("abc"), Buffer.from("d"));
    const frames = new Frames(MOST);
    frames.push(chunk);
    expect(frames.next()?.buffer).toBe(chunk.buffer);
  });

  it("stay as they were given out, whatever comes next", () => {
    const frames = new Frames(MOST);
    const given: (Buffer | null)[] = [];
    for (const word of ["first", "other"]) {
      const [head, tail] = [framed(Buffer.from(word)).subarray(0, 6), framed(Buffer.from(word)).subarray(6)];
      frames.push(head);
      expect(frames.next()).toBeNull();
      frames.push(tail);
      given.push(frames.next());
    }
    expect(given.map(String)).toEqual(["first", "other"]);
  });

  it.each([0, MOST + 1, 2 ** 31, 2 ** 32 - 1])("of length %i are refused, after those before", (length) => {
    const bad = Buffer.concat([framed(Buffer.from("good")), announcing(length), Buffer.from("rest")]);
    for (let cut = 0; cut <= bad.length; cut++) {
      const frames = new Frames(MOST);
      const out = read(frames, bad.subarray(0, cut), bad.subarray(cut), framed(Buffer.from("later")));
      expect([out, frames.refused]).toEqual([["good"], length]);
    }
  });

  it("are not refused while only a part of their length is there", () => {
    const frames = new Frames(MOST);
    expect([read(frames, Buffer.from([0, 0, 0])), frames.refused]).toEqual([[], null]);
    expect([read(frames, Buffer.from([1])), frames.refused]).toEqual([[], 2 ** 24]);
  });

  it("cost what has come, not what a length announces", () => {
    const most = 2 ** 30;
    const before = process.memoryUsage().arrayBuffers;
    const waiting = Array.from({ length: 200 }, () => {
      const frames = new Frames(most);
      expect(read(frames, announcing(most), Buffer.from("ab"))).toEqual([]);
      return frames;
    });
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 20);
    expect(waiting).toHaveLength(200);
  });
});

describe("a parcel", () => {
  it("holds messages each with its length, and is empty once taken", () => {
    const parcel = new Parcel();
    const messages = [Buffer.from("a"), Buffer.alloc(0), Buffer.alloc(70_000, 7)];
    for (const message of messages) parcel.add(message);
    expect([parcel.count, parcel.bytes]).toEqual([3, 70_013]);
    expect(parcel.take().equals(framed(...messages))).toBe(true);
    expect([parcel.count, parcel.bytes, parcel.take().length]).toEqual([0, 0, 0]);
  });
});
