/** The page's token: 256 random bits in a file of the daemon's user alone, made once, so that a restart asks nobody again. */
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { readGuarded, writeOwnerOnly } from "../security/files.js";
import { ConfigError } from "../server/directory.js";

const TOKEN = /^[A-Za-z0-9_-]{32,256}$/;

/**
 * Reads the token, or makes one.
 * @throws ConfigError when the file is open to others, holds no token, or cannot be written
 */
export function openToken(path: string, uid: number): string {
  if (!existsSync(path)) writeOwnerOnly(path, `${randomBytes(32).toString("base64url")}\n`);
  return readToken(path, uid);
}

/** @throws ConfigError when there is no token others could not have read */
export function readToken(path: string, uid: number): string {
  const text = readGuarded(path, "secret", uid).trim();
  if (TOKEN.test(text)) return text;
  throw new ConfigError(
    `${path} must hold 32 to 256 letters, digits, "-" and "_": remove it, and a new one is made at the next start`,
  );
}
