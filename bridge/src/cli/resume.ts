/** `talebridge resume`: ends a halt or a reduction. */
import { runResume } from "./manual.js";

export const usage = `talebridge resume --why TEXT [--session NAME] [--dir DIR] [--json]
  Lets entries through again after \`talebridge halt\` or \`reduce\`.`;

export function run(argv: readonly string[]): Promise<number> {
  return runResume(argv);
}
