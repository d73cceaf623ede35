/** freqtrade's configuration: whether there is one, and whether its `risk_bridge` block is valid. */
import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { isRecord } from "../../config/check.js";
import { resolveSettings } from "../../config/resolve.js";
import type { Engine } from "../../engine/types.js";
import { FIXED } from "../../limits.js";
import { bad, type Finding, good, messageOf } from "./finding.js";
import { parseRelaxed } from "./relaxed_json.js";

const USUAL = ["user_data/config.json", "config.json"];
const MAX_BYTES = FIXED.freqtrade_config_bytes;
const MAX_FILES = FIXED.freqtrade_config_files;
const TIMEFRAME_S = { m: 60, h: 3600, d: 86_400, w: 604_800 } as const;
const DEFAULT_TIMEFRAME_S = 300;

export interface FreqtradeConfig {
  readonly findings: readonly Finding[];
  /** The block, fingerprint of the shim included; empty where there is none. */
  readonly block: Readonly<Record<string, unknown>>;
  readonly timeframe_s: number;
}

/** @param given path from the command line; undefined: looked for in the usual places, and none is no failure */
export function readFreqtrade(given: string | undefined, engine: Engine | null): FreqtradeConfig {
  const none = { block: {}, timeframe_s: DEFAULT_TIMEFRAME_S };
  const path = given ?? USUAL.find((candidate) => existsSync(candidate));
  if (path === undefined) {
    const text = `no configuration in ${USUAL.join(" or ")} under this directory; name one with --config to have it checked`;
    return { ...none, findings: [good("freqtrade", text)] };
  }
  let config: Record<string, unknown>;
  try {
    config = load(resolve(path), 0, { files: 0 });
  } catch (error) {
    return { ...none, findings: [bad("freqtrade", messageOf(error), "name freqtrade's configuration with --config")] };
  }
  if (!("exchange" in config) && !("stake_currency" in config) && !("risk_bridge" in config)) {
    const fix = "name freqtrade's configuration with --config, and the daemon's with --daemon-config";
    return { ...none, findings: [bad("freqtrade", `${path} is not a freqtrade configuration`, fix)] };
  }
  const timeframe_s = seconds(config.timeframe);
  const block: unknown = config.risk_bridge;
  if (block === undefined) {
    const text = `${path} has no risk_bridge block: the strategy's own settings or the defaults apply`;
    return { block: {}, timeframe_s, findings: [good("freqtrade", text)] };
  }
  return { ...checkBlock(path, block, timeframe_s, engine), timeframe_s };
}

function checkBlock(path: string, block: unknown, timeframe_s: number, engine: Engine | null) {
  if (engine === null) return { block: {}, findings: [good("freqtrade", `${path} has a risk_bridge block`)] };
  const resolution = resolveSettings(block, { timeframe_s, run_mode: "live" }, engine);
  if (!resolution.ok) {
    const list = resolution.violations.map(({ path: key, message }) => `risk_bridge.${key} ${message}`).join("; ");
    return {
      block: {},
      findings: [bad("freqtrade", `${path}: ${list}`, "correct it: docs/config.md lists every key")],
    };
  }
  const { profile, mode } = resolution.settings;
  const text = `${path}: profile ${profile}, mode ${mode}`;
  return { block: isRecord(block) ? block : {}, findings: [good("freqtrade", text)] };
}

/** A configuration with the files it names in `add_config_files`, later ones over earlier ones, as freqtrade reads them. */
function load(path: string, depth: number, seen: { files: number }): Record<string, unknown> {
  seen.files += 1;
  if (seen.files > MAX_FILES || depth > MAX_FILES) throw new Error(`${path}: more than ${MAX_FILES} add_config_files`);
  if (!existsSync(path)) throw new Error(`${path} does not exist`);
  if (!statSync(path).isFile() || statSync(path).size > MAX_BYTES)
    throw new Error(`${path} is not a configuration file`);
  let config: unknown;
  try {
    config = parseRelaxed(readFileSync(path, "utf8"));
  } catch (error) {
    throw new Error(`${path} cannot be read: ${messageOf(error)}`);
  }
  if (!isRecord(config)) throw new Error(`${path} must hold one JSON object`);
  const { add_config_files: added, ...own } = config;
  let merged: Record<string, unknown> = own;
  for (const name of Array.isArray(added) ? added : []) {
    merged = merge(merged, load(join(dirname(path), String(name)), depth + 1, seen));
  }
  return merged;
}

function merge(
  base: Readonly<Record<string, unknown>>,
  over: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const merged: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(over)) {
    const before = merged[key];
    merged[key] = isRecord(before) && isRecord(value) ? merge(before, value) : value;
  }
  return merged;
}

function seconds(timeframe: unknown): number {
  const match = /^(\d{1,3})([mhdw])$/.exec(typeof timeframe === "string" ? timeframe : "");
  const unit = match?.[2];
  if (unit !== "m" && unit !== "h" && unit !== "d" && unit !== "w") return DEFAULT_TIMEFRAME_S;
  return Number(match?.[1]) * TIMEFRAME_S[unit];
}
