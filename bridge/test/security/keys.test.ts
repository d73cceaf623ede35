import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FIXED } from "../../src/limits.js";
import { AllowList } from "../../src/security/allow_list.js";
import {
  createClientKey,
  createServerKey,
  MAX_CLIENTS,
  readClients,
  readServerKey,
  revokeClient,
} from "../../src/security/keys.js";
import { ConfigError } from "../../src/server/directory.js";
import { temporaryDir } from "../server/harness.js";

const uid = process.getuid?.() ?? 0;
let base = "";
let dir = "";
beforeEach(() => {
  base = temporaryDir();
  dir = join(base, "keys");
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

const mode = (path: string) => statSync(path).mode & 0o777;

describe("keys", () => {
  it("are made for their owner alone, whatever the umask", () => {
    const umask = process.umask(0);
    try {
      const server = createServerKey(dir, uid);
      const client = createClientKey(dir, "bot", null, uid);
      expect([dir, join(dir, "clients"), join(dir, "issued")].map(mode)).toEqual([0o700, 0o700, 0o700]);
      expect([server, client, join(dir, "clients", "bot.pub")].map(mode)).toEqual([0o600, 0o600, 0o600]);
    } finally {
      process.umask(umask);
    }
  });

  it("fit together: the client knows the server, the list knows the client, and the list holds no secret", () => {
    createServerKey(dir, uid);
    const path = createClientKey(dir, "bot", join(base, "elsewhere.key"), uid);
    const client = JSON.parse(readFileSync(path, "utf8"));
    expect(Object.keys(client).sort()).toEqual(["public", "secret", "server_public"]);
    expect(client.server_public).toBe(readServerKey(dir, uid).public);
    expect([...readClients(dir, uid)]).toEqual([[client.public, "bot"]]);
    expect(readFileSync(join(dir, "clients", "bot.pub"), "utf8")).not.toContain(client.secret);
    expect(existsSync(join(dir, "issued"))).toBe(false);
  });

  it("are not overwritten", () => {
    createServerKey(dir, uid);
    expect(() => createServerKey(dir, uid)).toThrow(/its clients know it/);
    createClientKey(dir, "bot", null, uid);
    expect(() => createClientKey(dir, "bot", null, uid)).toThrow(/revoke bot/);
    writeFileSync(join(base, "x"), "");
    expect(() => createClientKey(dir, "other", join(base, "x"), uid)).toThrow(/--out/);
    expect(existsSync(join(dir, "clients", "other.pub"))).toBe(false);
  });

  it("of a client need a server's first, and a plain name", () => {
    expect(() => createClientKey(dir, "bot", null, uid)).toThrow(/keys server/);
    createServerKey(dir, uid);
    for (const name of ["", "../up", "a b", "x".repeat(65), ".hidden"])
      expect(() => createClientKey(dir, name, null, uid)).toThrow(ConfigError);
  });

  it("can be revoked once", () => {
    createServerKey(dir, uid);
    createClientKey(dir, "bot", null, uid);
    revokeClient(dir, "bot");
    expect(readClients(dir, uid).size).toBe(0);
    expect(existsSync(join(dir, "issued", "bot.key"))).toBe(false);
    expect(() => revokeClient(dir, "bot")).toThrow(/keys list/);
  });
});

describe("key files that others can reach", () => {
  beforeEach(() => {
    createServerKey(dir, uid);
    createClientKey(dir, "bot", null, uid);
  });

  it.each([0o640, 0o604, 0o620, 0o602])("a server key of mode %o is refused, with the fix", (open) => {
    chmodSync(join(dir, "server.key"), open);
    expect(() => readServerKey(dir, uid)).toThrow(/chmod 600/);
  });

  it.each([
    ["the list", "clients"],
    ["an entry", "clients/bot.pub"],
  ])("%s that others may change is refused, with the fix", (_, path) => {
    chmodSync(join(dir, path), 0o722);
    expect(() => readClients(dir, uid)).toThrow(/chmod go-w/);
  });

  it.runIf(uid === 0)("a server key of another user is refused", () => {
    chownSync(join(dir, "server.key"), 65_534, 65_534);
    expect(() => readServerKey(dir, uid)).toThrow(/belongs to user 65534/);
  });

  it.each([
    ["not JSON", "secret"],
    ["no key", '{"public":"x","secret":"y"}'],
    ["a key that is not Z85", JSON.stringify({ public: "~".repeat(40), secret: "~".repeat(40) })],
  ])("a server key that is %s is refused without quoting it", (_, text) => {
    writeFileSync(join(dir, "server.key"), text);
    expect(() => readServerKey(dir, uid)).toThrow(/is not a server key/);
    expect(() => readServerKey(dir, uid)).not.toThrow(text);
  });

  it("a list entry that is no key, too long, or a directory is refused", () => {
    writeFileSync(join(dir, "clients", "odd.pub"), "hello\n");
    expect(() => readClients(dir, uid)).toThrow(/odd\.pub does not hold a public key/);
    writeFileSync(join(dir, "clients", "odd.pub"), "x".repeat(5000));
    expect(() => readClients(dir, uid)).toThrow(/is not a key file/);
    rmSync(join(dir, "clients", "odd.pub"));
    mkdirSync(join(dir, "clients", "odd.pub"));
    expect(() => readClients(dir, uid)).toThrow(/is not a key file/);
  });

  it("more clients than the limit are refused", () => {
    const key = readFileSync(join(dir, "clients", "bot.pub"));
    for (let i = 0; i < MAX_CLIENTS; i++) writeFileSync(join(dir, "clients", `c${i}.pub`), key, { mode: 0o600 });
    expect(() => readClients(dir, uid)).toThrow(/at most 256/);
  });
});

describe("the list in use", () => {
  /** Between any two looks as much time passes as has to before a list that could not be read is read again. */
  function listOf(errors: unknown[]): AllowList {
    let now_ms = 0;
    const clock = () => {
      now_ms += FIXED.allow_list_ms;
      return now_ms;
    };
    return new AllowList({ dir, uid, clock, onUnreadable: (error) => errors.push(error), onRevoked: () => undefined });
  }

  it("follows the folder, and lets nobody in while it cannot be trusted", () => {
    createServerKey(dir, uid);
    const errors: unknown[] = [];
    const list = listOf(errors);
    expect(list.size).toBe(0);
    createClientKey(dir, "bot", null, uid);
    const [key = ""] = readClients(dir, uid).keys();
    expect(list.nameOf(key)).toBe("bot");
    chmodSync(join(dir, "clients"), 0o777);
    expect(list.nameOf(key)).toBeNull();
    expect(errors).toEqual([expect.any(ConfigError)]);
    chmodSync(join(dir, "clients"), 0o700);
    expect(list.nameOf(key)).toBe("bot");
    revokeClient(dir, "bot");
    expect(list.nameOf(key)).toBeNull();
    rmSync(join(dir, "clients"), { recursive: true });
    expect(list.nameOf(key)).toBeNull();
  });

  it("lets in again once a file is mended as its error says, which does not show in the folder", () => {
    createServerKey(dir, uid);
    createClientKey(dir, "bot", null, uid);
    const [key = ""] = readClients(dir, uid).keys();
    const errors: unknown[] = [];
    const list = listOf(errors);
    const pub = join(dir, "clients", "bot.pub");
    chmodSync(pub, 0o622);
    createClientKey(dir, "other", null, uid);
    expect([list.nameOf(key), list.nameOf(key)]).toEqual([null, null]);
    expect(errors.map(String)).toEqual([expect.stringContaining(`chmod go-w ${pub}`)]);
    chmodSync(pub, 0o600);
    expect(list.nameOf(key)).toBe("bot");
  });
});
