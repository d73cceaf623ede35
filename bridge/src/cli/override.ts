/** `talebridge override`: sets single limits of a running bot until a time, lists what is set and lifts it. */
import { parseArgs } from "node:util";
import { checkLimits } from "../config/override.js";
import { OVERRIDABLE } from "../gate/overrides.js";
import { OP } from "../protocol/codes.js";
import { ask, chooseDir } from "./client.js";
import { show } from "./explain_text.js";
import { plain } from "./plain.js";
import { askStatus } from "./report.js";
import { overrideLine } from "./status_text.js";
import { endOf, showInstant } from "./time.js";
import { currentUid, EXIT, listViolations, operator, UsageError } from "./usage.js";

export const usage = `talebridge override --session NAME --set limits.max_drawdown=0.25 [--set …] --for 6h --why TEXT [--until 2026-11-23T08:00Z] [--dir DIR] [--json]
talebridge override --session NAME --lift limits.max_drawdown [--lift …] | --lift all --why TEXT
talebridge override [--session NAME]
  Sets single limits of a live session for a time; the journal keeps who and why. --lift ends that before its time. Neither: lists what is set.`;

export const options = {
  set: { type: "string", multiple: true },
  lift: { type: "string", multiple: true },
  for: { type: "string" },
  until: { type: "string" },
  why: { type: "string" },
  session: { type: "string" },
  dir: { type: "string" },
  json: { type: "boolean" },
} as const;

const PREFIX = "limits.";
const ALL = "all";

export async function run(argv: readonly string[]): Promise<number> {
  const { values } = parseArgs({ args: [...argv], options });
  const { set = [], lift = [], session = "", why = "" } = values;
  const dir = chooseDir(values.dir, currentUid());
  const json = values.json === true;
  if (set.length > 0 && lift.length > 0) throw new UsageError("--set or --lift, not both");
  if (set.length === 0 && lift.length === 0) return list(dir, session, json);
  if (session === "") throw new UsageError("--session NAME is missing: `talebridge status` lists the sessions");
  if (why.trim() === "") throw new UsageError('--why "…" is missing: the journal keeps the reason');
  if (lift.length > 0) {
    const names = lift.includes(ALL) ? [] : lift.map(nameOf);
    const [reply] = await ask(dir, OP.lift, [session, names, operator(), why]);
    return tell(reply, json, `${plain(session)}: lifted ${lift.join(", ")}`);
  }
  const limits = readLimits(set);
  const until_ms = endOf(values, Date.now());
  if (until_ms === 0) throw new UsageError("--for or --until is missing: an override has an end");
  const [reply] = await ask(dir, OP.override, [session, limits, until_ms, operator(), why]);
  const what = Object.entries(limits).map(
    ([key, value]) => `${PREFIX}${key} is ${value === null ? "off" : show(value)}`,
  );
  return tell(reply, json, `${plain(session)}: ${what.join(", ")} until ${showInstant(until_ms)}`);
}

function tell(reply: unknown, json: boolean, text: string): number {
  process.stdout.write(json ? `${JSON.stringify(reply)}\n` : `${text}\n`);
  return EXIT.ok;
}

/** "limits.max_drawdown=0.25" by name, checked by the settings' own schema before anybody is asked. */
function readLimits(set: readonly string[]): Record<string, number | null> {
  const limits: Record<string, number | null> = {};
  for (const text of set) {
    const at = text.indexOf("=");
    const value = text.slice(at + 1).trim();
    const number = Number(value);
    if (at < 0 || value === "" || (value !== "null" && Number.isNaN(number))) {
      throw new UsageError(`--set was "${text}"; must be such as limits.max_drawdown=0.25, or =null for off`);
    }
    const name = nameOf(text.slice(0, at));
    if (Object.hasOwn(limits, name)) throw new UsageError(`--set names ${PREFIX}${name} twice`);
    limits[name] = value === "null" ? null : number;
  }
  const violations = checkLimits(limits);
  if (violations.length > 0) throw new UsageError(`invalid override:\n${listViolations(violations)}`);
  return limits;
}

function nameOf(text: string): string {
  const path = text.trim();
  if (path.startsWith(PREFIX)) return path.slice(PREFIX.length);
  throw new UsageError(
    `"${path}" is not a limit: only the limits block can be overridden, as ${OVERRIDABLE.map((key) => PREFIX + key).join(", ")}`,
  );
}

async function list(dir: string, session: string, json: boolean): Promise<number> {
  const status = await askStatus(dir);
  const found = status.sessions
    .filter((one) => session === "" || one.session === session)
    .flatMap((one) => (one.standing.overrides ?? []).map((override) => ({ session: one.session, ...override })));
  const lines = found.map((override) => overrideLine(override.session, override));
  process.stdout.write(
    json ? `${JSON.stringify(found)}\n` : `${lines.length === 0 ? "no limit is overridden" : lines.join("\n")}\n`,
  );
  return EXIT.ok;
}
