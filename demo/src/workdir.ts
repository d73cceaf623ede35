/** Where a demo run writes: everything under one folder that it made itself. */

import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CannotRun } from "./options.js";

const MARKER = ".made-by-talebridge-demo";
/** Unix socket paths end at 107 bytes on Linux, 103 on macOS. */
const MAX_SOCKET_PATH = 100;

export interface WorkDir {
  /** Of the synthetic market; kept between runs. */
  readonly market: string;
  readonly userdir: string;
  readonly strategies: string;
  readonly journal: string;
  readonly logs: string;
  readonly report: string;
  readonly report_json: string;
  readonly ungated: string;
  readonly gated: string;
  /** The daemon's sockets. In the system's temporary folder when the path would be too long for sockets. */
  readonly sockets: string;
  /** Removes what must not outlive the run. */
  cleanUp(): void;
}

/**
 * Makes the folders of a run; what an earlier run left in them is removed.
 * @param out the user's choice; only `run/`, `report.html` and `report.json` in it are written
 * @throws CannotRun when `out/run` is there and is not an earlier run's
 */
export function makeWorkDir(out: string, market: string): WorkDir {
  const run = join(out, "run");
  if (existsSync(run) && !existsSync(join(run, MARKER)))
    throw new CannotRun(`${run} was not made by this demo and is left alone: choose another folder with --out DIR.`);
  rmSync(run, { recursive: true, force: true });
  const dir = (...parts: readonly string[]): string => {
    const path = join(run, ...parts);
    mkdirSync(path, { recursive: true });
    return path;
  };
  writeFileSync(join(dir(), MARKER), "");
  const near = join(run, "bridge");
  const far = Buffer.byteLength(join(near, "batch.sock")) > MAX_SOCKET_PATH;
  const sockets = far ? mkdtempSync(join(tmpdir(), "talebridge-demo-")) : near;
  return {
    market,
    userdir: dir("user_data"),
    strategies: dir("strategies"),
    journal: dir("journal"),
    logs: dir("logs"),
    report: join(out, "report.html"),
    report_json: join(out, "report.json"),
    ungated: dir("results", "ungated"),
    gated: dir("results", "gated"),
    sockets,
    cleanUp: () => rmSync(sockets, { recursive: true, force: true }),
  };
}
