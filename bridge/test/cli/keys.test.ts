/** `talebridge keys` from the command line; what the keys do is tested with the sockets. */
import { rmSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { temporaryDir } from "../server/harness.js";
import { talebridge } from "./harness.js";

let dir = "";
beforeEach(() => {
  dir = temporaryDir();
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

describe("keys", { timeout: 60_000 }, () => {
  it("are made, listed and revoked", () => {
    const keys = `${dir}/keys`;
    expect(talebridge(["keys", "client", "bot", "--keys-dir", keys])).toMatchObject({ code: 2 });
    expect(talebridge(["keys", "server", "--keys-dir", keys])).toMatchObject({ code: 0 });
    const made = JSON.parse(talebridge(["keys", "client", "bot", "--keys-dir", keys, "--json"]).stdout);
    expect(made).toEqual({ name: "bot", path: `${keys}/issued/bot.key` });
    const listed = talebridge(["keys", "list", "--keys-dir", keys]).stdout;
    expect(listed).toMatch(/^\S{40} {2}bot\n$/);
    expect(talebridge(["keys", "revoke", "bot", "--keys-dir", keys]).code).toBe(0);
    expect(talebridge(["keys", "list", "--keys-dir", keys]).stdout).toContain("lists no client");
  });
});
