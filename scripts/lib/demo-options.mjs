/** The demo's command line. Checked before anything is installed or built. */

import { existsSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { ROOT } from "./paths.mjs";

export const PROFILES = ["conservative", "aggressive", "extreme"];
/** The sample strategy the demo runs when none is named. */
export const SAMPLE = { file: join(ROOT, "strategies", "GateOnly.py"), class_name: "GateOnly" };

export const USAGE = `usage: npm run demo -- [options]

Backtests a strategy without and with the gate, replays the first through the gate, and writes one report.

  --datadir DIR          your candles, as freqtrade stores them (default: a synthetic market)
  --pairs A/B,C/D        which pairs (default: all of the timeframe quoted in USDT)
  --timeframe 5m         default: the strategy's
  --timerange A-B        as freqtrade takes it, e.g. 20250901-20251101 (default: the last two months there are)
  --strategy FILE:Class  your strategy, decorated or not (default: ${SAMPLE.class_name})
  --profile NAME         ${PROFILES.join(", ")} (default: aggressive)
  --out DIR              where the report and all files of the run go (default: .demo)

Your candles and strategy are only read. Exit codes: 0 done, 1 failed, 2 usage or missing prerequisites.
`;

/** A command line that cannot be used; the message names what is wrong and the fix. */
export class UsageError extends Error {}

/**
 * @param {readonly string[]} args after the script's name
 * @param {string} cwd what relative paths are relative to
 * @returns {import("../../demo/src/options.js").DemoOptions | null} null: help was asked for
 * @throws {UsageError}
 */
export function readDemoOptions(args, cwd) {
  const values = parse(args);
  if (values.help) return null;
  const profile = values.profile ?? "aggressive";
  if (!PROFILES.includes(profile))
    throw new UsageError(`--profile ${profile}: there is no such profile. Take ${PROFILES.join(", ")}.`);
  if (values.timeframe !== undefined && !/^[1-9]\d*[mhdw]$/.test(values.timeframe))
    throw new UsageError(`--timeframe ${values.timeframe}: a number and m, h, d or w is wanted, e.g. 5m.`);
  for (const name of /** @type {const} */ (["pairs", "timeframe", "timerange"]))
    if (values[name] !== undefined && values.datadir === undefined)
      throw new UsageError(`--${name} chooses among your own candles: name their folder with --datadir DIR too.`);
  return {
    datadir: values.datadir === undefined ? null : directory("--datadir", resolve(cwd, values.datadir)),
    pairs: values.pairs === undefined ? null : pairs(values.pairs),
    timeframe: values.timeframe ?? null,
    timerange: values.timerange ?? null,
    strategy: values.strategy === undefined ? SAMPLE : strategy(values.strategy, cwd),
    profile,
    out: resolve(cwd, values.out ?? join(ROOT, ".demo")),
  };
}

/** @param {readonly string[]} args */
function parse(args) {
  const text = /** @type {const} */ ({ type: "string" });
  try {
    return parseArgs({
      args: [...args],
      options: {
        datadir: text,
        pairs: text,
        timeframe: text,
        timerange: text,
        strategy: text,
        profile: text,
        out: text,
        help: { type: "boolean", short: "h" },
      },
    }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

/**
 * @param {string} option
 * @param {string} path
 */
function directory(option, path) {
  if (!existsSync(path)) throw new UsageError(`${option} ${path}: there is no such folder.`);
  if (!statSync(path).isDirectory())
    throw new UsageError(`${option} ${path}: this is a file; name the folder it is in.`);
  return path;
}

/** @param {string} text */
function pairs(text) {
  const names = text.split(",").map((name) => name.trim());
  for (const name of names) {
    if (!/^[A-Z0-9]+\/[A-Z0-9]+$/.test(name))
      throw new UsageError(
        `--pairs ${text}: "${name}" is not a spot pair. Write BASE/QUOTE in capitals, commas between pairs, e.g. BTC/USDT,ETH/USDT.`,
      );
  }
  const quotes = new Set(names.map((name) => name.split("/")[1]));
  if (quotes.size > 1)
    throw new UsageError(
      `--pairs ${text}: all pairs need the same quote currency, these have ${[...quotes].join(", ")}.`,
    );
  if (new Set(names).size < names.length) throw new UsageError(`--pairs ${text}: a pair is named twice.`);
  return names;
}

/**
 * @param {string} text FILE:Class
 * @param {string} cwd
 */
function strategy(text, cwd) {
  const match = /^(.+):([A-Za-z_]\w*)$/.exec(text);
  const file = match?.[1];
  const class_name = match?.[2];
  if (file === undefined || class_name === undefined)
    throw new UsageError(`--strategy ${text}: write FILE:Class, e.g. user_data/strategies/mine.py:MyStrategy.`);
  const path = resolve(cwd, file);
  if (!existsSync(path) || !statSync(path).isFile())
    throw new UsageError(`--strategy ${text}: there is no file ${path}.`);
  return { file: path, class_name };
}
