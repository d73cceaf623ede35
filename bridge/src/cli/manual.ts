/** The manual switch, shared by `talebridge halt` and `talebridge resume`. */
import { userInfo } from "node:os";
import type { SessionStatus } from "../gate/types.js";
import { OP, SESSION_STATUS } from "../protocol/codes.js";
import { ask, chooseDir } from "./client.js";
import { currentUid, EXIT, UsageError } from "./usage.js";

const UNITS_MS = { m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** "90m", "4h" or "2d" in milliseconds. */
export function parseDuration(text: string): number {
  const match = /^(\d{1,5})([mhd])$/.exec(text);
  const unit = match?.[2];
  if (match === null || (unit !== "m" && unit !== "h" && unit !== "d") || Number(match[1]) === 0) {
    throw new UsageError(`--for was "${text}"; must be a number of minutes, hours or days such as 90m, 4h or 2d`);
  }
  return Number(match[1]) * UNITS_MS[unit];
}

/** Sets the state of one session, or of every live one, and says which were changed. */
export async function setStatus(
  status: SessionStatus,
  options: { dir: string | undefined; session: string | undefined; why: string | undefined; until_ms: number },
): Promise<number> {
  const { session = "", why, until_ms } = options;
  if (why === undefined || why.trim() === "")
    throw new UsageError('--why "…" is missing: the journal keeps the reason');
  const dir = chooseDir(options.dir, currentUid());
  const [names] = await ask(dir, OP.control, [session, SESSION_STATUS[status], until_ms, userInfo().username, why]);
  const until = until_ms === 0 ? "" : ` until ${new Date(until_ms).toISOString()}`;
  for (const name of Array.isArray(names) ? names : []) process.stdout.write(`${name} is ${status}${until}\n`);
  return EXIT.ok;
}
