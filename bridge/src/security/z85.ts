/** Z85, ZeroMQ's text form of binary keys (ZeroMQ RFC 32): five printable characters for every four bytes. */

const ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";
const VALUES: ReadonlyMap<string, number> = new Map([...ALPHABET].map((character, value) => [character, value]));
const BASE = 85;

/** @param bytes length a multiple of 4 */
export function encodeZ85(bytes: Buffer): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += 4) {
    let rest = bytes.readUInt32BE(at);
    let group = "";
    for (let digit = 0; digit < 5; digit++) {
      group = ALPHABET.charAt(rest % BASE) + group;
      rest = Math.floor(rest / BASE);
    }
    text += group;
  }
  return text;
}

/** @returns the bytes; null when the text is not Z85 */
export function decodeZ85(text: string): Buffer | null {
  if (text.length % 5 !== 0) return null;
  const bytes = Buffer.alloc((text.length / 5) * 4);
  for (let at = 0; at < text.length; at += 5) {
    let value = 0;
    for (const character of text.slice(at, at + 5)) {
      const digit = VALUES.get(character);
      if (digit === undefined) return null;
      value = value * BASE + digit;
    }
    if (value > 0xffffffff) return null;
    bytes.writeUInt32BE(value, (at / 5) * 4);
  }
  return bytes;
}
