/** Messages nobody should send: golden frames bent a little or a lot, frames spliced from two, msgpack without sense, noise. */

/** @typedef {import("./random.mjs").Random} Random */

/** First bytes of every kind of msgpack value, and the ends of ranges. */
const HEADS = [
  0x00, 0x01, 0x7f, 0x80, 0x81, 0x8f, 0x90, 0x93, 0x94, 0x9f, 0xa0, 0xa1, 0xbf, 0xc0, 0xc1, 0xc2, 0xc3, 0xc4, 0xc5,
  0xc6, 0xc7, 0xc8, 0xc9, 0xca, 0xcb, 0xcc, 0xcd, 0xce, 0xcf, 0xd0, 0xd1, 0xd2, 0xd3, 0xd4, 0xd5, 0xd6, 0xd7, 0xd8,
  0xd9, 0xda, 0xdb, 0xdc, 0xdd, 0xde, 0xdf, 0xe0, 0xff,
];
/** Doubles at which code goes wrong. */
const DOUBLES = [
  0,
  -0,
  Number.NaN,
  Infinity,
  -Infinity,
  5e-324,
  1.7976931348623157e308,
  -1,
  2 ** 31,
  2 ** 32,
  2 ** 53,
  2 ** 53 + 2,
  2 ** 63,
  1e300,
];
const MOST_BYTES = 4096;

/** @param {Random} random @param {number} most */
export function noise(random, most) {
  const bytes = Buffer.allocUnsafe(random.below(most + 1));
  for (let i = 0; i < bytes.length; i++) bytes[i] = random.below(256);
  return bytes;
}

/** One msgpack value of any kind, mostly well formed. @param {Random} random @param {number} depth @returns {Buffer} */
export function anything(random, depth = 0) {
  const kind = random.below(depth > 4 ? 7 : 10);
  switch (kind) {
    case 0:
      return Buffer.from([random.below(128)]);
    case 1: {
      const bytes = Buffer.alloc(9, 0xcb);
      bytes.writeDoubleBE(random.pick(DOUBLES), 1);
      return bytes;
    }
    case 2: {
      const bytes = Buffer.alloc(9, random.pick([0xcf, 0xd3]));
      bytes.writeBigUInt64BE(BigInt(random.below(2 ** 32)) << BigInt(random.below(33)), 1);
      return bytes;
    }
    case 3:
      return Buffer.from([random.pick([0xc0, 0xc2, 0xc3, 0xc1, 0xe0, 0xff])]);
    case 4: {
      const text = noise(random, 31);
      return Buffer.concat([Buffer.from([0xa0 | text.length]), text]);
    }
    case 5: {
      // Extensions a library may give a meaning: dates, sets, errors, bignums, typed arrays, records.
      const body = noise(random, 20);
      return Buffer.concat([
        Buffer.from([0xc7, body.length, random.pick([0xff, 0x72, 0x73, 0x65, 0x78, 0x74, 0x42, 0x01])]),
        body,
      ]);
    }
    case 6: {
      // Declares more than there is.
      const head = Buffer.alloc(5, random.pick([0xdd, 0xdf, 0xdb, 0xc6]));
      head.writeUInt32BE(random.pick([1, 255, 65_536, 2 ** 31, 2 ** 32 - 1]), 1);
      return head;
    }
    case 7: {
      const items = Array.from({ length: random.below(8) }, () => anything(random, depth + 1));
      return Buffer.concat([Buffer.from([0x80 | (items.length >> 1)]), ...items.slice(0, items.length & ~1)]);
    }
    default: {
      const items = Array.from({ length: random.below(16) }, () => anything(random, depth + 1));
      return Buffer.concat([Buffer.from([0x90 | items.length]), ...items]);
    }
  }
}

/** @param {Random} random @param {Buffer} frame @param {readonly Buffer[]} others @returns {Buffer} */
function bend(random, frame, others) {
  const at = random.below(frame.length + 1);
  const to = Math.min(frame.length, at + 1 + random.below(12));
  switch (random.below(9)) {
    case 0: {
      const out = Buffer.from(frame);
      if (at < out.length) out[at] = (out[at] ?? 0) ^ (1 << random.below(8));
      return out;
    }
    case 1: {
      const out = Buffer.from(frame);
      if (at < out.length) out[at] = random.pick(HEADS);
      return out;
    }
    case 2:
      return frame.subarray(0, at);
    case 3:
      return Buffer.concat([frame, noise(random, 16)]);
    case 4:
      return Buffer.concat([frame.subarray(0, at), frame.subarray(to)]);
    case 5:
      return Buffer.concat([frame.subarray(0, to), frame.subarray(at)]);
    case 6: {
      const other = random.pick(others);
      return Buffer.concat([frame.subarray(0, at), other.subarray(random.below(other.length + 1))]);
    }
    case 7:
      return Buffer.concat([frame.subarray(0, at), anything(random), frame.subarray(to)]);
    default: {
      const out = Buffer.from(frame);
      if (at + 8 <= out.length) out.writeDoubleBE(random.pick(DOUBLES), at);
      return out;
    }
  }
}

/**
 * One hostile message.
 * @param {Random} random @param {readonly (readonly Buffer[])[]} seeds messages to begin with @param {readonly Buffer[]} all every frame of them
 * @returns {Buffer[]}
 */
export function mutate(random, seeds, all) {
  const dice = random.below(100);
  if (dice < 4) return [noise(random, 200)];
  if (dice < 8) return [anything(random)];
  if (dice < 12) {
    // The beginning of a request, then anything.
    const body = Array.from({ length: random.below(13) }, () => anything(random));
    const head = Buffer.from([
      0x93 + Math.min(12, body.length),
      random.chance(0.9) ? 1 : random.below(128),
      random.below(12),
      random.below(128),
    ]);
    return [Buffer.concat([head, ...body]).subarray(0, MOST_BYTES)];
  }
  const seed = random.pick(seeds);
  // Some are left as they are: what is valid must stay so amid the rest.
  if (dice < 22) return [...seed];
  let frames = seed.map((frame, i) => {
    if (i > 0 && random.chance(0.6)) return frame;
    let bent = frame;
    for (let n = 1 + random.below(3); n > 0; n--) bent = bend(random, bent, all);
    return bent.length > MOST_BYTES && i === 0 ? bent.subarray(0, MOST_BYTES) : bent;
  });
  if (random.chance(0.03)) frames = [...frames, noise(random, 20)];
  if (random.chance(0.02)) frames = frames.slice(1);
  return frames.length === 0 ? [Buffer.alloc(0)] : frames;
}
