/** The daemon's status as the commands read it: checked, because daemon and command may be of different versions. More may be in it. */

import { OP } from "../protocol/codes.js";
import { type Static, Type, Value } from "../typebox.js";
import { ask, DaemonError } from "./client.js";

const NumOrNull = Type.Union([Type.Number(), Type.Null()]);
const TextOrNull = Type.Union([Type.String(), Type.Null()]);
const LevelSchema = Type.Object({ value: NumOrNull, limit: NumOrNull });

const OverrideSchema = Type.Object({
  limit: Type.String(),
  value: NumOrNull,
  until_ms: Type.Number(),
  by: Type.String(),
  why: Type.String(),
  instead_of: NumOrNull,
  known: Type.Boolean(),
});
export type OverrideReport = Static<typeof OverrideSchema>;

/** gate/standing.ts */
const StandingSchema = Type.Object({
  status: Type.String(),
  until_ms: NumOrNull,
  by: Type.String(),
  why: Type.String(),
  equity: NumOrNull,
  drawdown: LevelSchema,
  high_water_mark: NumOrNull,
  daily_loss: LevelSchema,
  exposure: LevelSchema,
  /** These two are missing: an older daemon. */
  book_es: Type.Optional(LevelSchema),
  effective_bets: Type.Optional(
    Type.Union([
      Type.Object({
        pairs: Type.Number(),
        entropy: Type.Number(),
        participation: Type.Number(),
        by_variance: NumOrNull,
      }),
      Type.Null(),
    ]),
  ),
  denied: Type.Array(Type.Object({ reason: Type.String(), until_ms: NumOrNull })),
  /** Missing: an older daemon. */
  overrides: Type.Optional(Type.Array(OverrideSchema)),
});
type Report = Static<typeof StandingSchema>;
export type StandingReport = Omit<Report, "denied" | "overrides"> & {
  readonly denied: readonly Report["denied"][number][];
  readonly overrides?: readonly OverrideReport[];
};

const SessionSchema = Type.Object({
  session: Type.String(),
  run_mode: Type.String(),
  profile: TextOrNull,
  mode: TextOrNull,
  last_used_ms: Type.Number(),
  positions: Type.Number(),
  portfolio_ms: NumOrNull,
  asked: Type.Number(),
  allowed: Type.Number(),
  reduced: Type.Number(),
  denied: Type.Number(),
  by_reason: Type.Record(Type.String(), Type.Number()),
  standing: StandingSchema,
  starvation: Type.Union([
    Type.Object({
      candidates: Type.Number(),
      denied: Type.Number(),
      by: Type.Array(
        Type.Object({ reason: Type.String(), denied: Type.Number(), half_at: NumOrNull, limit: NumOrNull }),
      ),
    }),
    Type.Null(),
  ]),
});
export type SessionReport = Static<typeof SessionSchema>;

/** server/groups.ts */
const GroupSchema = Type.Object({
  group: Type.String(),
  run_mode: Type.String(),
  members: Type.Array(Type.String()),
  equity: Type.Number(),
  exposure: LevelSchema,
  drawdown: LevelSchema,
});
export type GroupReport = Static<typeof GroupSchema>;

const StatusSchema = Type.Object({
  server: Type.String(),
  pid: Type.Number(),
  dir: Type.String(),
  uptime_s: Type.Number(),
  now_ms: Type.Number(),
  engine: Type.Object({ version: Type.String(), simd: Type.String() }),
  journal: Type.Object({ dir: Type.String(), seq: Type.Number(), failing: Type.Boolean() }),
  /** Null: not served. Missing: an older daemon. */
  web: Type.Optional(Type.Union([Type.Object({ url: Type.String(), token_file: Type.String() }), Type.Null()])),
  session_count: Type.Number(),
  sessions: Type.Array(SessionSchema),
  counters: Type.Record(Type.String(), Type.Number()),
  /** Missing: an older daemon. */
  groups: Type.Optional(Type.Array(GroupSchema)),
});
export type StatusReport = Static<typeof StatusSchema>;

/** Asks the daemon of a directory. @throws DaemonError when it does not answer, or not as this version does */
export async function askStatus(dir: string): Promise<StatusReport> {
  return readStatus(await ask(dir, OP.status, []));
}

/** Reads the reply to `status`. @throws DaemonError when it is another version's */
export function readStatus([body]: readonly unknown[]): StatusReport {
  if (Value.Check(StatusSchema, body)) return body;
  const server: unknown = Object(body).server;
  throw new DaemonError(
    `the daemon is ${String(server)} and reports otherwise than this command: use the same version`,
  );
}
