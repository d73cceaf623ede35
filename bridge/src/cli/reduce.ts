/** `talebridge reduce`: no new risk, for winding down. Denies as `halt` does, under a name of its own in status, journal and log. */
import { DENYING, runDenying } from "./manual.js";

export const usage = `talebridge reduce --why TEXT [--session NAME] [--for 4h | --until 2026-11-23T08:00Z] [--dir DIR] [--json]
  No new risk: denies entries and additions as halt does, and says REDUCING, for winding a bot down.`;

export const options = DENYING;

export function run(argv: readonly string[]): Promise<number> {
  return runDenying("REDUCING", argv);
}
