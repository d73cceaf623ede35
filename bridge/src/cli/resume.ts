/** `talebridge resume`: ends a halt. */
import { parseArgs } from "node:util";
import { setStatus } from "./manual.js";

export const usage = `talebridge resume --why TEXT [--session NAME] [--dir DIR]
  Lets entries through again after \`talebridge halt\`.`;

export async function run(argv: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...argv],
    options: { why: { type: "string" }, session: { type: "string" }, dir: { type: "string" } },
  });
  return setStatus("ACTIVE", { dir: values.dir, session: values.session, why: values.why, until_ms: 0 });
}
