/** Exit codes and errors shared by the commands. */
import { userInfo } from "node:os";

export const EXIT = { ok: 0, failed: 1, usage: 2 } as const;

/** Wrong use of a command; the message says what and how. Exit code 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** Violations as an indented list. */
export function listViolations(violations: readonly { readonly path: string; readonly message: string }[]): string {
  return violations.map((violation) => `  ${violation.path} ${violation.message}`).join("\n");
}

export function currentUid(): number {
  const uid = process.getuid?.();
  if (uid === undefined)
    throw new UsageError("this system has no user ids: run talebridge on Linux, macOS or inside WSL");
  return uid;
}

/** Who acts, for the audit. A user id without an account, as in many containers, has no name. */
export function operator(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${currentUid()}`;
  }
}
