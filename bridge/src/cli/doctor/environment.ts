/** What talebridge needs of this machine: Node, libzmq, the engine, descriptors, the clock, room for the journal. */
import { accessSync, constants, existsSync, statfsSync } from "node:fs";
import { cpus } from "node:os";
import { dirname } from "node:path";
import { capability, version as zmqVersion } from "zeromq";
import { type LoadedEngine, loadEngine } from "../../engine/engine.js";
import { listFiles } from "../../journal/files.js";
import { FIXED } from "../../limits.js";
import { openFilesLimit } from "../../server/descriptors.js";
import { VERSION } from "../../version.js";
import { bad, checkMode, type Finding, good, messageOf } from "./finding.js";

const MIN_NODE_MAJOR = 20;
const MIN_FILES = FIXED.open_files;
const MIN_FREE_BYTES = 256 * 1024 * 1024;
/** Before this there was no talebridge: the clock was never set. */
const EARLIEST_MS = Date.UTC(2026, 0, 1);
const HOUR_MS = 3_600_000;

export function checkVersions(): Finding[] {
  const major = Number(process.versions.node.split(".", 1)[0]);
  const text = `talebridge ${VERSION}, Node ${process.versions.node}, ${process.platform} ${process.arch}`;
  return [
    major >= MIN_NODE_MAJOR ? good("versions", text) : bad("versions", text, `install Node ${MIN_NODE_MAJOR} or newer`),
    capability.ipc === true
      ? good("zeromq", `libzmq ${zmqVersion} with ipc${capability.curve === true ? " and CURVE" : ""}`)
      : bad("zeromq", `libzmq ${zmqVersion} has no ipc transport`, "run talebridge on Linux, macOS or inside WSL"),
  ];
}

export function checkEngine(): { readonly finding: Finding; readonly engine: LoadedEngine | null } {
  try {
    const engine = loadEngine();
    const cpu = cpus()[0]?.model.trim() ?? "unknown processor";
    const text = `version ${engine.version}, ${engine.simd} on ${cpu}, ${engine.parallel ? "parallel" : "one thread"}, ${engine.columns.length} columns`;
    return { finding: good("engine", text), engine };
  } catch (error) {
    return { finding: bad("engine", messageOf(error), "npm run build"), engine: null };
  }
}

/** What a daemon started from here may open; a system that does not tell is not judged. */
export function checkFiles(): Finding[] {
  const limit = openFilesLimit();
  if (limit === null) return [];
  if (limit >= MIN_FILES) return [good("descriptors", `${limit} open files`)];
  return [bad("descriptors", `only ${limit} open files`, `ulimit -Hn ${MIN_FILES}: each client takes one or two`)];
}

export function checkJournal(dir: string, now_ms: number): Finding[] {
  let existing = dir;
  while (!existsSync(existing) && dirname(existing) !== existing) existing = dirname(existing);
  try {
    accessSync(existing, constants.W_OK | constants.X_OK);
  } catch {
    return [
      bad(
        "journal",
        `${existing} is not writable`,
        `choose another directory with --journal-dir, or chown ${existing}`,
      ),
    ];
  }
  const findings = [good("journal", existing === dir ? `${dir} is writable` : `${dir} can be created`)];
  if (existing === dir) findings.push(checkMode(dir, 0o700));
  const { bavail, bsize } = statfsSync(existing);
  const free = bavail * bsize;
  const text = `${Math.round(free / 1024 / 1024)} MiB free in ${existing}`;
  findings.push(
    free >= MIN_FREE_BYTES
      ? good("disk", text)
      : bad("disk", text, "make room, or lower journal.max_total_bytes: without room entries are denied"),
  );
  return [...findings, checkClock(dir, now_ms)];
}

/** A clock that was never set, or was set back behind what the journal has seen. */
function checkClock(dir: string, now_ms: number): Finding {
  const shown = new Date(now_ms).toISOString();
  const fix = "set the system's clock (timedatectl set-ntp true), then restart the bridge and the bot";
  if (now_ms < EARLIEST_MS) return bad("clock", `${shown} cannot be`, fix);
  const newest = existsSync(dir) ? (listFiles(dir).at(-1)?.start_ms ?? 0) : 0;
  if (newest > now_ms + HOUR_MS) {
    return bad("clock", `${shown} is before ${new Date(newest).toISOString()}, when the journal was last begun`, fix);
  }
  return good("clock", shown);
}
