/**
 * LZ4 frame decoder, for the compressed buffers of feather files.
 *
 * Formats: https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md and lz4_Block_format.md. All block sizes, linked and independent blocks,
 * stored blocks, all checksums; not: dictionaries, skippable and legacy frames, which Arrow does not write. Every length and offset in the input
 * is checked before it is used, so a hostile frame ends in an error, never in a read outside the input or an output above the limit.
 */
import { xxhash32 } from "./xxhash32.js";

const MAGIC = 0x184d2204;
const STORED = 0x80000000;
const MIN_MATCH = 4;
const BLOCK_BYTES: Readonly<Record<number, number>> = { 4: 1 << 16, 5: 1 << 18, 6: 1 << 20, 7: 1 << 22 };

/** Most bytes one frame may unpack to: far above a column of the most rows the engine takes. */
export const MAX_UNPACKED_BYTES = 1 << 28;

export class Lz4Error extends Error {
  override readonly name = "Lz4Error";
}

/** Output that grows by doubling up to a limit, so that a frame that does not state its size needs no second pass. */
class Output {
  bytes: Uint8Array;
  length = 0;

  constructor(
    expected: number,
    private readonly limit: number,
  ) {
    this.bytes = new Uint8Array(expected);
  }

  /** Makes room for `more` bytes after the present end. */
  reserve(more: number): void {
    const needed = this.length + more;
    if (needed > this.limit) throw new Lz4Error(`LZ4 frame unpacks to more than ${this.limit} bytes`);
    if (needed <= this.bytes.length) return;
    const grown = new Uint8Array(Math.min(this.limit, Math.max(needed, this.bytes.length * 2)));
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
  }
}

/**
 * Unpacks one LZ4 frame.
 * @param frame the frame, starting with its magic number; bytes after its end are ignored (Arrow pads buffers)
 * @param limit most bytes of output
 * @throws Lz4Error when the frame is malformed, fails a checksum, uses a dictionary or unpacks to more than `limit`
 */
export function decodeLz4Frame(frame: Uint8Array, limit: number = MAX_UNPACKED_BYTES): Uint8Array {
  const header = readHeader(frame);
  if (header.contentBytes !== null && header.contentBytes > limit) {
    throw new Lz4Error(`LZ4 frame unpacks to more than ${limit} bytes`);
  }
  const output = new Output(header.contentBytes ?? Math.min(limit, header.blockBytes), limit);
  let at = header.end;
  for (;;) {
    const word = readUint32(frame, at);
    at += 4;
    if (word === 0) break;
    const stored = word >= STORED;
    const bytes = stored ? word - STORED : word;
    if (bytes > header.blockBytes) throw new Lz4Error("LZ4 block is larger than its frame allows");
    const block = take(frame, at, bytes);
    at += bytes;
    if (header.blockChecksums) {
      if (readUint32(frame, at) !== xxhash32(block)) throw new Lz4Error("LZ4 block checksum does not match");
      at += 4;
    }
    const before = output.length;
    if (stored) {
      output.reserve(bytes);
      output.bytes.set(block, before);
      output.length += bytes;
    } else {
      decodeBlock(block, output, header.independentBlocks ? before : 0, header.blockBytes);
    }
  }
  const content = output.bytes.subarray(0, output.length);
  if (header.contentBytes !== null && header.contentBytes !== content.length) {
    throw new Lz4Error(`LZ4 frame states ${header.contentBytes} bytes and holds ${content.length}`);
  }
  if (header.contentChecksum && readUint32(frame, at) !== xxhash32(content)) {
    throw new Lz4Error("LZ4 content checksum does not match");
  }
  return content;
}

interface Header {
  readonly independentBlocks: boolean;
  readonly blockChecksums: boolean;
  readonly contentChecksum: boolean;
  readonly contentBytes: number | null;
  readonly blockBytes: number;
  /** Offset of the first block. */
  readonly end: number;
}

function readHeader(frame: Uint8Array): Header {
  if (readUint32(frame, 0) !== MAGIC) throw new Lz4Error("not an LZ4 frame (wrong magic number)");
  const [flags = 0, descriptor = 0] = take(frame, 4, 2);
  if (flags >>> 6 !== 1) throw new Lz4Error(`LZ4 frame version ${flags >>> 6} is not known`);
  if ((flags & 0b10) !== 0 || (descriptor & 0x8f) !== 0) throw new Lz4Error("LZ4 frame has reserved bits set");
  if ((flags & 1) !== 0) throw new Lz4Error("LZ4 frame needs a dictionary, which is not supported");
  const blockBytes = BLOCK_BYTES[descriptor >>> 4];
  if (blockBytes === undefined) throw new Lz4Error(`LZ4 frame has an unknown block size ${descriptor >>> 4}`);
  let at = 6;
  let contentBytes: number | null = null;
  if ((flags & 0b1000) !== 0) {
    contentBytes = readUint32(frame, at) + readUint32(frame, at + 4) * 2 ** 32;
    at += 8;
  }
  const [checksum = 0] = take(frame, at, 1);
  if (checksum !== ((xxhash32(frame.subarray(4, at)) >>> 8) & 0xff))
    throw new Lz4Error("LZ4 header checksum does not match");
  return {
    independentBlocks: (flags & 0b100000) !== 0,
    blockChecksums: (flags & 0b10000) !== 0,
    contentChecksum: (flags & 0b100) !== 0,
    contentBytes,
    blockBytes,
    end: at + 1,
  };
}

/**
 * Appends one compressed block to `output`.
 * @param floor matches may not reach before this offset of the output
 * @param most most bytes the block may unpack to
 */
function decodeBlock(block: Uint8Array, output: Output, floor: number, most: number): void {
  const end = output.length + most;
  let at = 0;
  while (at < block.length) {
    const token = byteAt(block, at++);
    let literals = token >>> 4;
    if (literals === 15) {
      let extra: number;
      do {
        extra = byteAt(block, at++);
        literals += extra;
      } while (extra === 255);
    }
    if (output.length + literals > end) throw new Lz4Error("LZ4 block unpacks to more than its frame allows");
    output.reserve(literals);
    output.bytes.set(take(block, at, literals), output.length);
    output.length += literals;
    at += literals;
    if (at === block.length) return; // The last sequence has literals only.

    const offset = byteAt(block, at) | (byteAt(block, at + 1) << 8);
    at += 2;
    let match = (token & 15) + MIN_MATCH;
    if (match === 15 + MIN_MATCH) {
      let extra: number;
      do {
        extra = byteAt(block, at++);
        match += extra;
      } while (extra === 255);
    }
    const from = output.length - offset;
    if (offset === 0 || from < floor) throw new Lz4Error("LZ4 match points outside the data");
    if (output.length + match > end) throw new Lz4Error("LZ4 block unpacks to more than its frame allows");
    output.reserve(match);
    copyMatch(output, from, offset, match);
  }
  throw new Lz4Error("LZ4 block ends in the middle of a sequence");
}

/** Copies `match` bytes from `from` to the end; where the two overlap, bytes just written repeat (that is how LZ4 encodes runs). */
function copyMatch(output: Output, from: number, offset: number, match: number): void {
  const { bytes } = output;
  if (offset >= match) {
    bytes.copyWithin(output.length, from, from + match);
  } else {
    for (let i = 0; i < match; i++) bytes[output.length + i] = bytes[from + i] ?? 0;
  }
  output.length += match;
}

function byteAt(bytes: Uint8Array, at: number): number {
  const value = bytes[at];
  if (value === undefined) throw new Lz4Error("LZ4 data ends too early");
  return value;
}

function take(bytes: Uint8Array, at: number, length: number): Uint8Array {
  if (at + length > bytes.length) throw new Lz4Error("LZ4 data ends too early");
  return bytes.subarray(at, at + length);
}

function readUint32(bytes: Uint8Array, at: number): number {
  const [a = 0, b = 0, c = 0, d = 0] = take(bytes, at, 4);
  return (a | (b << 8) | (c << 16) | (d << 24)) >>> 0;
}
