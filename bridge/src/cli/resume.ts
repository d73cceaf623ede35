/** `talebridge resume`: ends a halt or a reduction. */
import { RESUMING, runResume } from "./manual.js";

export const usage = `talebridge resume --why TEXT [--session NAME] [--dir DIR] [--json]
  Lets entries through again after \`talebridge halt\` or \`reduce\`.`;

export const options = RESUMING;

export function run(argv: readonly string[]): Promise<number> {
  return runResume(argv);
}
