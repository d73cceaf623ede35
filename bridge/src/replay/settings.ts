/** Which settings a replay runs with: the backtest's own, a file's instead, single keys over both. */
import { type Resolution, resolveSettings } from "../config/resolve.js";
import type { Engine } from "../engine/types.js";

export interface SettingSources {
  /** `risk_bridge` of the backtest's configuration; null: none. */
  readonly exported: unknown;
  /** Contents of a settings file; null: none given. It takes the place of the exported block. */
  readonly file: { readonly name: string; readonly content: unknown } | null;
  readonly profile: string | null;
  /** `key=value`, the key with dots for nested settings (`limits.max_drawdown`), the value as JSON or a plain word. */
  readonly assignments: readonly string[];
}

/** A `key=value` that cannot be read; the message says how to write it. */
export class AssignmentError extends Error {
  override readonly name = "AssignmentError";
}

/**
 * Merges the sources and resolves them. The mode is `enforce` whatever they say: a replay shows what enforcing would have done.
 * @param timeframe_s of the backtest
 * @throws AssignmentError for a malformed assignment
 */
export function replaySettings(
  sources: SettingSources,
  timeframe_s: number,
  engine: Pick<Engine, "validateParams">,
): { readonly resolution: Resolution; readonly from: readonly string[] } {
  const { given, from } = givenSettings(sources);
  return {
    resolution: resolveGiven(isRecord(given) ? { ...given, mode: "enforce" } : given, timeframe_s, engine),
    from,
  };
}

/**
 * What the sources say together, unchecked, and which of them spoke, weakest first.
 * @throws AssignmentError for a malformed assignment
 */
export function givenSettings(sources: SettingSources): { readonly given: unknown; readonly from: readonly string[] } {
  const from: string[] = [];
  let given: unknown = {};
  if (sources.file !== null) {
    given = blockOf(sources.file.content);
    from.push(sources.file.name);
  } else if (sources.exported !== null) {
    given = sources.exported;
    from.push("the backtest's configuration");
  } else {
    from.push("defaults");
  }
  if (!isRecord(given)) return { given, from };
  const merged = structuredClone(given);
  if (sources.profile !== null) {
    merged.profile = sources.profile;
    from.push(`--profile ${sources.profile}`);
  }
  for (const assignment of sources.assignments) {
    assign(merged, assignment);
    from.push(`--set ${assignment}`);
  }
  return { given: merged, from };
}

export function resolveGiven(given: unknown, timeframe_s: number, engine: Pick<Engine, "validateParams">): Resolution {
  return resolveSettings(given, { timeframe_s, run_mode: "replay" }, engine);
}

/** Resolved settings as a block that resolves to them: every one written out, so that nothing is left to defaults. */
export function asGiven(settings: object): Record<string, unknown> {
  const { timeframe_s: _, portfolio_limits, ...rest } = Object.fromEntries(Object.entries(settings));
  return { ...rest, portfolio_limits: portfolio_limits === false ? "off" : "on" };
}

/** A whole freqtrade configuration, or the block alone. */
function blockOf(content: unknown): unknown {
  return isRecord(content) && Object.hasOwn(content, "risk_bridge") ? content.risk_bridge : content;
}

function assign(target: Record<string, unknown>, assignment: string): void {
  const match = /^([a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)*)=(.*)$/s.exec(assignment);
  if (match === null) {
    throw new AssignmentError(`--set ${assignment}: write key=value, e.g. --set limits.max_drawdown=0.15`);
  }
  const path = (match[1] ?? "").split(".");
  const last = path.pop() ?? "";
  let at = target;
  for (const key of path) {
    const next = Object.hasOwn(at, key) ? at[key] : undefined;
    const child: Record<string, unknown> = isRecord(next) ? next : {};
    at[key] = child;
    at = child;
  }
  at[last] = parseValue(match[2] ?? "");
}

function parseValue(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
