/** `talebridge rebase`: begins a session's equity history anew, e.g. after a withdrawal. */
import { parseArgs } from "node:util";
import { OP } from "../protocol/codes.js";
import { ask, chooseDir } from "./client.js";
import { currentUid, EXIT, operator, UsageError } from "./usage.js";

export const usage = `talebridge rebase --session NAME --why TEXT [--dir DIR] [--json]
  Forgets a session's equity history: drawdown and daily loss are measured from its next samples on. For money taken out, or a new wallet.`;

export const options = {
  why: { type: "string" },
  session: { type: "string" },
  dir: { type: "string" },
  json: { type: "boolean" },
} as const;

export async function run(argv: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...argv],
    options,
  });
  const { session = "", why = "" } = values;
  if (session === "") throw new UsageError("--session NAME is missing: `talebridge status` lists the sessions");
  if (why.trim() === "") throw new UsageError('--why "…" is missing: the journal keeps the reason');
  const [name] = await ask(chooseDir(values.dir, currentUid()), OP.rebase, [session, operator(), why]);
  if (values.json === true) process.stdout.write(`${JSON.stringify({ session: name })}\n`);
  else process.stdout.write(`${name}: drawdown and daily loss are measured from the next samples on\n`);
  return EXIT.ok;
}
