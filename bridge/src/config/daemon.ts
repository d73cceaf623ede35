/** The daemon's own configuration: arguments over environment over file over defaults, checked in one go. */
import { readFileSync } from "node:fs";
import { isAbsolute, join, resolve } from "node:path";
import type { Violation } from "../engine/types.js";
import type { GroupLimits } from "../gate/types.js";
import { check, isRecord } from "./check.js";
import { DAEMON_DEFAULTS, DaemonSchema, type GivenDaemonConfig, type LogLevel } from "./daemon_schema.js";
import { type Endpoint, isLoopback, parseEndpoint, showEndpoint } from "./endpoint.js";
import { defaultDir, defaultJournalDir, defaultKeysDir, MAX_SOCKET_PATH_BYTES, socketNames } from "./paths.js";
import { resolveWebhook, type WebhookConfig } from "./webhook.js";

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
  readonly journal: {
    readonly max_file_bytes: number;
    readonly max_total_bytes: number;
    readonly max_age_days: number | null;
  };
  /** By name. */
  readonly groups: Readonly<Record<string, GroupLimits>>;
  /** Null: ipc only. */
  readonly tcp: TcpConfig | null;
  /** Null: not served. */
  readonly metrics: { readonly listen: Endpoint } | null;
  /** Null: not served. */
  readonly web: WebConfig | null;
  /** Null: nothing is sent. */
  readonly webhook: WebhookConfig | null;
}

export interface WebConfig {
  readonly listen: Endpoint;
  /** Names a browser may ask by, beside addresses and localhost. */
  readonly hosts: readonly string[];
  readonly token_file: string;
}

export interface TcpConfig {
  readonly gate: Endpoint;
  readonly batch: Endpoint;
  readonly keys_dir: string;
  /** No keys: loopback only. */
  readonly insecure: boolean;
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
  const longest = Math.max(...socketNames(args.private === true).map((name) => Buffer.byteLength(join(dir, name))));
  if (longest > MAX_SOCKET_PATH_BYTES) {
    const message = `socket paths in ${dir} have ${longest} bytes; the system allows ${MAX_SOCKET_PATH_BYTES}: choose a shorter directory with --dir`;
    return { ok: false, violations: [{ path: "dir", message }] };
  }
  const limits = merged.limits ?? {};
  const max_file_bytes = merged.journal?.max_file_bytes ?? DAEMON_DEFAULTS.max_file_bytes;
  const max_total_bytes = merged.journal?.max_total_bytes ?? DAEMON_DEFAULTS.max_total_bytes;
  if (max_total_bytes < 2 * max_file_bytes) {
    const message = `was ${max_total_bytes}; must be at least twice journal.max_file_bytes (${max_file_bytes})`;
    return { ok: false, violations: [{ path: "journal.max_total_bytes", message }] };
  }
  const network: Violation[] = [];
  const tcp = resolveTcp(merged.tcp ?? null, args.private === true, env, network);
  const metrics = resolveMetrics(merged.metrics ?? null, network);
  const journal_dir = journalDir(merged, dir, args.private === true, env);
  const web = resolveWeb(merged.web ?? null, args.private === true, journal_dir, network);
  const webhook = resolveWebhook(merged.webhook ?? null, args.private === true, network);
  if (network.length > 0) return { ok: false, violations: network };
  return {
    ok: true,
    config: {
      dir,
      journal_dir,
      log_level: merged.log_level ?? DAEMON_DEFAULTS.log_level,
      private: args.private === true,
      limits: {
        sessions: limits.sessions ?? DAEMON_DEFAULTS.sessions,
        batches_in_flight: limits.batches_in_flight ?? DAEMON_DEFAULTS.batches_in_flight,
        batch_queue: limits.batch_queue ?? DAEMON_DEFAULTS.batch_queue,
        batch_bytes: limits.batch_bytes ?? DAEMON_DEFAULTS.batch_bytes,
      },
      journal: { max_file_bytes, max_total_bytes, max_age_days: merged.journal?.max_age_days ?? null },
      groups: Object.fromEntries(
        Object.entries(merged.groups ?? {}).map(([name, group]) => [name, { ...DAEMON_DEFAULTS.group, ...group }]),
      ),
      tcp,
      metrics,
      web,
      webhook,
    },
  };
}

function resolveTcp(
  given_tcp: Exclude<GivenDaemonConfig["tcp"], undefined>,
  is_private: boolean,
  env: Readonly<Record<string, string | undefined>>,
  violations: Violation[],
): TcpConfig | null {
  if (given_tcp === null) return null;
  if (is_private) {
    const message = "is not for a private bridge, which serves the process that started it: leave it out";
    violations.push({ path: "tcp", message });
  }
  const gate = endpoint("tcp.gate", given_tcp.gate, violations);
  const batch = endpoint("tcp.batch", given_tcp.batch, violations);
  if (gate === null || batch === null) return null;
  const insecure = given_tcp.insecure === true;
  for (const [path, { host }] of Object.entries({ "tcp.gate": gate, "tcp.batch": batch })) {
    if (!insecure || isLoopback(host)) continue;
    const message = `was ${host} with tcp.insecure, which is for loopback addresses only: make keys with \`talebridge keys server\` and leave insecure out`;
    violations.push({ path, message });
  }
  if (gate.port !== 0 && showEndpoint(gate) === showEndpoint(batch)) {
    violations.push({ path: "tcp.batch", message: "is the same as tcp.gate: choose another port" });
  }
  return { gate, batch, keys_dir: resolve(given_tcp.keys_dir ?? defaultKeysDir(env)), insecure };
}

function resolveMetrics(
  given_metrics: Exclude<GivenDaemonConfig["metrics"], undefined>,
  violations: Violation[],
): DaemonConfig["metrics"] {
  if (given_metrics === null) return null;
  const listen = endpoint("metrics.listen", given_metrics.listen, violations);
  if (listen === null) return null;
  if (!isLoopback(listen.host) && given_metrics.allow_remote !== true) {
    const message = `was ${listen.host}, which other machines may reach, and has no password: use 127.0.0.1, or set metrics.allow_remote`;
    violations.push({ path: "metrics.listen", message });
  }
  return { listen };
}

function resolveWeb(
  given_web: Exclude<GivenDaemonConfig["web"], undefined>,
  is_private: boolean,
  journal_dir: string,
  violations: Violation[],
): WebConfig | null {
  if (given_web === null) return null;
  if (is_private) {
    const message = "is not for a private bridge, which serves the process that started it: leave it out";
    violations.push({ path: "web", message });
  }
  const listen = endpoint("web.listen", given_web.listen, violations);
  if (listen === null) return null;
  if (!isLoopback(listen.host) && given_web.allow_remote !== true) {
    const message = `was ${listen.host}, which other machines may reach, and nothing is encrypted: use 127.0.0.1 and a tunnel, or set web.allow_remote`;
    violations.push({ path: "web.listen", message });
  }
  const token_file = resolve(given_web.token_file ?? join(journal_dir, "web.token"));
  return { listen, hosts: given_web.hosts ?? [], token_file };
}

function endpoint(path: string, text: string, violations: Violation[]): Endpoint | null {
  const parsed = parseEndpoint(text);
  if (parsed === null) {
    const message = `was ${JSON.stringify(text)}; must be an IP address and a port, such as 127.0.0.1:9109 or [::1]:9109`;
    violations.push({ path, message });
  }
  return parsed;
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
