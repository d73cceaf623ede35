/** `talebridge explain PAIR`: why the last verdict about a pair was what it was, and what would end it. Works without a daemon: from its journal. */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { resolveDaemon } from "../config/daemon.js";
import { type JournalledSettings, readJournalled } from "../config/journalled.js";
import { toPolicy } from "../config/resolve.js";
import { summarize } from "../gate/groups.js";
import { isLive } from "../gate/session.js";
import { standing } from "../gate/standing.js";
import type { GroupLimits } from "../gate/types.js";
import { foldLive } from "../journal/reader.js";
import { type GateLine, lastDecision, lastHello, recentPairs } from "../journal/search.js";
import { FIXED } from "../limits.js";
import { DaemonError } from "./client.js";
import { renderExplanation } from "./explain_text.js";
import { explain, type Now } from "./explanation.js";
import { askStatus, type StatusReport } from "./report.js";
import { currentUid, EXIT, listViolations, UsageError } from "./usage.js";

export const usage = `talebridge explain PAIR [--session NAME] [--dir DIR] [--journal-dir DIR] [--config FILE] [--json]
  Why the last verdict about a pair: every limit with its numbers, how the session stands now, and what ends a denial, and when.`;

const MAX_SUGGESTIONS = FIXED.suggested_pairs;

export const options = {
  session: { type: "string" },
  dir: { type: "string" },
  "journal-dir": { type: "string" },
  config: { type: "string" },
  json: { type: "boolean" },
} as const;

export async function run(argv: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options,
  });
  const [pair, ...rest] = positionals;
  if (pair === undefined || rest.length > 0) throw new UsageError(usage);
  const resolution = resolveDaemon({ dir: values.dir, config: values.config }, process.env, currentUid());
  if (!resolution.ok) throw new UsageError(`invalid configuration:\n${listViolations(resolution.violations)}`);
  const status = await statusIfServed(resolution.config.dir);
  const given = values["journal-dir"];
  const journal_dir = given !== undefined ? resolve(given) : (status?.journal.dir ?? resolution.config.journal_dir);
  if (!existsSync(journal_dir)) {
    throw new DaemonError(`there is no journal in ${journal_dir}: name the one meant with --journal-dir or --dir`);
  }

  const decision = lastDecision(journal_dir, pair, values.session ?? null);
  if (decision === null) throw new DaemonError(unknownPair(pair, values.session, journal_dir));
  const hello = lastHello(journal_dir, decision.session, decision.t_ms);
  const settings = hello === null ? null : readJournalled(hello.settings);
  // Another journal than the daemon's knows other sessions, though they may share a name.
  const serving = status?.journal.dir === journal_dir ? status : null;
  const live = hello === null || isLive(hello.run_mode);
  const now = live ? sessionNow(decision, settings, serving, journal_dir, resolution.config.groups) : null;
  const explanation = explain(decision, settings, now);
  process.stdout.write(
    values.json === true
      ? `${JSON.stringify({ journal_dir, ...explanation })}\n`
      : renderExplanation(explanation, now?.now_ms ?? Date.now()),
  );
  return EXIT.ok;
}

async function statusIfServed(dir: string): Promise<StatusReport | null> {
  try {
    return await askStatus(dir);
  } catch (error) {
    if (error instanceof DaemonError) return null;
    throw error;
  }
}

function sessionNow(
  { session }: GateLine,
  settings: JournalledSettings | null,
  status: StatusReport | null,
  journal_dir: string,
  limits: Readonly<Record<string, GroupLimits>>,
): Now | null {
  if (status !== null) {
    const known = status.sessions.find((one) => one.session === session);
    return known === undefined ? null : { source: "daemon", now_ms: status.now_ms, standing: known.standing };
  }
  const { sessions, groups } = foldLive(journal_dir, { onDamage: () => undefined });
  const folded = sessions.get(session);
  if (folded === undefined) return null;
  const now_ms = Date.now();
  const policy = settings === null ? null : toPolicy(settings);
  return {
    source: "journal",
    now_ms,
    standing: standing(folded.state, policy, now_ms, summarize(groups, limits, session, folded.state, null)),
  };
}

function unknownPair(pair: string, session: string | undefined, journal_dir: string): string {
  const of = session === undefined ? "" : ` of session "${session}"`;
  const known = recentPairs(journal_dir, MAX_SUGGESTIONS);
  const others = known.length === 0 ? "it holds no decision yet" : `it knows ${known.join(", ")}`;
  return `the journal in ${journal_dir} holds no decision about "${pair}"${of}: ${others}`;
}
