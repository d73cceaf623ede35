/** The authentication handler on its own in-process endpoint, asked as libzmq asks it. */
import { pino } from "pino";
import { afterEach, beforeEach, expect, it } from "vitest";
import { Context, curveKeyPair, Request } from "zeromq";
import { decodeZ85 } from "../../src/security/z85.js";
import { ZapHandler } from "../../src/security/zap.js";

const { publicKey } = curveKeyPair();
let names: () => string | null = () => null;
let refused = 0;
let handler: ZapHandler;
let asker: Request;
beforeEach(async () => {
  refused = 0;
  const context = new Context();
  handler = new ZapHandler({
    context,
    nameOf: () => names(),
    log: pino({ level: "silent" }),
    clock: () => 0,
    onRefused: () => {
      refused += 1;
    },
  });
  await handler.start();
  asker = new Request({ context, linger: 0, receiveTimeout: 10_000 });
  asker.connect("inproc://zeromq.zap.01");
});
afterEach(async () => {
  asker.close();
  await handler.close();
});

async function ask(mechanism = "CURVE", key: Buffer | string = decodeZ85(publicKey) ?? ""): Promise<string[]> {
  await asker.send(["1.0", "7", "talebridge", "192.0.2.1", "", mechanism, key]);
  return (await asker.receive()).map(String);
}

it("admits by name, and refuses other mechanisms, short keys and who is not listed", async () => {
  names = () => "bot";
  expect(await ask()).toEqual(["1.0", "7", "200", "OK", "bot", ""]);
  for (const reply of [await ask("NULL"), await ask("PLAIN"), await ask("CURVE", "short")]) {
    expect(reply[2]).toBe("400");
  }
  names = () => null;
  expect((await ask())[2]).toBe("400");
  expect(refused).toBe(4);
});

it("refuses while the list cannot be asked, and admits when it can again", async () => {
  names = () => {
    throw new Error("EIO");
  };
  expect((await ask())[2]).toBe("400");
  names = () => "bot";
  expect((await ask())[2]).toBe("200");
});
