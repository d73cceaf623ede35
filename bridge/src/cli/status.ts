/** `talebridge status`: what the daemon is doing and what it has decided. */
import { parseArgs } from "node:util";
import { Type } from "typebox";
import { Value } from "typebox/value";
import { OP } from "../protocol/codes.js";
import { ask, chooseDir, DaemonError } from "./client.js";
import { currentUid, EXIT } from "./usage.js";

export const usage = `talebridge status [--dir DIR] [--json]
  Sessions, decisions by reason, journal and counters of the running daemon.`;

/** What this command reads of the daemon's answer; more may be in it. */
const StatusSchema = Type.Object({
  server: Type.String(),
  pid: Type.Number(),
  dir: Type.String(),
  uptime_s: Type.Number(),
  engine: Type.Object({ version: Type.String(), simd: Type.String() }),
  journal: Type.Object({ dir: Type.String(), seq: Type.Number(), failing: Type.Boolean() }),
  session_count: Type.Number(),
  sessions: Type.Array(
    Type.Object({
      session: Type.String(),
      run_mode: Type.String(),
      profile: Type.Union([Type.String(), Type.Null()]),
      mode: Type.Union([Type.String(), Type.Null()]),
      state: Type.String(),
      asked: Type.Number(),
      allowed: Type.Number(),
      reduced: Type.Number(),
      denied: Type.Number(),
      by_reason: Type.Record(Type.String(), Type.Number()),
    }),
  ),
  counters: Type.Record(Type.String(), Type.Number()),
});
type Status = Type.Static<typeof StatusSchema>;

export async function run(argv: readonly string[]): Promise<number> {
  const { values } = parseArgs({ args: [...argv], options: { dir: { type: "string" }, json: { type: "boolean" } } });
  const [body] = await ask(chooseDir(values.dir, currentUid()), OP.status, []);
  if (!Value.Check(StatusSchema, body)) throw new DaemonError("the daemon's status is of another version");
  process.stdout.write(values.json === true ? `${JSON.stringify(body)}\n` : render(body));
  return EXIT.ok;
}

function render(status: Status): string {
  const { engine, journal, counters } = status;
  const lines = [
    `${status.server}  pid ${status.pid}  up ${status.uptime_s} s  engine ${engine.version} (${engine.simd})`,
    `directory  ${status.dir}`,
    `journal    ${journal.dir}  ${journal.failing ? "FAILING: entries are denied" : `${journal.seq} lines`}`,
    `decisions  ${counters.decisions_allow} allow, ${counters.decisions_reduce} reduce, ${counters.decisions_deny} deny`,
    `sessions   ${status.session_count}`,
  ];
  for (const session of status.sessions) {
    const { asked, allowed, reduced, denied } = session;
    lines.push(
      `  ${session.session}  ${session.run_mode}  ${session.profile ?? "not connected"}  ${session.mode ?? ""}  ${session.state}`,
      `    ${asked} candidates: ${allowed} allowed, ${reduced} reduced, ${denied} denied${reasons(session.by_reason)}`,
    );
  }
  return `${lines.join("\n")}\n`;
}

function reasons(by_reason: Readonly<Record<string, number>>): string {
  const parts = Object.entries(by_reason)
    .sort(([, a], [, b]) => b - a)
    .map(([name, count]) => `${name} ${count}`);
  return parts.length === 0 ? "" : ` (${parts.join(", ")})`;
}
