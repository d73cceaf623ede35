/** `talebridge halt`: stops new entries by hand. Exits are not affected. */
import { parseArgs } from "node:util";
import { parseDuration, setStatus } from "./manual.js";

export const usage = `talebridge halt --why TEXT [--session NAME] [--for 4h] [--reducing] [--dir DIR]
  Denies all entries of one session, or of every live one, until \`talebridge resume\` or for a time. Exits go on.`;

export async function run(argv: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      why: { type: "string" },
      session: { type: "string" },
      for: { type: "string" },
      reducing: { type: "boolean" },
      dir: { type: "string" },
    },
  });
  const until_ms = values.for === undefined ? 0 : Date.now() + parseDuration(values.for);
  return setStatus(values.reducing === true ? "REDUCING" : "HALTED", {
    dir: values.dir,
    session: values.session,
    why: values.why,
    until_ms,
  });
}
