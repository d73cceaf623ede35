/** The list of clients by itself: what is read, how often, and who is told. */
import { chmodSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { FIXED } from "../../src/limits.js";
import { AllowList } from "../../src/security/allow_list.js";
import { createClientKey, createServerKey, revokeClient } from "../../src/security/keys.js";
import { temporaryDir } from "../server/harness.js";

const uid = process.getuid?.() ?? 0;
let dir = "";
let now_ms = 0;
let told: string[] = [];
beforeEach(() => {
  dir = join(temporaryDir(), "keys");
  now_ms = 0;
  told = [];
  createServerKey(dir, uid);
});
afterEach(() => rmSync(join(dir, ".."), { recursive: true, force: true }));

function list(): AllowList {
  return new AllowList({
    dir,
    uid,
    clock: () => now_ms,
    onUnreadable: () => told.push("unreadable"),
    onRevoked: () => told.push("revoked"),
  });
}

it("tells of a key taken off, not of one put on", () => {
  createClientKey(dir, "a", null, uid);
  const clients = list();
  createClientKey(dir, "b", null, uid);
  clients.look();
  expect([clients.size, told]).toEqual([2, []]);
  revokeClient(dir, "a");
  clients.look();
  clients.look();
  expect([clients.size, told]).toEqual([1, ["revoked"]]);
});

it("lets nobody in while it cannot be trusted, and is then read no more often than its limit says", () => {
  createClientKey(dir, "a", null, uid);
  const clients = list();
  const folder = join(dir, "clients");
  chmodSync(folder, 0o777);
  clients.look();
  expect([clients.size, told]).toEqual([0, ["unreadable", "revoked"]]);
  chmodSync(folder, 0o700);
  now_ms = FIXED.allow_list_ms - 1;
  clients.nameOf("a stranger");
  expect(clients.size).toBe(0);
  now_ms = FIXED.allow_list_ms;
  clients.nameOf("a stranger");
  expect([clients.size, told.length]).toEqual([1, 2]);
});
