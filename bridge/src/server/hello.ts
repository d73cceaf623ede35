/** What both sockets answer to hello, apart from the session. */
import { type Resolution, resolveSettings } from "../config/resolve.js";
import type { LoadedEngine } from "../engine/engine.js";
import type { Violation } from "../engine/types.js";
import { isLive } from "../gate/session.js";
import { PROTOCOL_MINOR, STATUS } from "../protocol/codes.js";
import type { ErrorReply, HelloReply } from "../wire/encode.js";
import type { HelloRequest } from "../wire/messages.js";
import type { AllGroupLimits } from "./groups.js";

/** Who answers: the same in every hello of a boot. */
export interface Identity {
  readonly server: string;
  readonly boot: string;
  /** Limits in force, told to clients. */
  readonly limits: Readonly<Record<string, number>>;
}

/** What a hello's answer depends on besides the message. */
export interface House {
  readonly engine: LoadedEngine;
  /** Whether the bridge serves one backtest: it knows no earlier sessions, so a live bot that found it would lose its drawdown and its halt. */
  readonly private: boolean;
  readonly groups: AllGroupLimits;
}

export type Resolved = Extract<Resolution, { ok: true }>;

/**
 * Resolves a hello's settings; `timeframe_s` comes with them from the strategy, not from the user.
 */
export function resolveHello(message: HelloRequest, { engine, private: is_private, groups }: House): Resolution {
  if (is_private && isLive(message.run_mode)) {
    const fix = "start one for the bot with `talebridge serve`, and give backtests another risk_bridge.dir";
    const text = `was "${message.run_mode}"; this is the private bridge of a backtest: ${fix}`;
    return { ok: false, violations: [{ path: "run_mode", message: text }] };
  }
  const { timeframe_s, ...settings } = message.settings;
  if (typeof timeframe_s !== "number") {
    const violation = { path: "timeframe_s", message: "must be the candle length in seconds, sent by the client" };
    return { ok: false, violations: [violation] };
  }
  return resolveSettings(settings, { timeframe_s, run_mode: message.run_mode, groups: Object.keys(groups) }, engine);
}

export function helloReply(
  identity: Identity,
  engine: LoadedEngine,
  resolved: Resolved,
  session: Pick<HelloReply, "handle" | "seq" | "samples_until_ms" | "closed_until_ms">,
  clock_ms: number,
): HelloReply {
  return {
    ...identity,
    minor: PROTOCOL_MINOR,
    engine_version: engine.version,
    engine_fingerprint: resolved.engine_fingerprint,
    fingerprint: resolved.fingerprint,
    memory_rows: resolved.memory_rows,
    columns: engine.columns.map((column) => column.name),
    ...session,
    clock_ms,
  };
}

/** All violations in the detail, the first in the message. */
export function settingsError(id: number, violations: readonly Violation[]): ErrorReply {
  const first = violations[0];
  const message = `${violations.length} invalid settings, first: ${first?.path} ${first?.message}`;
  return { id, status: STATUS.settings, message, detail: { violations } };
}
