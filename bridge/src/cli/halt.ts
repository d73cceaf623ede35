/** `talebridge halt`: stops new entries by hand. Exits are not affected. */
import { DENYING, runDenying } from "./manual.js";

export const usage = `talebridge halt --why TEXT [--session NAME] [--for 4h | --until 2026-11-23T08:00Z] [--dir DIR] [--json]
  Denies all entries of one session, or of every live one, until \`talebridge resume\` or that time. Exits go on.`;

export const options = DENYING;

export function run(argv: readonly string[]): Promise<number> {
  return runDenying("HALTED", argv);
}
