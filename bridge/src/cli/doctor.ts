/** `talebridge doctor`: checks what serving needs, one line per check, each failure with its fix. Exit code 0 when all is well. */
import { accessSync, constants, existsSync, lstatSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { capability, version as zmqVersion } from "zeromq";
import { resolveDaemon } from "../config/daemon.js";
import { BATCH_SOCKET, GATE_SOCKET, LOCK_FILE } from "../config/paths.js";
import { type LoadedEngine, loadEngine } from "../engine/engine.js";
import { OP } from "../protocol/codes.js";
import { VERSION } from "../version.js";
import { ask } from "./client.js";
import { currentUid, EXIT, listViolations } from "./usage.js";

export const usage = `talebridge doctor [--dir DIR] [--journal-dir DIR] [--config FILE]
  Checks versions, engine, configuration, directory, permissions, lock and the daemon's answer. Exit code 0: healthy.`;

const MIN_NODE_MAJOR = 20;

interface Finding {
  readonly what: string;
  readonly ok: boolean;
  readonly text: string;
}

export async function run(argv: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...argv],
    options: { dir: { type: "string" }, "journal-dir": { type: "string" }, config: { type: "string" } },
  });
  const findings = [checkNode(), checkZeromq()];
  const engine = tryLoad(findings);
  const resolution = resolveDaemon({ ...values, journal_dir: values["journal-dir"] }, process.env, currentUid());
  if (!resolution.ok) {
    findings.push(bad("configuration", `invalid:\n${listViolations(resolution.violations)}`));
  } else {
    const { dir, journal_dir } = resolution.config;
    findings.push(good("configuration", `directory ${dir}, journal ${journal_dir}`));
    findings.push(checkJournal(journal_dir));
    findings.push(...(await checkDaemon(dir, engine)));
  }
  for (const { ok, what, text } of findings) process.stdout.write(`${ok ? "ok  " : "FAIL"}  ${what}: ${text}\n`);
  return findings.every((finding) => finding.ok) ? EXIT.ok : EXIT.failed;
}

function checkNode(): Finding {
  const major = Number(process.versions.node.split(".", 1)[0]);
  const text = `talebridge ${VERSION}, Node ${process.versions.node}`;
  return major >= MIN_NODE_MAJOR
    ? good("versions", text)
    : bad("versions", `${text}; Node ${MIN_NODE_MAJOR} or newer is needed`);
}

function checkZeromq(): Finding {
  return capability.ipc === true
    ? good("zeromq", `libzmq ${zmqVersion} with ipc`)
    : bad("zeromq", `libzmq ${zmqVersion} has no ipc transport: talebridge runs on Linux, macOS or inside WSL`);
}

function tryLoad(findings: Finding[]): LoadedEngine | null {
  try {
    const engine = loadEngine();
    findings.push(good("engine", `version ${engine.version}, ${engine.simd}, ${engine.columns.length} columns`));
    return engine;
  } catch (error) {
    findings.push(bad("engine", messageOf(error)));
    return null;
  }
}

function checkJournal(dir: string): Finding {
  let existing = dir;
  while (!existsSync(existing) && dirname(existing) !== existing) existing = dirname(existing);
  try {
    accessSync(existing, constants.W_OK | constants.X_OK);
    return good("journal", existing === dir ? `${dir} is writable` : `${dir} can be created`);
  } catch {
    return bad("journal", `${existing} is not writable: choose another directory with --journal-dir`);
  }
}

async function checkDaemon(dir: string, engine: LoadedEngine | null): Promise<Finding[]> {
  if (!existsSync(dir))
    return [bad("daemon", `${dir} does not exist: start one with \`talebridge serve --dir ${dir}\``)];
  const findings = [checkMode(dir, 0o700)];
  for (const name of [GATE_SOCKET, BATCH_SOCKET]) {
    const path = join(dir, name);
    if (existsSync(path)) findings.push(checkMode(path, 0o600));
  }
  const locked = isLocked(join(dir, LOCK_FILE), engine);
  try {
    const [status] = await ask(dir, OP.status, []);
    const { pid, server, uptime_s, journal } = Object(status);
    findings.push(good("daemon", `${server}, pid ${pid}, up ${uptime_s} s`));
    if (!locked)
      findings.push(bad("lock", `a daemon answers, but ${LOCK_FILE} is not locked: stop it and start it again`));
    if (Object(journal).failing === true)
      findings.push(bad("journal", "the daemon cannot write it: entries are denied"));
  } catch (error) {
    const held = locked ? `; ${LOCK_FILE} is locked, so a daemon runs but hangs: restart it` : "";
    findings.push(bad("daemon", `${messageOf(error)}${held}`));
  }
  return findings;
}

function checkMode(path: string, wanted: number): Finding {
  const stat = lstatSync(path);
  const mode = stat.mode & 0o777;
  const text = `${path} has mode ${mode.toString(8)}`;
  const others = mode & 0o077 & ~wanted;
  return others === 0 ? good("permissions", text) : bad("permissions", `${text}: chmod ${wanted.toString(8)} ${path}`);
}

function isLocked(path: string, engine: LoadedEngine | null): boolean {
  if (engine === null || !existsSync(path)) return false;
  const lock = engine.tryLock(path);
  lock?.release();
  return lock === null;
}

function good(what: string, text: string): Finding {
  return { what, ok: true, text };
}

function bad(what: string, text: string): Finding {
  return { what, ok: false, text };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
