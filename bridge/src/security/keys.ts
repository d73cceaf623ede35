/**
 * CURVE keys for tcp. In the keys directory: `server.key` (secret), `clients/NAME.pub` (who is let in), `issued/NAME.key` (what `talebridge keys client`
 * made, to be moved to the client's machine).
 */

import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { curveKeyPair } from "zeromq";
import { FIXED } from "../limits.js";
import { ConfigError } from "../server/directory.js";
import { type Static, Type, Value } from "../typebox.js";
import { ensureKeyDirectory, readGuarded, requireGuarded, writeOwnerOnly } from "./files.js";
import { decodeZ85 } from "./z85.js";

const KEY_BYTES = 32;
const KEY_CHARS = 40;
/** More clients than this are not admitted: the list is read into memory. */
export const MAX_CLIENTS = FIXED.tcp_clients;
const NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;
const PUBLIC_SUFFIX = ".pub";

const Key = Type.String({ minLength: KEY_CHARS, maxLength: KEY_CHARS });
const ServerKeyFile = Type.Object({ public: Key, secret: Key });
export type ServerKey = Static<typeof ServerKeyFile>;

const ClientKeyFile = Type.Object({ server_public: Key, public: Key, secret: Key });
/** What a client needs: its own pair and whom to expect at the other end. All in Z85. */
export type ClientKey = Readonly<Static<typeof ClientKeyFile>>;

export function serverKeyPath(dir: string): string {
  return join(dir, "server.key");
}

export function clientsDir(dir: string): string {
  return join(dir, "clients");
}

/** Makes the server's key pair. @throws ConfigError when there is one: clients know it, so it is not replaced silently */
export function createServerKey(dir: string, uid: number): string {
  const path = serverKeyPath(dir);
  ensureKeyDirectory(dir, uid);
  ensureKeyDirectory(clientsDir(dir), uid);
  if (existsSync(path)) {
    throw new ConfigError(
      `${path} exists, and its clients know it: to replace it, remove it, make a new one and issue all client keys again`,
    );
  }
  const pair = newPair();
  writeOwnerOnly(path, `${JSON.stringify({ public: pair.public, secret: pair.secret }, null, 2)}\n`);
  return path;
}

/**
 * Makes a client's key pair and lets its public half in.
 * @param out file for the client; null: `issued/NAME.key` in the keys directory
 * @returns the path of the client's file
 */
export function createClientKey(dir: string, name: string, out: string | null, uid: number): string {
  requireName(name);
  const server = readServerKey(dir, uid);
  const pub = join(clientsDir(dir), `${name}${PUBLIC_SUFFIX}`);
  if (existsSync(pub)) {
    throw new ConfigError(
      `client "${name}" has a key (${pub}): take another name, or \`talebridge keys revoke ${name}\``,
    );
  }
  if (out === null) ensureKeyDirectory(join(dir, "issued"), uid);
  const path = out ?? join(dir, "issued", `${name}.key`);
  if (existsSync(path)) throw new ConfigError(`${path} exists: choose another file with --out`);
  const pair = newPair();
  const key: ClientKey = { server_public: server.public, public: pair.public, secret: pair.secret };
  writeOwnerOnly(path, `${JSON.stringify(key, null, 2)}\n`);
  ensureKeyDirectory(clientsDir(dir), uid);
  writeOwnerOnly(pub, `${pair.public}\n`);
  return path;
}

/** Takes a client off the list. @throws ConfigError when it is not on it */
export function revokeClient(dir: string, name: string): void {
  requireName(name);
  const pub = join(clientsDir(dir), `${name}${PUBLIC_SUFFIX}`);
  if (!existsSync(pub)) throw new ConfigError(`there is no client "${name}": \`talebridge keys list\` shows them`);
  rmSync(pub);
  rmSync(join(dir, "issued", `${name}.key`), { force: true });
}

/** @throws ConfigError naming the file and the fix when it is absent, open to others or not a key */
export function readServerKey(dir: string, uid: number): ServerKey {
  const path = serverKeyPath(dir);
  if (!existsSync(path)) {
    throw new ConfigError(
      `${path} is missing: make the server's key with \`talebridge keys server --keys-dir ${dir}\``,
    );
  }
  const key = parseJson(readGuarded(path, "secret", uid));
  if (!Value.Check(ServerKeyFile, key) || !isKey(key.public) || !isKey(key.secret)) {
    throw new ConfigError(
      `${path} is not a server key: remove it and run \`talebridge keys server --keys-dir ${dir}\``,
    );
  }
  return key;
}

/** The file a client was given. @throws ConfigError naming it and the fix when it is open to others or not a key */
export function readClientKey(path: string, uid: number): ClientKey {
  const key = parseJson(readGuarded(path, "secret", uid));
  if (Value.Check(ClientKeyFile, key) && isKey(key.server_public) && isKey(key.public) && isKey(key.secret)) return key;
  throw new ConfigError(
    `${path} is not a client's key: make one with \`talebridge keys client NAME\` where the bridge runs`,
  );
}

/**
 * Public keys of the clients let in, by key.
 * @throws ConfigError when the list, or a file of it, could have been changed by others or is not a key
 */
export function readClients(dir: string, uid: number): ReadonlyMap<string, string> {
  const folder = clientsDir(dir);
  if (!existsSync(folder)) return new Map();
  requireGuarded(folder, "trusted", uid);
  const files = readdirSync(folder).filter((file) => file.endsWith(PUBLIC_SUFFIX));
  if (files.length > MAX_CLIENTS) {
    throw new ConfigError(`${folder} holds ${files.length} clients; at most ${MAX_CLIENTS}: revoke some`);
  }
  const clients = new Map<string, string>();
  for (const file of files) {
    const path = join(folder, file);
    const key = readGuarded(path, "trusted", uid).trim();
    if (!isKey(key)) throw new ConfigError(`${path} does not hold a public key (40 characters of Z85): remove it`);
    clients.set(key, file.slice(0, -PUBLIC_SUFFIX.length));
  }
  return clients;
}

function newPair(): { readonly public: string; readonly secret: string } {
  const { publicKey, secretKey } = curveKeyPair();
  return { public: publicKey, secret: secretKey };
}

function isKey(text: string): boolean {
  return decodeZ85(text)?.length === KEY_BYTES;
}

function requireName(name: string): void {
  if (!NAME.test(name)) {
    throw new ConfigError(`client name was "${name.slice(0, 80)}"; must be 1 to 64 letters, digits, "-" or "_"`);
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
