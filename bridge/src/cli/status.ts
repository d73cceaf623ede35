/** `talebridge status`: what the daemon is doing, how its sessions stand and what it has decided; once, or again and again. */
import { setTimeout } from "node:timers/promises";
import { parseArgs } from "node:util";
import { FIXED } from "../limits.js";
import { chooseDir, DaemonError } from "./client.js";
import { askStatus } from "./report.js";
import { renderStatus } from "./status_text.js";
import { currentUid, EXIT, UsageError } from "./usage.js";

export const usage = `talebridge status [--dir DIR] [--json] [--watch [--every 2]]
  Sessions with state, equity, drawdown, decisions and top reasons, and the daemon's health. --watch: anew every few seconds.`;

const CLEAR = "\u001b[H\u001b[2J";
const DEFAULT_EVERY_S = 2;
const MAX_EVERY_S = FIXED.status_every_s;

export const options = {
  dir: { type: "string" },
  json: { type: "boolean" },
  watch: { type: "boolean" },
  every: { type: "string" },
} as const;

export async function run(argv: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...argv],
    options,
  });
  if (values.every !== undefined && values.watch !== true) throw new UsageError("--every goes with --watch");
  const every_s = values.every === undefined ? DEFAULT_EVERY_S : Number(values.every);
  if (!(every_s >= 0.1 && every_s <= MAX_EVERY_S)) {
    throw new UsageError(`--every was "${values.every}"; must be a number of seconds from 0.1 to ${MAX_EVERY_S}`);
  }
  const dir = chooseDir(values.dir, currentUid());
  const json = values.json === true;
  if (values.watch !== true) {
    process.stdout.write(await report(dir, json));
    return EXIT.ok;
  }
  await watch(dir, json, every_s);
  return EXIT.ok;
}

async function report(dir: string, json: boolean): Promise<string> {
  const status = await askStatus(dir);
  return json ? `${JSON.stringify(status)}\n` : renderStatus(status);
}

/** Until interrupted. A daemon that is gone is said so, and shown again when it is back: that is what one watches for. */
async function watch(dir: string, json: boolean, every_s: number): Promise<void> {
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stop.abort());
  // The reader of a pipe may leave first.
  process.stdout.once("error", () => stop.abort());
  while (!stop.signal.aborted) {
    const text = await reportOrProblem(dir, json);
    process.stdout.write(process.stdout.isTTY && !json ? `${CLEAR}${text}` : text);
    await setTimeout(every_s * 1000, undefined, { signal: stop.signal }).catch(() => undefined);
  }
}

async function reportOrProblem(dir: string, json: boolean): Promise<string> {
  try {
    return await report(dir, json);
  } catch (error) {
    if (!(error instanceof DaemonError)) throw error;
    return json ? `${JSON.stringify({ error: error.message })}\n` : `${error.message}\n`;
  }
}
