/** What a journal folds to is what stood, to the bit: days of bots on one bridge that is stopped and killed; `npm run campaign:fold` is a year of it. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { simulate } from "../../../campaigns/lib/fold_time.mjs";
import { engine } from "../server/harness.js";

const DAYS = 20;
/** Everything that changes a session or a group, and everything that keeps it across a start. */
const KINDS = [
  "hello",
  "portfolio",
  "gate",
  "control",
  "override",
  "lift",
  "rebase",
  "leave",
  "forget",
  "state",
  "stop",
];
const SIMULATION_MS = 120_000;

it(
  "sessions, groups and verdicts after any start equal those before it",
  () => {
    const dir = mkdtempSync(join(tmpdir(), "tb-fold-"));
    try {
      const seen = simulate({ seed: 20_261_129, minutes: DAYS * 1440, dir, engine });
      expect(seen.different).toEqual([]);
      expect(KINDS.filter((kind) => seen.lines[kind] === undefined)).toEqual([]);
      expect(Math.min(seen.stopped, seen.killed, seen.torn)).toBeGreaterThan(0);
      expect(seen.files).toBeGreaterThan(DAYS);
      expect(seen.compared.verdicts).toBeGreaterThan(500);
      for (const reason of ["group_exposure", "group_drawdown", "drawdown", "halted"]) {
        expect(seen.reasons[reason], reason).toBeGreaterThan(0);
      }
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  },
  SIMULATION_MS,
);
