/** A folder for what a command writes, and what it says: both anew for every test of a file. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, vi } from "vitest";

export interface Ran {
  folder: string;
  stdout: string[];
}

export function commandRuns(): Ran {
  const ran: Ran = { folder: "", stdout: [] };
  beforeEach(() => {
    ran.folder = mkdtempSync(join(tmpdir(), "talebridge-command-"));
    ran.stdout = [];
    vi.spyOn(process.stdout, "write").mockImplementation((text) => ran.stdout.push(String(text)) > 0);
    vi.spyOn(process.stderr, "write").mockReturnValue(true);
  });
  afterEach(() => {
    vi.restoreAllMocks();
    rmSync(ran.folder, { recursive: true, force: true });
  });
  return ran;
}
