/** The daemon's own configuration: arguments over environment over file over defaults, checked in one go. */
import { readFileSync } from "node:fs";
import { isAbsolute, join, resolve } from "node:path";
import { type Static, Type } from "typebox";
import type { Violation } from "../engine/types.js";
import { LIMITS } from "../protocol/codes.js";
import { check, isRecord } from "./check.js";
import { BATCH_SOCKET, defaultDir, defaultJournalDir, MAX_SOCKET_PATH_BYTES } from "./paths.js";

const MIB = 1024 * 1024;
const LOG_LEVELS = ["trace", "debug", "info", "warn", "error", "fatal", "silent"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

const DEFAULTS = {
  log_level: "info",
  sessions: 64,
  batches_in_flight: 2,
  batch_queue: 16,
  batch_bytes: LIMITS.batch_bytes,
  max_file_bytes: 64 * MIB,
  max_total_bytes: 1024 * MIB,
} as const;

function option(description: string, fallback: unknown): Record<string, unknown> {
  return { description, default: fallback, "x-part": "daemon" };
}

function whole(minimum: number, maximum: number, description: string, fallback: number) {
  return Type.Optional(Type.Integer({ minimum, maximum, ...option(description, fallback) }));
}

export const DaemonSchema = Type.Object(
  {
    dir: Type.Optional(
      Type.Union([Type.String({ minLength: 1, maxLength: 4096 }), Type.Null()], {
        ...option(
          "Directory of the sockets, created with mode 0700. Null: $TALEBRIDGE_DIR, else $XDG_RUNTIME_DIR/talebridge, else /tmp/talebridge-<uid>.",
          null,
        ),
      }),
    ),
    journal_dir: Type.Optional(
      Type.Union([Type.String({ minLength: 1, maxLength: 4096 }), Type.Null()], {
        ...option(
          "Directory of the journal. Null: `journal` inside a directory that was named; for the default directory $XDG_STATE_HOME/talebridge/journal, else ~/.local/state/talebridge/journal.",
          null,
        ),
      }),
    ),
    log_level: Type.Optional(
      Type.Enum(LOG_LEVELS, { ...option("Least level of the log lines on stderr.", DEFAULTS.log_level) }),
    ),
    limits: Type.Optional(
      Type.Object(
        {
          sessions: whole(1, 1024, "Portfolio sessions kept at once.", DEFAULTS.sessions),
          batches_in_flight: whole(1, 16, "Frames annotated at the same time.", DEFAULTS.batches_in_flight),
          batch_queue: whole(0, 256, "Frames waiting beyond those; more are answered `busy`.", DEFAULTS.batch_queue),
          batch_bytes: whole(
            MIB,
            LIMITS.batch_bytes,
            "Largest frame, and the most that may wait in the queue, in bytes.",
            DEFAULTS.batch_bytes,
          ),
        },
        { additionalProperties: false },
      ),
    ),
    journal: Type.Optional(
      Type.Object(
        {
          max_file_bytes: whole(
            64 * 1024,
            4096 * MIB,
            "A journal file larger than this is closed and a new one begun.",
            DEFAULTS.max_file_bytes,
          ),
          max_total_bytes: whole(
            MIB,
            1024 * 1024 * MIB,
            "The oldest journal files are removed when all together pass this.",
            DEFAULTS.max_total_bytes,
          ),
        },
        { additionalProperties: false },
      ),
    ),
  },
  {
    additionalProperties: false,
    title: "talebridge daemon",
    description: "The file given to `talebridge serve --config`.",
  },
);

type GivenDaemonConfig = Static<typeof DaemonSchema>;

export interface DaemonConfig {
  readonly dir: string;
  readonly journal_dir: string;
  readonly log_level: LogLevel;
  readonly private: boolean;
  readonly limits: {
    readonly sessions: number;
    readonly batches_in_flight: number;
    readonly batch_queue: number;
    readonly batch_bytes: number;
  };
  readonly journal: { readonly max_file_bytes: number; readonly max_total_bytes: number };
}

export interface DaemonArgs {
  readonly dir?: string | undefined;
  readonly journal_dir?: string | undefined;
  readonly log_level?: string | undefined;
  readonly config?: string | undefined;
  readonly private?: boolean | undefined;
}

export type DaemonResolution =
  | { readonly ok: true; readonly config: DaemonConfig }
  | { readonly ok: false; readonly violations: readonly Violation[] };

/** Resolves the daemon's configuration; paths come out absolute. All violations at once, each naming where the value came from. */
export function resolveDaemon(
  args: DaemonArgs,
  env: Readonly<Record<string, string | undefined>>,
  uid: number,
): DaemonResolution {
  const violations: Violation[] = [];
  const file = readFile(args.config, violations);
  const outer = {
    ...given("dir", args.dir ?? (env.TALEBRIDGE_DIR || undefined)),
    ...given("journal_dir", args.journal_dir ?? (env.TALEBRIDGE_JOURNAL_DIR || undefined)),
    ...given("log_level", args.log_level ?? (env.TALEBRIDGE_LOG_LEVEL || undefined)),
  };
  violations.push(...check(DaemonSchema, file, "").map((v) => ({ ...v, path: `${args.config ?? ""}: ${v.path}` })));
  violations.push(...check(DaemonSchema, outer));
  if (violations.length > 0) return { ok: false, violations };

  const merged: GivenDaemonConfig = { ...(file as GivenDaemonConfig), ...(outer as GivenDaemonConfig) };
  const dir = resolve(merged.dir ?? defaultDir(env, uid));
  const longest = Buffer.byteLength(join(dir, BATCH_SOCKET));
  if (longest > MAX_SOCKET_PATH_BYTES) {
    const message = `socket paths in ${dir} have ${longest} bytes; the system allows ${MAX_SOCKET_PATH_BYTES}: choose a shorter directory with --dir`;
    return { ok: false, violations: [{ path: "dir", message }] };
  }
  const limits = merged.limits ?? {};
  const max_file_bytes = merged.journal?.max_file_bytes ?? DEFAULTS.max_file_bytes;
  const max_total_bytes = merged.journal?.max_total_bytes ?? DEFAULTS.max_total_bytes;
  if (max_total_bytes < 2 * max_file_bytes) {
    const message = `was ${max_total_bytes}; must be at least twice journal.max_file_bytes (${max_file_bytes})`;
    return { ok: false, violations: [{ path: "journal.max_total_bytes", message }] };
  }
  return {
    ok: true,
    config: {
      dir,
      journal_dir: journalDir(merged, dir, args.private === true, env),
      log_level: merged.log_level ?? DEFAULTS.log_level,
      private: args.private === true,
      limits: {
        sessions: limits.sessions ?? DEFAULTS.sessions,
        batches_in_flight: limits.batches_in_flight ?? DEFAULTS.batches_in_flight,
        batch_queue: limits.batch_queue ?? DEFAULTS.batch_queue,
        batch_bytes: limits.batch_bytes ?? DEFAULTS.batch_bytes,
      },
      journal: { max_file_bytes, max_total_bytes },
    },
  };
}

function journalDir(
  merged: GivenDaemonConfig,
  dir: string,
  is_private: boolean,
  env: Readonly<Record<string, string | undefined>>,
): string {
  const named = merged.journal_dir ?? null;
  if (named !== null) return isAbsolute(named) ? named : resolve(named);
  return is_private || (merged.dir ?? null) !== null ? join(dir, "journal") : defaultJournalDir(env);
}

function given<K extends string>(key: K, value: string | undefined): Partial<Record<K, string>> {
  const part: Partial<Record<K, string>> = {};
  if (value !== undefined) part[key] = value;
  return part;
}

function readFile(path: string | undefined, violations: Violation[]): unknown {
  if (path === undefined) return {};
  try {
    const parsed: unknown = JSON.parse(readFileSync(path, "utf8"));
    if (isRecord(parsed)) {
      const { $schema: _, ...rest } = parsed;
      return rest;
    }
    violations.push({ path, message: "must hold one JSON object" });
  } catch (error) {
    violations.push({ path, message: `cannot be read: ${error instanceof Error ? error.message : String(error)}` });
  }
  return {};
}
