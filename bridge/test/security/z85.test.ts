import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { curveKeyPair } from "zeromq";
import { decodeZ85, encodeZ85 } from "../../src/security/z85.js";

describe("Z85", () => {
  it("agrees with the example of its specification", () => {
    const bytes = Buffer.from("864fd26fb559f75b", "hex");
    expect(encodeZ85(bytes)).toBe("HelloWorld");
    expect(decodeZ85("HelloWorld")).toEqual(bytes);
  });

  it("reads back what it wrote", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (key) => {
        expect(decodeZ85(encodeZ85(Buffer.from(key)))).toEqual(Buffer.from(key));
      }),
    );
  });

  it("reads libzmq's keys", () => {
    const { publicKey } = curveKeyPair();
    expect(encodeZ85(decodeZ85(publicKey) ?? Buffer.alloc(0))).toBe(publicKey);
  });

  it.each([
    ["a wrong length", "Hell"],
    ["a wrong character", "Hel~o"],
    ["a group above 32 bits", "#####"],
  ])("refuses %s", (_, text) => {
    expect(decodeZ85(text)).toBeNull();
  });
});
