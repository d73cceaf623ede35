/** The running daemon: files for its owner alone, one lock, answers on both sockets, the same engine as here. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { BATCH_SOCKET, LOCK_FILE, socketNames } from "../../config/paths.js";
import { resolveSettings } from "../../config/resolve.js";
import type { LoadedEngine } from "../../engine/engine.js";
import { OP } from "../../protocol/codes.js";
import { VERSION } from "../../version.js";
import { ask } from "../client.js";
import { askStatus, type StatusReport } from "../report.js";
import { showSpan } from "../time.js";
import { bad, checkMode, type Finding, good, messageOf } from "./finding.js";

const ROUND_TRIPS = 20;
/** Slower than this on one machine, and the shim's default deadline of 50 ms is at risk. */
const FAST_MS = 20;
const MAX_CLOCK_DIFFERENCE_MS = 1000;

/** How a daemon's two sockets are asked. */
export interface Line {
  readonly gate: (op: number, body: readonly unknown[]) => Promise<readonly unknown[]>;
  readonly batch: (op: number, body: readonly unknown[]) => Promise<readonly unknown[]>;
}

export interface Expected {
  readonly engine: LoadedEngine | null;
  /** The gate part of the settings, to compare fingerprints by. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly timeframe_s: number;
}

/** The daemon of a directory of this machine. */
export async function checkDaemon(dir: string, expected: Expected): Promise<Finding[]> {
  const { engine } = expected;
  const start = `start one with \`talebridge serve --dir ${dir}\``;
  if (!existsSync(dir)) return [bad("daemon", `${dir} does not exist`, start)];
  const findings = [checkMode(dir, 0o700)];
  for (const name of [...socketNames(true), LOCK_FILE]) {
    if (existsSync(join(dir, name))) findings.push(checkMode(join(dir, name), 0o600));
  }
  const locked = isLocked(join(dir, LOCK_FILE), engine);
  let status: StatusReport;
  try {
    status = await askStatus(dir);
  } catch (error) {
    const hangs = `${LOCK_FILE} is locked, so a daemon runs but does not answer: restart it`;
    return [...findings, bad("daemon", messageOf(error), locked ? hangs : start)];
  }
  if (!locked)
    findings.push(bad("lock", `a daemon answers, but ${LOCK_FILE} is not locked`, "stop it and start it again"));
  const line: Line = {
    gate: (op, body) => ask(dir, op, body),
    batch: (op, body) => ask(dir, op, body, BATCH_SOCKET),
  };
  return [...findings, ...(await checkAnswers(line, status, expected, FAST_MS))];
}

/** What can be asked of any daemon, wherever it is. @param fast_ms a round trip slower than this is a failure */
export async function checkAnswers(
  line: Line,
  status: StatusReport,
  expected: Expected,
  fast_ms: number,
): Promise<Finding[]> {
  const findings = [checkServer(status)];
  if (status.journal.failing) {
    const fix = `make ${status.journal.dir} writable, or make room: the daemon goes on by itself then`;
    findings.push(bad("journal", "the daemon cannot write it: entries are denied", fix));
  }
  findings.push(checkClocks(status), await checkRoundTrip(line, fast_ms));
  return [...findings, await checkFingerprint(line, expected)];
}

function checkServer({ server, pid, uptime_s, sessions }: StatusReport): Finding {
  const text = `${server}, pid ${pid}, up ${showSpan(uptime_s * 1000)}, ${sessions.length} sessions`;
  return server === `talebridge/${VERSION}`
    ? good("daemon", text)
    : bad("daemon", `${text}; this command is ${VERSION}`, "restart the daemon, so that both are of one version");
}

function checkClocks({ now_ms }: StatusReport): Finding {
  const difference_ms = Math.abs(Date.now() - now_ms);
  const text = `the daemon's clock differs by ${difference_ms} ms`;
  return difference_ms <= MAX_CLOCK_DIFFERENCE_MS
    ? good("clocks", text)
    : bad("clocks", text, "set the clock of the machine or container it runs in");
}

async function checkRoundTrip({ gate }: Line, fast_ms: number): Promise<Finding> {
  const times: number[] = [];
  for (let i = 0; i < ROUND_TRIPS; i++) {
    const began_ms = performance.now();
    await gate(OP.status, []);
    times.push(performance.now() - began_ms);
  }
  const median = times.sort((a, b) => a - b)[ROUND_TRIPS / 2] ?? 0;
  const text = `${median.toFixed(1)} ms, connecting included (median of ${ROUND_TRIPS})`;
  return median <= fast_ms
    ? good("round trip", text)
    : bad("round trip", text, "give the machine more room, or raise risk_bridge.timeout_ms");
}

/** Hello on the batch socket opens no session. */
async function checkFingerprint({ batch }: Line, { engine, settings, timeframe_s }: Expected): Promise<Finding> {
  const hello = {
    client: `talebridge-doctor/${VERSION}`,
    minor: 0,
    run_mode: "util",
    session: "doctor",
    settings: { ...settings, timeframe_s },
  };
  try {
    const [body] = await batch(OP.hello, [hello]);
    const { engine_fingerprint: theirs, memory_rows } = Object(body);
    const ours = engine === null ? null : resolveSettings(settings, { timeframe_s, run_mode: "util" }, engine);
    const text = `engine ${theirs}, ${memory_rows} candles of memory`;
    if (ours === null || !ours.ok || ours.engine_fingerprint === theirs) return good("fingerprint", text);
    return bad(
      "fingerprint",
      `${text}; installed here is ${ours.engine_fingerprint}`,
      "restart the daemon: it runs an older engine",
    );
  } catch (error) {
    return bad("fingerprint", `the batch socket: ${messageOf(error)}`, "restart the daemon");
  }
}

function isLocked(path: string, engine: LoadedEngine | null): boolean {
  if (engine === null || !existsSync(path)) return false;
  const lock = engine.tryLock(path);
  lock?.release();
  return lock === null;
}
