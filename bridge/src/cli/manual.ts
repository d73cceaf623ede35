/** The manual switch, shared by `talebridge halt`, `reduce` and `resume`. */
import { parseArgs } from "node:util";
import type { SessionStatus } from "../gate/types.js";
import { OP, SESSION_STATUS } from "../protocol/codes.js";
import { ask, chooseDir } from "./client.js";
import { plain } from "./plain.js";
import { endOf, showInstant } from "./time.js";
import { currentUid, EXIT, operator, UsageError } from "./usage.js";

export const RESUMING = {
  why: { type: "string" },
  session: { type: "string" },
  dir: { type: "string" },
  json: { type: "boolean" },
} as const;
export const DENYING = { ...RESUMING, for: { type: "string" }, until: { type: "string" } } as const;

/** `halt` and `reduce`: until resumed, for a time or until one. */
export async function runDenying(status: "HALTED" | "REDUCING", argv: readonly string[]): Promise<number> {
  const { values } = parseArgs({ args: [...argv], options: DENYING });
  return setStatus(status, values, endOf(values, Date.now()));
}

/** `resume`. */
export async function runResume(argv: readonly string[]): Promise<number> {
  const { values } = parseArgs({ args: [...argv], options: RESUMING });
  return setStatus("ACTIVE", values, 0);
}

interface Given {
  readonly dir?: string | undefined;
  readonly session?: string | undefined;
  readonly why?: string | undefined;
  readonly json?: boolean | undefined;
}

/** Sets the state of one session, or of every live one, and says which were changed. @param until_ms 0: until changed */
async function setStatus(status: SessionStatus, given: Given, until_ms: number): Promise<number> {
  const { session = "", why } = given;
  if (why === undefined || why.trim() === "")
    throw new UsageError('--why "…" is missing: the journal keeps the reason');
  const by = operator();
  const dir = chooseDir(given.dir, currentUid());
  const [body] = await ask(dir, OP.control, [session, SESSION_STATUS[status], until_ms, by, why]);
  const sessions = Array.isArray(body) ? body.map(String) : [];
  if (given.json === true) {
    process.stdout.write(
      `${JSON.stringify({ state: status, until_ms: until_ms === 0 ? null : until_ms, by, why, sessions })}\n`,
    );
    return EXIT.ok;
  }
  const until = until_ms === 0 ? "" : ` until ${showInstant(until_ms)}`;
  for (const name of sessions) process.stdout.write(`${plain(name)} is ${status}${until}\n`);
  return EXIT.ok;
}
